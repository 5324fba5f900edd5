"""Databases for benchmarks: made, filled, dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from tests.bench.dataset import Dataset, fill


@contextmanager
def filled(name: str, rows: int) -> Iterator[Dataset]:
    """The default connection leads to a fresh database of this name with this many conversations, then to where it
    led before."""
    before = connection.settings_dict["NAME"]
    _drop(name)
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f'CREATE DATABASE "{name}"')
    _lead_to(name)
    try:
        call_command("migrate", verbosity=0)
        yield fill(rows)
    finally:
        _drop(name)
        _lead_to(before)


@contextmanager
def led_to(name: str) -> Iterator[None]:
    """The default connection leads to this database, then to where it led before."""
    before = connection.settings_dict["NAME"]
    _lead_to(name)
    try:
        yield
    finally:
        _lead_to(before)


def _lead_to(name: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["NAME"] = name


def _drop(name: str) -> None:
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
