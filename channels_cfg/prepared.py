"""Statements that are asked with every request, so that PostgreSQL plans them once a connection and not every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection


def first_row(statement: str, params: Sequence[Any] | Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of the statement's answer.

    Django's own cursors write the values into the statement, which PostgreSQL must then plan anew, at two to three
    times the cost. This one sends them beside it; psycopg prepares it by itself (``prepare_threshold``).
    """
    connection.ensure_connection()
    plain: Any = psycopg.Cursor(connection.connection)
    with connection.make_debug_cursor(plain) if connection.queries_logged else connection.make_cursor(plain) as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()
