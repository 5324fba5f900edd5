"""Schedules of reports: when they run, what a run makes and tells, and how one run differs from another."""
