"""The rows of the Contact Log as a table: which columns there are, and what the database is asked for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Case, DateTimeField, F, Func, JSONField, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.db.models.lookups import Exact, Regex
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from channels_cfg.spreadsheets import FORMULA
from conversations.attached_data.reasons import REASONS
from conversations.models import Conversation, State
from reporting.contact_log.columns import COLUMNS, EMPTY_BECAUSE, TIMES, LogColumn, keys_among
from reporting.contact_log.kept_key import missing_reason
from reporting.models.contact_log import ContactLogQuerySet


def harmless(text: Expression | F) -> Expression:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return Case(
        When(Regex(text, FORMULA), then=Concat(Value("'"), text, output_field=TextField())),
        default=text,
        output_field=TextField(),
    )


def channel_name() -> F:
    return F("channel__name")


def queue_name() -> Expression:
    in_ivr = When(ended_in_ivr=True, then=Value(_("In the IVR")))
    return Case(in_ivr, default=Coalesce(F("queue__name"), Value(_("Direct"))), output_field=TextField())


def agent_name() -> Expression:
    """As the agent is called everywhere: by full name, else by user name."""
    full = Trim(Concat("agent__first_name", Value(" "), "agent__last_name"))
    return Coalesce(NullIf(full, Value("")), F("agent__username"), output_field=TextField())


def labelled(name: str, choices: Sequence[tuple[str, str | Promise]]) -> Expression:
    """The label of a code."""
    return Case(
        *(When(**{name: code}, then=Value(str(label))) for code, label in choices),
        default=F(name),
        output_field=TextField(),
    )


def yes_or_no(name: str) -> Expression:
    """Empty where it is neither."""
    return Case(
        When(**{name: True}, then=Value(_("Yes"))),
        When(**{name: False}, then=Value(_("No"))),
        output_field=TextField(),
    )


def empty_because(keys: Sequence[str]) -> Expression:
    """Why each of the keys that has no value has none: ``customerType: Not kept by the settings; …``."""
    reasons = [_reason_in_words(key) for key in keys]
    # Not concat_ws: PostgreSQL passes at most 100 arguments to a function, and there may be more keys.
    each = Func(*reasons, template="ARRAY[%(expressions)s]::text[]", output_field=ArrayField(TextField()))
    joined = Func(each, Value("; "), function="array_to_string", output_field=TextField())
    return NullIf(joined, Value("", TextField()))


def _reason_in_words(key: str) -> Expression:
    """Looked up in a constant, since a condition for each word would work the reason out as often."""
    words = Value({code: f"{key}: {REASONS[code]}" for code in REASONS}, JSONField())
    return Func(
        words,
        missing_reason(key),
        template="(%(expressions)s)",
        arg_joiner=" ->> ",
        output_field=TextField(),
    )


def csv_rows(
    entries: ContactLogQuerySet, columns: Sequence[LogColumn], *, for_people: bool
) -> QuerySet[Any, tuple[Any, ...]]:
    """The rows as texts and numbers, newest first; times on the session's clock with their offset.

    People read labels, machines codes. A number stays one; only text can be a formula. No line is blank.
    """
    fields = {
        **(labelled_columns() if for_people else machine_columns()),
        **{name: with_offset(name) for name in TIMES},
        **{name: harmless(text) for name, text in _texts().items()},
        EMPTY_BECAUSE: empty_because(keys_among(columns)),
    }
    cells = [_harmless_value(column.name) if column.is_key else fields[column.name] for column in columns]
    return entries.newest_first().values_list(*(cells if len(cells) > 1 else map(_never_null, cells)))


def _never_null(cell: Expression | F) -> Expression:
    """The cell as PostgreSQL writes it, and of null an empty text, which is quoted: readers pass over blank lines."""
    return Func(Value("%s"), cell, function="format", output_field=TextField())


def machine_columns() -> dict[str, Any]:
    """Each of ``COLUMNS`` as programs read it: times as moments, codes as codes, texts as they are."""
    return {**{name: F(name) for name in COLUMNS}, **_texts()}


def labelled_columns() -> dict[str, Any]:
    """The same with labels for codes."""
    return {
        **machine_columns(),
        "direction": labelled("direction", Conversation.Direction.choices),
        "state": labelled("state", State.choices),
        "within_service_level": yes_or_no("within_service_level"),
    }


def _texts() -> dict[str, Any]:
    return {
        "channel": channel_name(),
        "messaging_channel": F("messaging_channel"),
        "queue": queue_name(),
        "agent": agent_name(),
        "disposition": F("disposition"),
    }


def with_offset(name: str) -> Expression:
    """A time as text, on the session's clock with its offset."""
    return Func(F(name), Value('YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'), function="to_char", output_field=TextField())


def _harmless_value(key: str) -> Expression:
    text = KeyTextTransform(key, "kept_data")
    kind = Func(KeyTransform(key, "kept_data"), function="jsonb_typeof", output_field=TextField())
    return Case(
        When(
            Exact(kind, Value("string")) & Q(Regex(text, FORMULA)),
            then=Concat(Value("'"), text, output_field=TextField()),
        ),
        default=text,
        output_field=TextField(),
    )


def typed_rows(
    entries: ContactLogQuerySet, columns: Sequence[LogColumn], *, zone: ZoneInfo
) -> QuerySet[Any, tuple[Any, ...]]:
    """The rows as times on the zone's clock, texts and numbers: the columns that are no keys, then the kept data whole;
    newest first."""
    clock = {name: Func(Value(str(zone)), F(name), function="timezone", output_field=DateTimeField()) for name in TIMES}
    fields = {**labelled_columns(), **clock, EMPTY_BECAUSE: empty_because(keys_among(columns))}
    cells = [fields[column.name] for column in columns if not column.is_key]
    return entries.newest_first().values_list(*cells, "kept_data")


# One state of the database, read on a connection of its own


@contextmanager
def snapshot(*, zone: ZoneInfo | None = None) -> Iterator[CursorWrapper]:
    """A cursor that sees one state of the database until it is left, on a connection of its own.

    So what is read and what is counted agree, and its holder can tell of its progress meanwhile. With ``zone``
    PostgreSQL writes times on that clock.
    """
    reader = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with reader.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if zone:
                cursor.execute("SELECT set_config('TimeZone', %s, true)", [str(zone)])
            try:
                yield cursor
            finally:
                cursor.execute("ROLLBACK")
    finally:
        reader.close()


@contextmanager
def one_moment() -> Iterator[CursorWrapper]:
    """What is read in the block, through models or the cursor, is of one moment; nothing is written."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield cursor


def statement_of(rows: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    """The query as SQL; also of one that can find nothing, such as that of a viewer without rights."""
    return rows.query.get_compiler(DEFAULT_DB_ALIAS, elide_empty=False).as_sql()


def sql_of(cursor: CursorWrapper, rows: QuerySet[Any, Any]) -> str:
    """The query as SQL that needs nothing else."""
    return str(cursor.db.ops.compose_sql(*statement_of(rows)))


def all_of(cursor: CursorWrapper, rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a query, read in the snapshot."""
    cursor.execute(*statement_of(rows))
    return cursor.fetchall()


def copied(cursor: CursorWrapper, rows: QuerySet[Any, Any]) -> Iterator[bytes]:
    """The rows of a query as lines of CSV, one at a time, as PostgreSQL writes them."""
    statement, params = statement_of(rows)
    with cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", params) as lines:
        yield from lines
