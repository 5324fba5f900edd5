"""What every test stands on: a PostgreSQL, the portal's own where DATABASE_URL names none."""

import os
import re

import psutil
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.browser import browser as browser


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_blocker: DjangoDbBlocker) -> None:
    """Remove the databases of runs that were killed, before this run makes its own."""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_keepsake\\_%'")
        for (name,) in cursor.fetchall():
            if is_abandoned(name):
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def is_abandoned(database: str) -> bool:
    """Whether the process whose number the database bears has ended, or the number is now ours."""
    number = re.search(r"_(\d+)", database)
    return number is not None and (int(number[1]) == os.getpid() or not psutil.pid_exists(int(number[1])))
