"""Which keys the settings name, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q

from channels_cfg.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.key_names import look_alikes
from channels_cfg.models import Channel, ExtraDataLists, Queue, SystemSettings

LIST_NAMES = {
    "allocation_keys": "Extra Data Included When Allocating",
    "connection_keys": "Extra Data Included When Connecting Calls",
    "outbound_keys": "Extra Data Included in Outbound Calls",
    "statistics_keys": "Extra Data Included in Statistics",
}
_NAMES_BY_KIND = {
    (Channel.Kind.VOICE, "allocation_keys"): "Extra Data Included When Allocating Calls",
    (Channel.Kind.EMAIL, "allocation_keys"): "Extra Data Included When E-Mail Allocated",
}


def list_name(name: str, *, kind: str | None = None) -> str:
    """What administrators call the list on a channel of this kind."""
    return _NAMES_BY_KIND.get((Channel.Kind(kind), name), LIST_NAMES[name]) if kind else LIST_NAMES[name]


@dataclass(frozen=True)
class KeyPlace:
    """One list of one record that names a key."""

    record: ExtraDataLists
    list: str
    kind: str | None

    def __str__(self) -> str:
        return f"{self.record}, {list_name(self.list, kind=self.kind)}"


LEVELS: tuple[type[ExtraDataLists], ...] = (SystemSettings, Channel, Queue)

LISTED_NAMES = " UNION ".join(
    f'SELECT unnest("{field}") AS name FROM "{model._meta.db_table}"' for model in LEVELS for field in EXTRA_DATA_LISTS
)
"""Every name on any list, each once, as SQL."""


def listed_names() -> list[str]:
    """Every key that system, channels and queues name, in alphabetical order; one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM ({LISTED_NAMES}) AS listed ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def naming_any_of(names: Iterable[str], *, lists: Iterable[str] = EXTRA_DATA_LISTS) -> Q:
    """A condition on system, channels or queues: one of these lists has one of these names."""
    names = list(names)
    return reduce(or_, (Q(**{f"{name}__overlap": names}) for name in lists))


def places_of(names: Iterable[str]) -> dict[str, list[KeyPlace]]:
    """The lists that name each of the keys, or a parent of it; three queries. Keys that no list names are left out."""
    asked: dict[str, list[str]] = {}
    for name in names:
        for listed in [name, *parents_of(name)]:
            asked.setdefault(listed, []).append(name)
    places: dict[str, list[KeyPlace]] = {}
    for record, kind in _records(naming_any_of(asked)) if asked else ():
        for field in EXTRA_DATA_LISTS:
            for name in dict.fromkeys(name for listed in getattr(record, field) for name in asked.get(listed, ())):
                places.setdefault(name, []).append(KeyPlace(record, field, kind))
    return places


def parents_of(name: str) -> list[str]:
    """The keys whose listing includes this one: ``a`` and ``a.b`` for ``a.b.c``."""
    return [name[:at] for at, character in enumerate(name) if character == "."]


def _records(condition: Q) -> Iterable[tuple[ExtraDataLists, str | None]]:
    for system in SystemSettings.objects.filter(condition):
        yield system, None
    for channel in Channel.objects.filter(condition):
        yield channel, channel.kind
    for queue in Queue.objects.filter(condition).select_related("channel"):
        yield queue, queue.channel.kind


def look_alike_warnings(names: Iterable[str], *, besides: Iterable[KeyPlace] = ()) -> dict[str, str]:
    """For each of the names that a person may take for another configured one: a sentence that says which.

    ``besides`` are places about to be overwritten, which do not count.
    """
    names = list(names)
    overwritten = {(type(place.record), place.record.pk, place.list) for place in besides}
    alike = {name for pair in look_alikes(names, known=listed_names()) for name in pair}
    elsewhere = {
        key: [place for place in places if (type(place.record), place.record.pk, place.list) not in overwritten]
        for key, places in places_of(alike).items()
    }
    known = [key for key, places in elsewhere.items() if places]
    warnings = {}
    for other, name in look_alikes(names, known=known):
        if name not in names:
            other, name = name, other
        if name in names:
            where = f" ({elsewhere[other][0]})" if elsewhere.get(other) else " in the same list"
            warnings[name] = f"“{name}” looks like “{other}”{where}. They are two different keys."
    return warnings
