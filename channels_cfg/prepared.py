"""Statements that are asked with every request, so that PostgreSQL plans them once a connection and not every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorDebugWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

Row = tuple[Any, ...]
Params = Sequence[Any] | Mapping[str, Any]
Statement = tuple[str, Params]
M = TypeVar("M", bound=Model)


def rows(statement: str, params: Params = ()) -> list[Row]:
    """The rows of the statement's answer.

    Django's own cursors write the values into the statement, which PostgreSQL must then plan anew, at two to three
    times the cost. This one sends them beside it; psycopg prepares it by itself (``prepare_threshold``).
    """
    return rows_of_each((statement, params))[0]


def first_row(statement: str, params: Params) -> Row | None:
    """The first row of the statement's answer; None where there is none."""
    return next(iter(rows(statement, params)), None)


def rows_of_each(*statements: Statement) -> list[list[Row]]:
    """The rows of each statement's answer, none of one that answers nothing; in one trip to the database.

    They are carried out one after the other, and each sees what those before it have changed.
    """
    unsent = _unsent.get()
    ahead = list(unsent or ())
    if unsent:
        unsent.clear()
    return _sent([*ahead, *statements])[len(ahead) :]


def _sent(statements: Sequence[Statement]) -> list[list[Row]]:
    if not statements:
        return []
    database: Any = connections[DEFAULT_DB_ALIAS]  # the proxy ``connection`` looks it up with every word
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors, database.connection.pipeline() if len(statements) > 1 else nullcontext():
        cursors = [_executed(database, *statement) for statement in statements]
    return [cursor.fetchall() if cursor.pgresult.nfields else [] for cursor in cursors]


def _executed(database: Any, statement: str, params: Params) -> Any:
    """Sends a statement as it is: another put in front of it, such as the history's, could not be prepared with it."""
    cursor: Any = psycopg.Cursor(database.connection)
    (_Logging(cursor, database) if database.queries_logged else cursor).execute(statement, params)
    return cursor


class _Logging(CursorDebugWrapper):
    """Has the statement in the log of queries, which tests count."""

    def _execute_with_wrappers(self, sql: str, params: Any, many: bool, executor: Callable[..., Any]) -> Any:
        return executor(sql, params, many)


# Writing

_unsent: ContextVar[list[Statement] | None] = ContextVar("unsent", default=None)


@contextmanager
def written_together() -> Iterator[None]:
    """Within it, what is to be written leaves in as few trips as can be: ahead of the next question, whoever asks it,
    and at the end. Within a transaction, which it does not outlive."""
    if _unsent.get() is not None:
        yield
        return
    assert connection.in_atomic_block
    token = _unsent.set([])
    try:
        with connection.execute_wrapper(_after_what_is_unsent):
            yield
            rows_of_each()
    finally:
        _unsent.reset(token)


def _after_what_is_unsent(execute: Callable[..., Any], *asked: Any) -> Any:
    rows_of_each()
    return execute(*asked)


def write(statement: str, params: Params) -> None:
    """Carry out a statement whose answer nobody needs: at once, or together with others."""
    unsent = _unsent.get()
    if unsent is None:
        rows(statement, params)
    else:
        unsent.append((statement, params))


# Django's own words


class PreparedQuery(Generic[M]):
    """A query that Django words once a process: that takes several times as long as PostgreSQL takes to answer it.

    ``queryset`` words it about one value, such as a primary key; nothing else in it differs from time to time.
    """

    def __init__(self, queryset: Callable[[Any], QuerySet[M]]) -> None:
        self.queryset = queryset
        self._wording: _Wording[M] | None = None

    def about(self, value: Any) -> Statement:
        """What ``rows_of_each`` takes."""
        worded = self._worded(value)
        return worded.statement, [*worded.before, value, *worded.after]

    def read(self, found: Sequence[Row]) -> list[M]:
        """The records in the rows that answer it."""
        assert self._wording  # they answer what ``about`` gave
        return self._wording.read(found)

    def all(self, value: Any) -> list[M]:
        return self.read(rows(*self.about(value)))

    def _worded(self, value: Any) -> _Wording[M]:
        if self._wording is None:
            self._wording = _Wording(self.queryset(value), value)
        return self._wording


class _Wording(Generic[M]):
    """A query in SQL, and how records are made of its rows: as ``django.db.models.query.ModelIterable`` does."""

    def __init__(self, queryset: QuerySet[M], value: Any) -> None:
        self.compiler: Any = queryset.query.get_compiler(connection.alias)
        self.statement, params = self.compiler.as_sql()
        if params.count(value) != 1:
            raise ValueError("The query does not ask about the value, or not once.")
        place = params.index(value)
        self.before, self.after = params[:place], params[place + 1 :]
        select, about = self.compiler.select, self.compiler.klass_info
        self.converters = self.compiler.get_converters([column for column, *_ in select])
        self.model: type[M] = about["model"]
        self.own = slice(about["select_fields"][0], about["select_fields"][-1] + 1)
        self.names = [column.target.attname for column, *_ in select[self.own]]
        self.related = get_related_populators(about, select, connection.alias)  # type: ignore[call-arg]  # Django 6's

    def read(self, found: Sequence[Row]) -> list[M]:
        return [self._record(row) for row in self.compiler.apply_converters(found, self.converters)]

    def _record(self, row: list[Any]) -> M:
        record = self.model.from_db(connection.alias, self.names, row[self.own])
        for related in self.related:
            related.populate(row, record)
        for name, position in self.compiler.annotation_col_map.items():
            setattr(record, name, row[position])
        return record
