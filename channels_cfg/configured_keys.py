"""Which keys the settings name, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


def places_of_keys() -> dict[str, list[KeyPlace]]:
    """Every key that system, channels and queues name, with its places; three queries."""
    places: dict[str, list[KeyPlace]] = {}
    for record, kind in _records():
        for name in EXTRA_DATA_LISTS:
            for key in getattr(record, name):
                places.setdefault(key, []).append(KeyPlace(record, name, kind))
    return places


def _records() -> Iterable[tuple[ExtraDataLists, str | None]]:
    for system in SystemSettings.objects.all():
        yield system, None
    for channel in Channel.objects.all():
        yield channel, channel.kind
    for queue in Queue.objects.select_related("channel"):
        yield queue, queue.channel.kind


def look_alike_warnings(names: Iterable[str], *, besides: Iterable[KeyPlace] = ()) -> dict[str, str]:
    """For each of the names that a person may take for another configured one: a sentence that says which.

    ``besides`` are places about to be overwritten, which do not count.
    """
    names = list(names)
    overwritten = {(type(place.record), place.record.pk, place.list) for place in besides}
    elsewhere = {
        key: [place for place in places if (type(place.record), place.record.pk, place.list) not in overwritten]
        for key, places in places_of_keys().items()
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
