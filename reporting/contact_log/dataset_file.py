"""A day of the Contact Log as a Parquet file whose columns are always the same, whatever keys there are.

The columns are those of the BI view ``contact_log``, and what a line of JSON Lines has beside them. See
docs/contact-log-dataset.md. It is written by a process that does nothing else (``dataset_parts``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Func, JSONField, Q, QuerySet, Value
from django.db.models.functions import NullIf

from channels_cfg.metadata_destinations.store import DATASET, LARGEST_FILE
from conversations.models import POSTABLE_STATES, State
from reporting.contact_log import slices
from reporting.contact_log.files import remove
from reporting.contact_log.part_processes import write_apart
from reporting.contact_log.parts import DATASET_DAY, MOMENT, Column
from reporting.contact_log.table import snapshot
from reporting.models import ContactLogEntry, DatasetDay
from reporting.models.report_file import make_report_folder

SCHEMA_VERSION = "1"

_TEXT, _NUMBER, _YES_OR_NO = "string", "int64", "bool"


class DayTooLarge(Exception):
    """The day has more rows than fit into a file that destinations take."""


def _is(*states: State) -> Any:
    return ExpressionWrapper(Q(state__in=[state.value for state in states]), output_field=BooleanField())


def _filled(name: str) -> Any:
    return NullIf(F(name), Value(""))


def _as_json(name: str) -> Any:
    return Func(F(name), function="to_jsonb", output_field=JSONField())


_COPIED: dict[str, tuple[Any, str]] = {
    "conversation_id": (F("conversation_id"), _TEXT),
    "received_at": (F("received_at"), MOMENT),
    "accepted_at": (F("accepted_at"), MOMENT),
    "ended_at": (F("ended_at"), MOMENT),
    "handled_at": (F("handled_at"), MOMENT),
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
    "first_reported_at": (F("first_reported_at"), MOMENT),
    "reported_at": (F("reported_at"), MOMENT),
}
"""Columns as PostgreSQL writes them: what it is asked for, and the type."""

_READ = _COPIED | {
    name: (_as_json(name), _TEXT) for name in ("late_changes", "kept_data", "dropped_keys", "judged_keys")
}
COLUMNS: list[Column] = [(name, type, {}) for name, (_value, type) in _READ.items()]
"""As ``dataset_parts`` wants them: the last are JSON, of which it makes the last columns of the file."""


@dataclass(frozen=True)
class DayFile:
    content: bytes
    rows: int


def day_file(part: DatasetDay) -> DayFile:
    """The conversations received on that day, in UTC, as they stand in the log at this moment, the earliest first.

    None is a file, too. Raises ``DayTooLarge`` and ``PartFailed``.
    """
    make_report_folder()
    part.scratch.mkdir(mode=0o700)
    try:
        return _written(part)
    finally:
        remove(part.scratch)


def _written(part: DatasetDay) -> DayFile:
    path = part.scratch / "file"
    path.touch(mode=0o600)
    with path.open("rb") as file:

        def look(_more: int) -> None:
            if os.fstat(file.fileno()).st_size > LARGEST_FILE:
                raise DayTooLarge

        about = {"keepsake": DATASET, "schema_version": SCHEMA_VERSION, "day": part.day.isoformat()}
        with snapshot() as cursor:
            how = {"columns": COLUMNS, "about": about}
            plan = slices.plan_of(cursor, _rows(part.day), zone="UTC", how=how)
            facts = write_apart(slices.part_of(plan, path, format=DATASET_DAY), look)
        look(0)
        return DayFile(file.read(), facts["rows"])


def _rows(day: date) -> QuerySet[ContactLogEntry, tuple[Any, ...]]:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    end = start + timedelta(days=1) if day < date.max else datetime.max.replace(tzinfo=UTC)
    entries = ContactLogEntry.objects.received_during(start, end).order_by("received_at", "conversation_id")
    return entries.values_list(*(value for value, _type in _READ.values()))
