"""Changes of extra-data lists in many places at once: what they would do, and making them as one settings version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from channels_cfg.catalogue import known_keys, own_names
from channels_cfg.configured_keys import look_alike_warnings
from channels_cfg.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.key_names import check_key_list, is_listed
from channels_cfg.models import Channel, Queue, SystemSettings, User
from channels_cfg.why import changing_settings
from conversations.what_if import Estimate, estimate
from reporting.models import SavedReport
from reporting.saved_reports import reports_losing

Place = Channel | Queue
KEPT = "statistics_keys"


@dataclass(frozen=True)
class Above:
    """What counts while a list is empty, and the level it comes from, in words."""

    keys: list[str]
    origin: str


def above(place: Place, name: str, system: SystemSettings) -> Above:
    """What the place's list follows while it is empty."""
    if isinstance(place, Queue) and getattr(place.channel, name):
        return Above(getattr(place.channel, name), f"channel {place.channel}")
    return Above(getattr(system, name), "the system settings")


@dataclass(frozen=True)
class ListChange:
    """One list of one channel or queue: what it holds, what it shall hold, and what counts while it is empty."""

    place: Place
    name: str
    was: list[str]
    wanted: list[str]
    above: Above

    @property
    def counted(self) -> list[str]:
        return self.was or self.above.keys

    @property
    def will_count(self) -> list[str]:
        return self.wanted or self.above.keys

    @property
    def added(self) -> list[str]:
        return [key for key in self.will_count if key not in self.counted]

    @property
    def removed(self) -> list[str]:
        return [key for key in self.counted if key not in self.will_count]

    @property
    def no_longer_included(self) -> list[str]:
        """What was removed, but for what a parent on the list still includes."""
        return [key for key in self.removed if not is_listed(key, self.will_count)]

    @property
    def starts_to_replace(self) -> bool:
        return bool(self.wanted) and not self.was

    @property
    def starts_to_follow(self) -> bool:
        return bool(self.was) and not self.wanted


@dataclass(frozen=True)
class Impact:
    """What changes would do. ``queues`` is how many queues they reach: those named, and those that follow a channel
    that is named; ``reports`` use a key that is kept no longer in some place."""

    changes: Sequence[ListChange]
    added: int
    removed: int
    queues: int
    following: int
    reports: list[SavedReport]
    sensitive: list[str]
    warnings: list[str] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)


def impact_of(changes: Iterable[ListChange], *, with_estimate: bool = False) -> Impact:
    """Work out what the changes would do; as many queries for one as for many. An estimate is made for one place."""
    changes = [change for change in changes if change.was != change.wanted]
    effective = [change for change in changes if change.added or change.removed]
    named = {change.place.pk for change in effective if isinstance(change.place, Queue)}
    following = _following(effective)
    lost = [key for change in changes if change.name == KEPT for key in change.no_longer_included]
    added = list(dict.fromkeys(key for change in changes for key in change.added))
    known = known_keys(added) if added else {}
    kept = [change for change in changes if change.name == KEPT]
    return Impact(
        changes=changes,
        added=sum(len(change.added) for change in changes),
        removed=sum(len(change.removed) for change in changes),
        queues=len(named | following),
        following=len(following - named),
        reports=reports_losing(lost),
        sensitive=[name for name in added if name in known and known[name].sensitive],
        warnings=list(look_alike_warnings(added).values()) if added else [],
        estimates=[_estimate(change) for change in kept] if with_estimate and len(kept) == 1 else [],
    )


def _estimate(change: ListChange) -> Estimate:
    if isinstance(change.place, Queue):
        return estimate(channel=change.place.channel, queue=change.place, keys=change.wanted)
    return estimate(channel=change.place, keys=change.wanted)


def _following(changes: Iterable[ListChange]) -> set[int]:
    """The queues that follow a channel in a list that is changed there; one query."""
    reached = Q(pk__in=[])
    for name in EXTRA_DATA_LISTS:
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
        kind = place.channel.kind if isinstance(place, Queue) else place.kind
        if name not in LISTS_OF_KIND[kind]:
            skipped.append(place)
            continue
        follows, was = above(place, name, system), list(getattr(place, name))
        counted = was or follows.keys
        wanted = list(dict.fromkeys([*(key for key in counted if key not in removing), *adding]))
        changes.append(ListChange(place, name, was, was if wanted == counted else wanted, follows))
    return changes, skipped


class SomethingElseNow(Exception):
    """A list is no longer what the change began with; nothing was saved."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__("A list was changed meanwhile.")
        self.places = places


def save_changes(changes: Iterable[ListChange], *, by: User, why: str) -> None:
    """Make the changes in one transaction, which is one settings version.

    Raises ``SomethingElseNow`` where a list, or what it follows, is not what the change began with.
    """
    changes = [change for change in changes if change.was != change.wanted]
    with transaction.atomic(), changing_settings(by=by, why=why):
        now = _held(changes)
        system = SystemSettings.load()
        stale = [
            change.place
            for change in changes
            if (place := now.get(_name(change.place))) is None
            or getattr(place, change.name) != change.was
            or (not change.was and above(place, change.name, system).keys != change.above.keys)
        ]
        if stale:
            raise SomethingElseNow(stale)
        changed: dict[tuple[type, int], Place] = {}
        for change in changes:
            place = changed.setdefault(_name(change.place), now[_name(change.place)])
            setattr(place, change.name, change.wanted)
        channels = [place for place in changed.values() if isinstance(place, Channel)]
        queues = [place for place in changed.values() if isinstance(place, Queue)]
        Channel.objects.bulk_update(channels, EXTRA_DATA_LISTS, batch_size=500)
        Queue.objects.bulk_update(queues, EXTRA_DATA_LISTS, batch_size=500)


def _held(changes: Sequence[ListChange]) -> dict[tuple[type, int], Place]:
    """The places as they are, which nobody else changes until the transaction ends; channels first."""
    channels = {change.place.pk for change in changes if isinstance(change.place, Channel)}
    queues = {change.place.pk for change in changes if isinstance(change.place, Queue)}
    held: list[Place] = list(Channel.objects.select_for_update().filter(pk__in=channels).order_by("pk"))
    held += Queue.objects.select_related("channel").select_for_update(of=("self",)).filter(pk__in=queues).order_by("pk")
    return {_name(place): place for place in held}


def _name(place: Place) -> tuple[type, int]:
    return type(place), place.pk


def own_list_counts() -> dict[int, dict[str, int]]:
    """For each channel the number of queues that have a list of their own, by list; one query."""
    counts = {name: Count("pk", filter=~Q(**{name: []})) for name in EXTRA_DATA_LISTS}
    counted: Any = Queue.objects.order_by().values("channel").annotate(queues=Count("pk"), **counts)
    return {row.pop("channel"): row for row in counted}
