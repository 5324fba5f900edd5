"""Changes of extra-data lists, in one place or in many: what they would do, and making them as one settings version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.history.change_reason import changing_settings
from channels_cfg.key_names import check_key_list
from channels_cfg.keys.catalogue import known_keys, own_names
from channels_cfg.keys.configured import list_name, look_alike_warnings, parents_of
from channels_cfg.models import Channel, Queue, SystemSettings, User
from channels_cfg.models.versioned import lock_settings
from config.portal.extra_data.places import LISTS, Place, kind_of, lists_of
from conversations.key_usage.what_if import Estimate, estimate
from reporting.models import SavedReport
from reporting.saved_reports import reports_losing

KEPT = "statistics_keys"
ESTIMATED_AT_MOST = 50


@dataclass(frozen=True)
class Above:
    """What counts while a list is empty, and the level it comes from, in words."""

    keys: list[str]
    origin: str


def above(place: Place, name: str, system: SystemSettings) -> Above:
    """What the place's list follows while it is empty."""
    if isinstance(place, Queue) and getattr(place.channel, name):
        return Above(getattr(place.channel, name), _("channel %(name)s") % {"name": place.channel})
    return Above(getattr(system, name), _("the system settings"))


@dataclass(frozen=True)
class ListChange:
    """One list of one channel or queue: what it holds, what it shall hold, and what counts while it is empty."""

    place: Place
    name: str
    was: list[str]
    wanted: list[str]
    above: Above

    @property
    def label(self) -> str:
        return list_name(self.name, kind=kind_of(self.place))

    @property
    def counted(self) -> list[str]:
        return self.was or self.above.keys

    @property
    def will_count(self) -> list[str]:
        return self.wanted or self.above.keys

    @cached_property
    def added(self) -> list[str]:
        before = set(self.counted)
        return [key for key in self.will_count if key not in before]

    @cached_property
    def removed(self) -> list[str]:
        after = set(self.will_count)
        return [key for key in self.counted if key not in after]

    @property
    def no_longer_included(self) -> list[str]:
        """What was removed, but for what a parent on the list still includes."""
        after = set(self.will_count)
        return [key for key in self.removed if not after.intersection(parents_of(key))]

    @property
    def starts_to_replace(self) -> bool:
        return bool(self.wanted) and not self.was

    @property
    def starts_to_follow(self) -> bool:
        return bool(self.was) and not self.wanted


