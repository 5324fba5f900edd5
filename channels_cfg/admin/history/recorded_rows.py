"""Recorded settings as rows of pages and of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeVar

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg import moments
from channels_cfg.configuration_file.table_writing import as_csv
from channels_cfg.history.change_log import Change, ChangeHistory
from channels_cfg.history.record_words import ACTIONS, Difference, InWords, event_models
from channels_cfg.history.settings_at import SettingsAt, record_from
from channels_cfg.keys.configured import list_name
from channels_cfg.keys.effective_settings import LISTS_OF_KIND, EffectiveSettings
from channels_cfg.models import Channel, Queue

CHANGES_PER_CHUNK = 2000

D = TypeVar("D", bound=Difference)


def kinds_of_records() -> dict[str, type[models.Model]]:
    """The recorded models by the name that addresses use, the weightiest first."""
    return {str(model._meta.model_name): model for model in event_models()}


def with_links(request: HttpRequest, changes: Iterable[D]) -> Iterator[tuple[D, str]]:
    """Each change with the address of its record, empty where it is gone or has no page the viewer may open."""
    changes = list(changes)
    there: dict[type[models.Model], set[Any]] = {}
    for model in {change.record[0] for change in changes}:
        page = admin.site._registry.get(model)
        if page is not None and page.has_view_or_change_permission(request):
            wanted = [change.record[1] for change in changes if change.record[0] is model]
            there[model] = set(model._base_manager.filter(pk__in=wanted).values_list("pk", flat=True))
    for change in changes:
        model, pk = change.record
        names = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        yield change, reverse(names, args=[pk]) if pk in there.get(model, ()) else ""


@dataclass(frozen=True)
class RecordRow:
    """One record as it was: its name, and the fields that say anything."""

    name: str
    fields: list[tuple[str, str]]


class RecordRows:
    """The records of one kind as they were; only what is sliced out is read."""

    def __init__(self, state: SettingsAt, model: type[models.Model], text: str) -> None:
        self.events = state.named(model, text)
        self.number = self.events.count() if text else state.counts[model]

    def __len__(self) -> int:
        return self.number

    def count(self) -> int:
        return len(self)

    def __getitem__(self, wanted: slice) -> list[RecordRow]:
        events = list(self.events[wanted])
        in_words = InWords([(None, event) for event in events])
        return [RecordRow(in_words.name_of(event), in_words.fields_of(event)) for event in events]


@dataclass(frozen=True)
class EffectiveRow:
    """The lists that counted on a channel or queue: label, keys, and which level they came from."""

    name: str
    kind: str
    lists: list[tuple[str, str, str]]


class EffectiveRows:
    """Channels, then queues, each with the lists that counted there."""

    def __init__(self, state: SettingsAt, text: str) -> None:
        self.state = state
        self.channels = state.named(Channel, text)
        self.queues = state.named(Queue, text)
        self.number_of_channels = self.channels.count() if text else state.counts[Channel]
        self.number_of_queues = self.queues.count() if text else state.counts[Queue]

    def __len__(self) -> int:
        return self.number_of_channels + self.number_of_queues

    def count(self) -> int:
        return len(self)

    def __getitem__(self, wanted: slice) -> list[EffectiveRow]:
        number = self.number_of_channels
        start, stop = wanted.start or 0, wanted.stop
        channels = _records(self.channels[start:stop], Channel) if start < number else []
        queues = _records(self.queues[max(start - number, 0) : max(stop - number, 0)], Queue)
        effective = self.state.effective(channels, queues)
        kinds = {pk: channel.kind for pk, channel in self.state.records(Channel, _channels_of(queues)).items()}
        rows: list[tuple[Any, str]] = [
            *((channel, channel.kind) for channel in channels),
            *((queue, kinds[queue.channel_id]) for queue in queues),
        ]
        return [
            EffectiveRow(str(place), str(place._meta.verbose_name), _lists(found, kind))
            for (place, kind), found in zip(rows, effective, strict=True)
        ]


def _records(events: QuerySet[Any], model: Any) -> list[Any]:
    return [record_from(event, model) for event in events]


def _channels_of(queues: Sequence[Queue]) -> set[int]:
    return {queue.channel_id for queue in queues}


def _lists(found: EffectiveSettings, kind: str) -> list[tuple[str, str, str]]:
    named = [(name, getattr(found, name)) for name in LISTS_OF_KIND[kind]]
    lists = [(list_name(name, kind=kind), ", ".join(value.value), value.origin) for name, value in named]
    if kind != Channel.Kind.EMAIL:
        goes = found.metadata_destinations
        lists.append((_("Metadata destinations"), ", ".join(goes.value), goes.origin))
    return lists


def csv_of_changes(history: ChangeHistory) -> Iterator[str]:
    """The changes, newest first, a row for each field; a part of the file at a time, on the viewer's clock."""
    zone = timezone.get_current_timezone()  # which is another one by the time the file is sent
    return _csv_parts(history, zone)


def _csv_parts(history: ChangeHistory, zone: tzinfo) -> Iterator[str]:
    yield as_csv([_csv_headings(zone)])
    actions = {action: str(said) for action, said in ACTIONS.items()}  # translated once
    for changes in history.in_chunks(CHANGES_PER_CHUNK):
        with timezone.override(zone):
            times = {at: moments.in_words(at, moments.TO_THE_SECOND) for at in {change.at for change in changes}}
        rows = [row for change in changes for row in _csv_rows(change, times[change.at], actions[change.action])]
        yield as_csv(rows).removeprefix("\ufeff")


def _csv_headings(zone: tzinfo) -> list[str]:
    when = _("time (%(zone)s)") % {"zone": zone}
    what = [_("action"), _("kind"), _("record"), _("field"), _("old"), _("new")]
    return [_("version"), when, _("who"), _("why"), *what]


def _csv_rows(change: Change, at: str, action: str) -> list[list[str]]:
    said = [str(change.version or ""), at, change.by, change.why, action, capfirst(change.kind), change.name]
    return [[*said, field.field, field.old, field.new] for field in change.fields] or [[*said, "", "", ""]]
