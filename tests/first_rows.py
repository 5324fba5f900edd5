"""After a test that commits: the rows that migrations made, and no others.

Django empties every table and lets every application make its rows anew, which takes most of a second. Here only
tables that hold something are emptied, and what was in them at first is copied back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker


class FirstRows:
    """What is in the tables of a database that nobody has used yet, as COPY writes it, by table."""

    def __init__(self) -> None:
        self.tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
        self.rows = {table: self._copied(table) for table in self.used()}

    def used(self) -> list[str]:
        """Tables with at least one row."""
        each = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in self.tables)
        with connection.cursor() as cursor:
            cursor.execute(each)
            return [name for (name,) in cursor.fetchall()]

    def restore(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # neither foreign keys nor history
            for table in self.used():
                cursor.execute(f'DELETE FROM "{table}"')
            for table, rows in self.rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)

    @staticmethod
    def _copied(table: str) -> bytes:
        with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
            return b"".join(copy)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database; how it is emptied is a superuser's to do, elsewhere Django does it in its own way."""
    with pytest.MonkeyPatch.context() as patch:
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('is_superuser')")
            if cursor.fetchone() == ("on",):
                first = FirstRows()
                patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: first.restore())
        yield