@dataclass(frozen=True)
class Impact:
    """What changes would do. ``queues`` is how many queues they reach: those named, and those that follow a channel
    that is named; ``reports`` use a key that is kept no longer in some place. ``estimate`` is of the keys that one
    place begins to keep."""

    changes: Sequence[ListChange]
    added: int
    removed: int
    queues: int
    following: int
    reports: list[SavedReport]
    sensitive: list[str]
    warnings: list[str] = field(default_factory=list)
    estimate: Estimate | None = None

    def __str__(self) -> str:
        """``adds 1, removes 2; affects 4 queues (3 by following the channel); 2 saved reports lose a column.``"""
        words = _("adds %(added)d, removes %(removed)d; affects %(queues)s") % {
            "added": self.added,
            "removed": self.removed,
            "queues": ngettext("%(number)d queue", "%(number)d queues", self.queues) % {"number": self.queues},
        }
        if self.following:
            words += _(" (%(number)d by following the channel)") % {"number": self.following}
        if self.reports:
            lose = ngettext("%(n)d saved report loses a column", "%(n)d saved reports lose a column", len(self.reports))
            words += f"; {lose % {'n': len(self.reports)}}"
        return f"{words}."

    @property
    def of_several_lists(self) -> bool:
        return len({change.name for change in self.changes}) > 1

    @property
    def fingerprint(self) -> str:
        """The same for the same changes of the same lists; another one for anything else."""
        told = [
            [type(change.place).__name__, change.place.pk, change.name, change.was, change.wanted, change.counted]
            for change in self.changes
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def impact_of(changes: Iterable[ListChange], *, with_estimate: bool = False) -> Impact:
    """Work out what the changes would do; as many queries for one as for many. An estimate is made for one place."""
    changes = [change for change in changes if change.was != change.wanted]
    effective = [change for change in changes if change.added or change.removed]
    named = {change.place.pk for change in effective if isinstance(change.place, Queue)}
    following = _following(effective)
    kept = [change for change in changes if change.name == KEPT]
    lost = [key for change in kept for key in change.no_longer_included]
    added = list(dict.fromkeys(key for change in changes for key in change.added))
    known = known_keys(added) if added else {}
    return Impact(
        changes=changes,
        added=sum(len(change.added) for change in changes),
        removed=sum(len(change.removed) for change in changes),
        queues=len(named | following),
        following=len(following - named),
        reports=reports_losing(lost),
        sensitive=[name for name in added if name in known and known[name].sensitive],
        warnings=list(look_alike_warnings(added).values()) if added else [],
        estimate=_estimate(kept[0]) if with_estimate and len(kept) == 1 and kept[0].added else None,
    )


def _estimate(change: ListChange) -> Estimate:
    keys = change.added[:ESTIMATED_AT_MOST]
    if isinstance(change.place, Queue):
        return estimate(channel=change.place.channel, queue=change.place, keys=keys)
    return estimate(channel=change.place, keys=keys)


def _following(changes: Iterable[ListChange]) -> set[int]:
    """The queues that follow a channel in a list that is changed there; one query."""
    reached = Q(pk__in=[])
    for name in LISTS:
        channels = [change.place.pk for change in changes if change.name == name and isinstance(change.place, Channel)]
        if channels:
            reached |= Q(**{"channel__in": channels, name: []})
    return set(Queue.objects.filter(reached).values_list("pk", flat=True))


def in_one_list(place: Place, name: str, keys: Iterable[str], system: SystemSettings) -> ListChange:
    """The change that lets the list hold these keys, under their own names; ``ValidationError`` names a bad one."""
    wanted, _replaced = own_names(check_key_list(keys))
    return ListChange(place, name, list(getattr(place, name)), wanted, above(place, name, system))


def in_bulk(
    places: Iterable[Place], name: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> tuple[list[ListChange], list[Place]]:
    """Keys added to, or removed from, one list of each place; and the places on which the list says nothing.

    A place that follows the level above begins with what it follows.
    """
    system = SystemSettings.load()
    adding, _replaced = own_names(check_key_list(add))
    removing = set(check_key_list(remove))
    changes, skipped = [], []
    for place in places:
        if name not in lists_of(place):
            skipped.append(place)
            continue
        follows, was = above(place, name, system), list(getattr(place, name))
        counted = was or follows.keys
        wanted = list(dict.fromkeys([*(key for key in counted if key not in removing), *adding]))
        changes.append(ListChange(place, name, was, was if wanted == counted else wanted, follows))
    return changes, skipped


class StalePreview(Exception):
    """A list is no longer what the change began with; nothing was saved."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__("A list was changed meanwhile.")
        self.places = places


def save_changes(changes: Iterable[ListChange], *, by: User, why: str) -> None:
    """Make the changes in one transaction, which is one settings version.

    Raises ``StalePreview`` where a list, or what it follows, is not what the change began with.
    """
    changes = [change for change in changes if change.was != change.wanted]
    with transaction.atomic(), changing_settings(by=by, why=why):
        lock_settings()
        now = _as_stored(changes)
        system = SystemSettings.load()
        stale = [
            change.place
            for change in changes
            if (place := now.get(_name(change.place))) is None
            or getattr(place, change.name) != change.was
            or (not change.was and above(place, change.name, system).keys != change.above.keys)
        ]
        if stale:
            raise StalePreview(stale)
        for model in (Channel, Queue):
            _write(model, [change for change in changes if isinstance(change.place, model)])


def _as_stored(changes: Sequence[ListChange]) -> dict[tuple[type, int], Place]:
    channels = {change.place.pk for change in changes if isinstance(change.place, Channel)}
    queues = {change.place.pk for change in changes if isinstance(change.place, Queue)}
    stored: list[Place] = [*Channel.objects.filter(pk__in=channels)]
    stored += Queue.objects.prefetch_related("channel").filter(pk__in=queues)
    return {_name(place): place for place in stored}


_WRITE = """
    UPDATE {table} AS place
       SET {lists}
      FROM jsonb_to_recordset(%s) AS wanted (id bigint, lists jsonb)
     WHERE place.id = wanted.id
"""
_ONE_LIST = """{name} = CASE
           WHEN wanted.lists ? '{name}' THEN ARRAY(SELECT jsonb_array_elements_text(wanted.lists -> '{name}'))
           ELSE place.{name} END"""
_EVERY_LIST = ",\n           ".join(_ONE_LIST.format(name=name) for name in LISTS)


def _write(model: type[Channel | Queue], changes: Iterable[ListChange]) -> None:
    """Any number of lists of any number of places; one statement, which records one event for each place."""
    wanted: dict[int, dict[str, list[str]]] = {}
    for change in changes:
        wanted.setdefault(change.place.pk, {})[change.name] = change.wanted
    if wanted:
        rows = [{"id": pk, "lists": lists} for pk, lists in wanted.items()]
        with connection.cursor() as cursor:
            cursor.execute(_WRITE.format(table=model._meta.db_table, lists=_EVERY_LIST), [json.dumps(rows)])


def _name(place: Place) -> tuple[type, int]:
    return type(place), place.pk


def own_list_counts() -> dict[int, dict[str, int]]:
    """For each channel the number of queues that have a list of their own, by list; one query."""
    counts = {name: Count("pk", filter=~Q(**{name: []})) for name in LISTS}
    counted: Any = Queue.objects.order_by().values("channel").annotate(queues=Count("pk"), **counts)
    return {row.pop("channel"): row for row in counted}
