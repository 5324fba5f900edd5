"""Contacts as people manage them who hold the right *Manage contacts*."""
