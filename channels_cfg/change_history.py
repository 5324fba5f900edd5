"""Who changed which setting, when, from what to what; read from the rows that database triggers write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Max, OuterRef, QuerySet, Subquery, Value
from django.utils import timezone
from django.utils.text import capfirst
from pghistory.models import Event

from channels_cfg.models import User

OUTSIDE = "Outside the configurator"
_DEEDS = {"insert": "created", "update": "changed", "delete": "deleted"}
_NAME_FIELDS = ("name", "username", "address", "note")

Record = tuple[type[models.Model], Any]


@dataclass(frozen=True)
class FieldChange:
    """One field, in words; ``old`` or ``new`` is empty where there was or is nothing."""

    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One row that was created, changed or deleted."""

    at: datetime
    by: str
    deed: str
    kind: str
    name: str
    record: Record
    fields: list[FieldChange]


@cache
def event_models() -> dict[type[models.Model], Any]:
    """The recorded models, each with the model of its events."""
    events: list[Any] = [model for model in apps.get_models() if issubclass(model, Event)]
    return {event.pgh_tracked_model._meta.concrete_model: event for event in events if event.pgh_tracked_model}


class ChangeHistory:
    """Changes, newest first; a ``Paginator`` can page through it, and only the page is read in full."""

    def __init__(self, events: Iterable[QuerySet[Any]]) -> None:
        self.events = list(events)

    @classmethod
    def of(cls, record: models.Model, *, parts: Iterable[tuple[type[models.Model], str]] = ()) -> ChangeHistory:
        """Changes of the record, and of the rows that point to it; ``parts`` names their model and foreign key."""
        recorded = event_models()
        own: list[QuerySet[Any]] = [QuerySet(recorded[type(record)]).filter(pgh_obj_id=record.pk)]
        return cls(
            own + [QuerySet(recorded[part]).filter(**{key: record.pk}) for part, key in parts if part in recorded]
        )

    @classmethod
    def of_everything(
        cls, *, kind: type[models.Model] | None = None, by: int | None = None, made_at: datetime | None = None
    ) -> ChangeHistory:
        """Changes of all settings, or of one kind, by one user, of one moment."""
        conditions = {"pgh_context__metadata__user": by, "pgh_created_at": made_at}
        wanted = {name: value for name, value in conditions.items() if value is not None}
        return cls(
            QuerySet(event_model).filter(**wanted)
            for model, event_model in event_models().items()
            if kind in (None, model)
        )

    def __len__(self) -> int:
        return sum(events.count() for events in self.events)

    def count(self) -> int:
        return len(self)

    def __getitem__(self, wanted: slice) -> list[Change]:
        index = [
            events.order_by().values_list("pgh_created_at", "pgh_id", Value(number))
            for number, events in enumerate(self.events)
        ]
        if not index:
            return []
        page = index[0].union(*index[1:], all=True).order_by("-pgh_created_at", "-pgh_id")[wanted]
        found = [(number, pgh_id) for _at, pgh_id, number in page]
        rows = {
            number: self._rows(number, [pgh_id for owner, pgh_id in found if owner == number])
            for number in {number for number, _ in found}
        }
        return list(_Describer([rows[number][pgh_id] for number, pgh_id in found]))

    def _rows(self, number: int, pgh_ids: list[int]) -> dict[int, tuple[Any, Any]]:
        """Each event with the one before it of the same record, or None."""
        event_model = self.events[number].model
        earlier = (
            QuerySet(event_model)
            .filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
            .order_by()
            .values("pgh_obj_id")
            .annotate(latest=Max("pgh_id"))
            .values("latest")
        )
        rows = (
            QuerySet(event_model)
            .filter(pgh_id__in=pgh_ids)
            .select_related("pgh_context")
            .annotate(previous=Subquery(earlier))
        )
        events = list(rows)
        before: dict[int, Any] = QuerySet(event_model).in_bulk([event.previous for event in events if event.previous])
        return {event.pgh_id: (event, before.get(event.previous)) for event in events}


class _Describer:
    """Puts events into words, with one query for each kind of record they mention."""

    def __init__(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        self.pairs = pairs
        self.names = self._names()

    def __iter__(self) -> Iterator[Change]:
        for event, before in self.pairs:
            model = event.pgh_tracked_model._meta.concrete_model
            yield Change(
                at=event.pgh_created_at,
                by=self._who(event),
                deed=_DEEDS[event.pgh_label],
                kind=capfirst(event.pgh_tracked_model._meta.verbose_name),
                name=next((str(getattr(event, name)) for name in _NAME_FIELDS if getattr(event, name, "")), ""),
                record=(model, event.pgh_obj_id),
                fields=list(self._differences(event, before)),
            )

    def _who(self, event: Any) -> str:
        user = _user_id(event)
        return self.names.get((User, user), OUTSIDE) if user else OUTSIDE

    def _differences(self, event: Any, before: Any) -> Iterator[FieldChange]:
        for field in _recorded_fields(event):
            old = getattr(before, field.attname) if before and event.pgh_label == "update" else None
            new = getattr(event, field.attname)
            if event.pgh_label == "delete":
                old, new = new, None
            elif event.pgh_label == "insert" and new == field.get_default():
                continue
            old, new = self._in_words(field, old), self._in_words(field, new)
            if old != new:
                yield FieldChange(capfirst(str(field.verbose_name)), old, new)

    def _in_words(self, field: models.Field, value: Any) -> str:
        if value is None or value == "" or value == []:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(map(str, value))
        if isinstance(value, datetime):
            return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
        if isinstance(field, models.ForeignKey):
            return self.names.get((field.related_model, value), f"number {value}")
        return str(dict(field.flatchoices).get(value, value))

    def _names(self) -> dict[Record, str]:
        """The names of all records that the events point to; of a deleted one, the last it had."""
        wanted: dict[type[models.Model], set[Any]] = {User: set()}
        for event, before in self.pairs:
            wanted[User].add(_user_id(event))
            for field in _recorded_fields(event):
                if isinstance(field, models.ForeignKey):
                    ids = {getattr(row, field.attname) for row in (event, before) if row}
                    wanted.setdefault(field.related_model, set()).update(ids)
        names: dict[Record, str] = {}
        for model, ids in wanted.items():
            ids.discard(None)
            there = model._base_manager.in_bulk(ids)
            names |= {(model, pk): str(record) for pk, record in there.items()}
            if (gone := ids - there.keys()) and (event_model := event_models().get(model)):
                last: QuerySet[Any] = (
                    QuerySet(event_model).filter(pgh_obj_id__in=gone).order_by("pgh_obj_id", "-pgh_id")
                )
                for event in last.distinct("pgh_obj_id"):
                    name = next((str(getattr(event, field)) for field in _NAME_FIELDS if hasattr(event, field)), "")
                    names[model, event.pgh_obj_id] = f"{name} (deleted)"
        return names


def _user_id(event: Any) -> int | None:
    return event.pgh_context.metadata.get("user") if event.pgh_context_id and event.pgh_context else None


def _recorded_fields(event: Any) -> list[models.Field]:
    """The fields of the record itself, with the names its model gives them."""
    recorded = {field.name for field in event._meta.fields}
    return [
        field
        for field in event.pgh_tracked_model._meta.concrete_fields
        if field.name in recorded and not field.primary_key
    ]
