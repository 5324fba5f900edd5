"""The settings as they were at any time, and what changed between two times.

A state of the settings is what the versions up to a number made. Of every record it holds the latest event up to that
version, unless that is a delete.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models import Q, QuerySet

from channels_cfg.history.record_words import NAME_FIELDS, Difference, InWords, event_models, recorded_fields
from channels_cfg.keys.effective_settings import EffectiveSettings, effective_settings
from channels_cfg.models import Channel, Queue, SettingsVersion, SystemSettings

Time = datetime | int | SettingsVersion
"""A moment, the number of a version, or a version."""


def as_of(time: Time) -> SettingsAt:
    """The settings as they stood at the moment, or as the version left them."""
    return SettingsAt(_number(time))


def _number(time: Time) -> int:
    if isinstance(time, SettingsVersion):
        return time.pk
    return SettingsVersion.at(time) if isinstance(time, datetime) else time


class SettingsAt:
    """All settings as one version left them; 0 is before the first."""

    def __init__(self, version: int) -> None:
        self.version = version

    def events(self, model: type[models.Model]) -> QuerySet[Any]:
        """The latest event of every record of the model that was there."""
        event_model = event_models()[model]
        latest: QuerySet[Any] = (
            QuerySet(event_model)
            .filter(pgh_version__lte=self.version)
            .order_by("pgh_obj_id", "-pgh_id")
            .distinct("pgh_obj_id")
        )
        return QuerySet(event_model).filter(pgh_id__in=latest.values("pgh_id")).exclude(pgh_label="delete")

    def named(self, model: type[models.Model], text: str) -> QuerySet[Any]:
        """The same, of records whose name has the text in it; by name where the model has one."""
        names = [name for name in NAME_FIELDS if hasattr(event_models()[model], name)]
        events = self.events(model).order_by(*names, "pgh_obj_id")
        if not text:
            return events
        conditions = Q()
        for name in names:
            conditions |= Q(**{f"{name}__finds": text})
        return events.filter(conditions) if names else events.none()

    @cached_property
    def counts(self) -> dict[type[models.Model], int]:
        """How many records of each recorded model there were; one query."""
        kinds = list(event_models())
        counting = " UNION ALL ".join(
            f"""SELECT {number}, count(*) FROM (
                    SELECT DISTINCT ON (pgh_obj_id) pgh_label FROM {_table(model)}
                     WHERE pgh_version_id <= %(version)s ORDER BY pgh_obj_id, pgh_id DESC
                ) AS latest WHERE pgh_label <> 'delete'"""
            for number, model in enumerate(kinds)
        )
        with connection.cursor() as cursor:
            cursor.execute(counting, {"version": self.version})
            return {kinds[number]: count for number, count in cursor.fetchall()}

    def records(self, model: type[models.Model], pks: Iterable[Any] | None = None) -> dict[Any, Any]:
        """Unsaved copies of the records as they were, by primary key; what is not recorded has its default."""
        events = self.events(model)
        if pks is not None:
            events = events.filter(pgh_obj_id__in=set(pks))
        return {event.pgh_obj_id: record_from(event, model) for event in events}

    @cached_property
    def system(self) -> SystemSettings:
        return self.records(SystemSettings).get(1) or SystemSettings(pk=1)

    def effective(self, channels: Iterable[Channel], queues: Iterable[Queue] = ()) -> list[EffectiveSettings]:
        """What counted on the channels and then on the queues, all of them as they were; a channel for each queue is
        read with them."""
        queues = list(queues)
        on_channels = [effective_settings(channel=channel, system=self.system) for channel in channels]
        theirs = self.records(Channel, [queue.channel_id for queue in queues])
        return on_channels + [
            effective_settings(channel=theirs[queue.channel_id], queue=queue, system=self.system) for queue in queues
        ]


def record_from(event: Any, model: type[models.Model]) -> Any:
    """The record as the event holds it, not saved."""
    return model(
        pk=event.pgh_obj_id, **{field.attname: getattr(event, field.attname) for field in recorded_fields(event)}
    )


def difference(earlier: Time, later: Time) -> Differences:
    """What became what from the one time to the other, record by record; also backwards."""
    return Differences(_number(earlier), _number(later))


@dataclass(frozen=True)
class _Changed:
    kind: int
    record: Any
    before: int | None
    after: int | None


class Differences(Sequence[Difference]):
    """Records that differ between two versions. Only what is sliced out is read in full, so a ``Paginator`` may."""

    def __init__(self, earlier: int, later: int) -> None:
        self.earlier, self.later = earlier, later
        self.kinds = list(event_models())

    @cached_property
    def _changed(self) -> list[_Changed]:
        """Every record that was there in only one of the two, or holds something else; one query.

        Records without an event in between are not looked at.
        """
        low, high = sorted([self.earlier, self.later])
        asking = [_DIFFERING.format(kind=number, **_parts(model)) for number, model in enumerate(self.kinds)]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asking) + " ORDER BY 1, 2", {"low": low, "high": high})
            found = [_Changed(*row) for row in cursor.fetchall()]
        if self.earlier <= self.later:
            return found
        return [_Changed(row.kind, row.record, row.after, row.before) for row in found]

    def __len__(self) -> int:
        return len(self._changed)

    def __getitem__(self, wanted: Any) -> Any:
        if not isinstance(wanted, slice):
            return self[wanted : wanted + 1][0]
        page = self._changed[wanted]
        events: dict[tuple[int, int | None], Any] = {}
        for kind in {row.kind for row in page}:
            ids = {pgh_id for row in page if row.kind == kind for pgh_id in (row.before, row.after) if pgh_id}
            found: dict[int, Any] = QuerySet(event_models()[self.kinds[kind]]).in_bulk(ids)
            events |= {(kind, pgh_id): event for pgh_id, event in found.items()}
        return list(InWords([(events.get((row.kind, row.before)), events.get((row.kind, row.after))) for row in page]))


_DIFFERING = """
    SELECT {kind}, later.pgh_obj_id::bigint, earlier.pgh_id, CASE WHEN later.pgh_label <> 'delete' THEN later.pgh_id END
      FROM (SELECT DISTINCT ON (pgh_obj_id) * FROM {table}
             WHERE pgh_version_id > %(low)s AND pgh_version_id <= %(high)s
             ORDER BY pgh_obj_id, pgh_id DESC) AS later
      LEFT JOIN LATERAL (
            SELECT * FROM {table} AS event
             WHERE event.pgh_obj_id = later.pgh_obj_id AND pgh_version_id <= %(low)s
             ORDER BY pgh_id DESC LIMIT 1) AS earlier ON earlier.pgh_label <> 'delete'
     WHERE CASE WHEN earlier.pgh_id IS NULL OR later.pgh_label = 'delete'
                THEN (earlier.pgh_id IS NULL) <> (later.pgh_label = 'delete')
                ELSE ({earlier}) IS DISTINCT FROM ({later}) END
"""


def _parts(model: type[models.Model]) -> dict[str, str]:
    """Table and columns of the model's events, quoted for ``_DIFFERING``."""
    columns = [connection.ops.quote_name(str(field.column)) for field in recorded_fields(event_models()[model])]
    return {
        "table": _table(model),
        "earlier": ", ".join(f"earlier.{column}" for column in columns),
        "later": ", ".join(f"later.{column}" for column in columns),
    }


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(event_models()[model]._meta.db_table)
