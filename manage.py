#!/usr/bin/env python
"""The way in for every command of the portal."""

import os
import sys
from contextlib import nullcontext

import pghistory
from django.core.management import execute_from_command_line

# Commands of Django that change settings; they do not say so themselves, as ours do.
CHANGING_SETTINGS = ("changepassword", "createsuperuser", "loaddata", "shell")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    with pghistory.context(command=command) if command in CHANGING_SETTINGS else nullcontext():
        execute_from_command_line(sys.argv)
