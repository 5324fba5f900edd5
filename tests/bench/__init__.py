"""Benchmarks: each measure beside its limit, taken in the same run."""
