"""A day of the Contact Log as a Parquet file whose columns are always the same, whatever keys there are.

The columns are those of the BI view ``contact_log``, and what a line of JSON Lines has beside them. See
docs/contact-log-dataset.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
from django.db.models import BooleanField, ExpressionWrapper, F, Func, JSONField, Q, QuerySet, Value
from django.db.models.functions import NullIf
from pyarrow import parquet

from channels_cfg.metadata_destinations.store import DATASET, LARGEST_FILE
from conversations.models import POSTABLE_STATES, State
from reporting.contact_log.kept_key import missing_reasons
from reporting.contact_log.parquet_parts import ROWS_A_GROUP, groups
from reporting.contact_log.table import copied, snapshot
from reporting.models import ContactLogEntry

SCHEMA_VERSION = "1"

_TEXT, _NUMBER, _YES_OR_NO = pyarrow.string(), pyarrow.int64(), pyarrow.bool_()
_MOMENT = pyarrow.timestamp("us", tz="UTC")
_PAIRS = pyarrow.map_(_TEXT, _TEXT)
_TEXTS = pyarrow.list_(_TEXT)


class DayTooLarge(Exception):
    """The day has more rows than fit into a file that destinations take."""


def _is(*states: State) -> Any:
    return ExpressionWrapper(Q(state__in=[state.value for state in states]), output_field=BooleanField())


def _filled(name: str) -> Any:
    return NullIf(F(name), Value(""))


def _as_json(name: str) -> Any:
    return Func(F(name), function="to_jsonb", output_field=JSONField())


_COPIED: dict[str, tuple[Any, pyarrow.DataType]] = {
    "conversation_id": (F("conversation_id"), _TEXT),
    "received_at": (F("received_at"), _MOMENT),
    "accepted_at": (F("accepted_at"), _MOMENT),
    "ended_at": (F("ended_at"), _MOMENT),
    "handled_at": (F("handled_at"), _MOMENT),
    "channel_id": (F("channel_id"), _NUMBER),
    "channel": (F("channel__name"), _TEXT),
    "channel_kind": (F("channel__kind"), _TEXT),
    "messaging_channel": (_filled("messaging_channel"), _TEXT),
    "queue_id": (F("queue_id"), _NUMBER),
    "queue": (F("queue__name"), _TEXT),
    "agent_id": (F("agent_id"), _NUMBER),
    "agent": (F("agent__username"), _TEXT),
    "direction": (F("direction"), _TEXT),
    "state": (F("state"), _TEXT),
    "ended_in_ivr": (F("ended_in_ivr"), _YES_OR_NO),
    "is_served": (_is(*POSTABLE_STATES), _YES_OR_NO),
    "is_abandoned": (_is(State.ABANDONED), _YES_OR_NO),
    "is_false_attempt": (_is(State.FALSE_ATTEMPT), _YES_OR_NO),
    "within_service_level": (F("within_service_level"), _YES_OR_NO),
    "waited_seconds": (F("waited_seconds"), _NUMBER),
    "ivr_seconds": (F("ivr_seconds"), _NUMBER),
    "handling_seconds": (F("handling_seconds"), _NUMBER),
    "hold_seconds": (F("hold_seconds"), _NUMBER),
    "disposition": (_filled("disposition"), _TEXT),
    "first_reported_at": (F("first_reported_at"), _MOMENT),
    "reported_at": (F("reported_at"), _MOMENT),
}
"""Columns as PostgreSQL writes them: what it is asked for, and the type."""

_WORKED_OUT = {"late_changes": _TEXTS, "attached_data": _PAIRS, "missing": _PAIRS}
"""Columns behind them that are made of JSON."""
_OF_JSON: dict[str, tuple[Any, pyarrow.DataType]] = {
    name: (_as_json(name), _TEXT) for name in ("late_changes", "kept_data", "dropped_keys", "judged_keys")
}
_READ = pyarrow.schema({name: type for name, (_value, type) in (_COPIED | _OF_JSON).items()})

SCHEMA = pyarrow.schema({name: type for name, (_value, type) in _COPIED.items()} | _WORKED_OUT)
"""Of every file, of every day. A column that is added comes last."""


@dataclass(frozen=True)
class DayFile:
    content: bytes
    rows: int


def day_file(day: date) -> DayFile:
    """The conversations received on that day, in UTC, as they stand in the log at this moment, the earliest first.

    None is a file, too. Raises ``DayTooLarge``.
    """
    rows, sink = 0, BytesIO()
    about = {"keepsake": DATASET, "schema_version": SCHEMA_VERSION, "day": day.isoformat()}
    with (
        snapshot(zone=ZoneInfo("UTC")) as cursor,
        parquet.ParquetWriter(sink, SCHEMA.with_metadata(about), compression="zstd") as file,
    ):
        for group in groups(copied(cursor, _rows(day)), _READ, tell=lambda _more: None):
            file.write_table(_finished(group), row_group_size=ROWS_A_GROUP)
            rows += len(group)
            if sink.tell() > LARGEST_FILE:
                raise DayTooLarge
    return DayFile(sink.getvalue(), rows)


def _rows(day: date) -> QuerySet[ContactLogEntry, tuple[Any, ...]]:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    end = start + timedelta(days=1) if day < date.max else datetime.max.replace(tzinfo=UTC)
    entries = ContactLogEntry.objects.received_during(start, end).order_by("received_at", "conversation_id")
    return entries.values_list(*(value for value, _type in [*_COPIED.values(), *_OF_JSON.values()]))


def _finished(read: pyarrow.Table) -> pyarrow.Table:
    """Rows as they were read, with what is made of JSON worked out."""
    late, kept, dropped, judged = (read[name].to_pylist() for name in _OF_JSON)
    data = [json.loads(one, parse_int=str, parse_float=str) for one in kept]
    missing = map(_missing, read["state"].to_pylist(), map(tuple, data), dropped, judged)
    worked_out = [map(json.loads, late), [list(_texts(pairs)) for pairs in data], missing]
    columns = [pyarrow.array(values, type) for values, type in zip(worked_out, _WORKED_OUT.values(), strict=True)]
    return pyarrow.table([*(read[name] for name in _COPIED), *columns], schema=SCHEMA)


def _texts(pairs: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Values as texts, whatever their type: ``true``, ``5``, ``gold``; numbers as they were written."""
    for key, value in pairs.items():
        yield key, value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=1024)
def _missing(state: str, kept: tuple[str, ...], dropped: str, judged: str | None) -> list[tuple[str, str]]:
    """Why keys have no value. Conversations of one queue have few different answers; none holds a value."""
    entry = ContactLogEntry(
        state=state,
        kept_data=dict.fromkeys(kept),
        dropped_keys=json.loads(dropped),
        judged_keys=json.loads(judged) if judged else None,
    )
    return list(missing_reasons(entry).items())
