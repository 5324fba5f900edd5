"""Which keys the settings name, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.key_names import look_alikes
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import Channel, ExtraDataLists, Queue, SystemSettings

LIST_NAMES = {
    "allocation_keys": gettext_lazy("Extra Data Included When Allocating"),
    "connection_keys": gettext_lazy("Extra Data Included When Connecting Calls"),
    "outbound_keys": gettext_lazy("Extra Data Included in Outbound Calls"),
    "statistics_keys": gettext_lazy("Extra Data Included in Statistics"),
}
_NAMES_BY_KIND = {
    (Channel.Kind.VOICE, "allocation_keys"): gettext_lazy("Extra Data Included When Allocating Calls"),
    (Channel.Kind.EMAIL, "allocation_keys"): gettext_lazy("Extra Data Included When E-Mail Allocated"),
}


def list_name(name: str, *, kind: str | None = None) -> str:
    """What administrators call the list on a channel of this kind."""
    return str(_NAMES_BY_KIND.get((Channel.Kind(kind), name), LIST_NAMES[name]) if kind else LIST_NAMES[name])


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


_KIND_AND_TITLE = (
    ("NULL", "''"),
    ("kind", "name"),
    ("(SELECT kind FROM channels_cfg_channel AS channel WHERE channel.id = channel_id)", "name"),
)
"""How SQL calls the kind of channel and the name of a record on each level."""

_EVERY_PLACE = " UNION ALL ".join(
    f'SELECT {level} AS level, id, {title} AS title, {kind} AS kind, {number} AS list, unnest("{field}") AS listed '
    f'FROM "{model._meta.db_table}" WHERE "{field}" && %(listed)s::varchar[]'
    for level, (model, (kind, title)) in enumerate(zip(LEVELS, _KIND_AND_TITLE, strict=True))
    for number, field in enumerate(EXTRA_DATA_LISTS)
)
_PLACES = f"""
    WITH asked AS (SELECT * FROM unnest(%(names)s::text[], %(listed)s::text[]) AS asked (name, listed)),
    named AS (
        SELECT DISTINCT asked.name, place.level, place.id, place.title, place.kind, place.list
          FROM asked JOIN ({_EVERY_PLACE}) AS place USING (listed)),
    counted AS (
        SELECT *,
               row_number() OVER (PARTITION BY name ORDER BY level, title, list) AS number,
               count(*) OVER (PARTITION BY name) AS total
          FROM named)
    SELECT * FROM counted WHERE number <= %(at_most)s ORDER BY name, number
"""
_EVERY = 2**31 - 1


class KeyPlaces(list[KeyPlace]):
    """Places of one key, the highest level first. ``total`` counts those that were not asked for as well."""

    total = 0


def places_of(names: Iterable[str], *, at_most: int = _EVERY) -> dict[str, KeyPlaces]:
    """The lists that name each of the keys, or a parent of it, ``at_most`` so many of each; one query.

    Keys that no list names are left out. The records know their number and name alone.
    """
    asked = [(name, listed) for name in dict.fromkeys(names) for listed in [name, *parents_of(name)]]
    places: dict[str, KeyPlaces] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACES,
            {"names": [name for name, _ in asked], "listed": [listed for _, listed in asked], "at_most": at_most},
        )
        for name, level, pk, title, kind, field, _number, total in cursor.fetchall():
            record = LEVELS[level](pk=pk, **({"name": title} if title else {}))
            found = places.setdefault(name, KeyPlaces())
            found.append(KeyPlace(record, EXTRA_DATA_LISTS[field], kind))
            found.total = total
    return places


def parents_of(name: str) -> list[str]:
    """The keys whose listing includes this one: ``a`` and ``a.b`` for ``a.b.c``."""
    return [name[:at] for at, character in enumerate(name) if character == "."]


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
            where = f" ({elsewhere[other][0]})" if elsewhere.get(other) else _(" in the same list")
            warnings[name] = _("“%(name)s” looks like “%(other)s”%(where)s. They are two different keys.") % {
                "name": name,
                "other": other,
                "where": where,
            }
    return warnings
