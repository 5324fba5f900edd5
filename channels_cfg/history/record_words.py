"""Recorded settings in words: what a record was called, which field became what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg import moments
from channels_cfg.models.versioned import RecordedEvent

NAME_FIELDS = ("name", "username", "address", "note")
ACTIONS = {
    "created": gettext_lazy("created"),
    "changed": gettext_lazy("changed"),
    "deleted": gettext_lazy("deleted"),
}

Record = tuple[type[models.Model], Any]
Pair = tuple[Any, Any]
"""What is recorded of one record before and after; None where it was not or is not there."""


@cache
def event_models() -> dict[type[models.Model], Any]:
    """The recorded models, each with the model of its events, the weightiest first."""
    events: list[Any] = [model for model in apps.get_models() if issubclass(model, RecordedEvent)]
    found = {event.pgh_tracked_model._meta.concrete_model: event for event in events}
    first = [model for name in _WEIGHTIEST for model in found if model.__name__ == name]
    return {model: found[model] for model in (*first, *(other for other in found if other not in first))}


_WEIGHTIEST = ("SystemSettings", "Channel", "Queue", "AttachedKey", "MessagingService", "User", "Group", "QueueGroup")


def kind_of(model: type[models.Model]) -> Any:
    """The model under whose name people know the records."""
    return event_models()[model].pgh_tracked_model._meta


def recorded_fields(event: Any) -> list[models.Field]:
    """The fields of the record itself, with the names its model gives them; of an event or of its model."""
    event_model: Any = event if isinstance(event, type) else type(event)
    return _recorded_fields(event_model)


@cache
def _recorded_fields(event_model: Any) -> list[models.Field]:
    recorded = {field.name for field in event_model._meta.fields}
    tracked = event_model.pgh_tracked_model._meta.concrete_fields
    return [field for field in tracked if field.name in recorded and not field.primary_key]


@cache
def _foreign_keys(event_model: Any) -> list[models.ForeignKey]:
    return [field for field in _recorded_fields(event_model) if isinstance(field, models.ForeignKey)]


def label_of(field: models.Field) -> str:
    """What people call the field. A table that only joins two models has no words of its own for its keys."""
    if field.model._meta.auto_created and isinstance(field.related_model, type):
        return str(capfirst(field.related_model._meta.verbose_name))
    return str(capfirst(field.verbose_name))


@dataclass(frozen=True)
class FieldChange:
    """One field, in words; ``old`` or ``new`` is empty where there was or is nothing. Of a list that was changed,
    what was added and removed."""

    field: str
    old: str
    new: str
    added: list[str] = dataclass_field(default_factory=list)
    removed: list[str] = dataclass_field(default_factory=list)


@dataclass(frozen=True)
class Difference:
    """One record that was created, changed or deleted; ``kind`` is written as inside a sentence."""

    action: str
    kind: str
    name: str
    record: Record
    fields: list[FieldChange]

    @property
    def action_in_words(self) -> str:
        return str(ACTIONS[self.action])


class InWords:
    """Puts what is recorded into words, with one query for each kind of record it mentions."""

    def __init__(self, pairs: Sequence[Pair], *, people: Iterable[Record] = ()) -> None:
        self.pairs = pairs
        self.names = self._names(people)
        # Words that thousands of records share are translated once.
        self._label_of, self._kind_in_words = cache(label_of), cache(_kind_in_words)
        self._choice_in_words = cache(_choice)

    def __iter__(self) -> Iterator[Difference]:
        for before, after in self.pairs:
            event = after or before
            yield Difference(
                action="created" if before is None else "deleted" if after is None else "changed",
                kind=self._kind_in_words(event.pgh_tracked_model),
                name=self.name_of(event),
                record=(event.pgh_tracked_model._meta.concrete_model, event.pgh_obj_id),
                fields=list(self._differences(before, after)),
            )

    def name_of(self, event: Any) -> str:
        """What the record was called; one without a name is told by what it ties together."""
        if any(hasattr(event, name) for name in NAME_FIELDS):
            return next((str(getattr(event, name)) for name in NAME_FIELDS if getattr(event, name, "")), "")
        ties = [field for field in recorded_fields(event) if isinstance(field, models.ForeignKey) or field.choices]
        return " · ".join(filter(None, (self._in_words(field, getattr(event, field.attname)) for field in ties)))

    def fields_of(self, event: Any) -> list[tuple[str, str]]:
        """Label and value of every field that says anything."""
        said = (
            (label_of(field), self._in_words(field, getattr(event, field.attname))) for field in recorded_fields(event)
        )
        return [(label, value) for label, value in said if value]

    def _differences(self, before: Any, after: Any) -> Iterator[FieldChange]:
        for field in recorded_fields(after or before):
            old = getattr(before, field.attname) if before else None
            new = getattr(after, field.attname) if after else None
            if old == new or (before is None and new == field.get_default()):
                continue
            old_words, new_words = self._in_words(field, old), self._in_words(field, new)
            if old_words != new_words:
                added, removed = ([], []) if old is None or new is None else _list_difference(old, new)
                moved = [self._items_in_words(field, items) for items in (added, removed)]
                yield FieldChange(self._label_of(field), old_words, new_words, *moved)

    def _in_words(self, field: models.Field, value: Any) -> str:
        if value is None or value == "" or value == []:
            return ""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, list):
            return ", ".join(self._items_in_words(field, value))
        if isinstance(value, datetime):
            return moments.in_words(value)
        if isinstance(field, models.ForeignKey):
            return self.names.get((field.related_model, value)) or _("number %(value)s") % {"value": value}
        return self._choice_in_words(field, value) if field.choices else str(value)

    def _items_in_words(self, field: models.Field, items: list[Any]) -> list[str]:
        each: models.Field = getattr(field, "base_field", field)
        return [self._choice_in_words(each, item) if each.choices else str(item) for item in items]

    def _names(self, people: Iterable[Record]) -> dict[Record, str]:
        """The names of all records that are pointed to; of a deleted one, the last it had."""
        wanted: dict[type[models.Model], set[Any]] = {}
        for model, pk in people:
            wanted.setdefault(model, set()).add(pk)
        for pair in self.pairs:
            for event in filter(None, pair):
                event_model: Any = type(event)
                for field in _foreign_keys(event_model):
                    wanted.setdefault(field.related_model, set()).add(getattr(event, field.attname))
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
                    names[model, event.pgh_obj_id] = _("%(name)s (deleted)") % {"name": _plain_name(event)}
        return names


def _kind_in_words(model: type[models.Model]) -> str:
    return str(model._meta.verbose_name)


def _choice(field: models.Field, value: Any) -> str:
    return str(dict(field.flatchoices).get(value, value))


def _plain_name(event: Any) -> str:
    return next((str(getattr(event, name)) for name in NAME_FIELDS if getattr(event, name, "")), "")


def _list_difference(old: Any, new: Any) -> tuple[list[Any], list[Any]]:
    if not isinstance(old, list) or not isinstance(new, list):
        return [], []
    return [item for item in new if item not in old], [item for item in old if item not in new]
