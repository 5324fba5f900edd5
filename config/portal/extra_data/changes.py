"""Changes of extra-data lists, in one place or in many: a change set, and what it would do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.history.change_set import KEPT, Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.history.record_writing import write_in_bulk
from channels_cfg.key_names import check_key_list
from channels_cfg.keys.catalogue import known_keys, own_names
from channels_cfg.keys.configured import list_name, look_alike_warnings
from channels_cfg.models import Channel, Queue, SystemSettings
from config.portal.extra_data.places import LISTS, Place, kind_of, lists_of
from conversations.key_usage.what_if import Estimate, estimate

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
    def starts_to_replace(self) -> bool:
        return bool(self.wanted) and not self.was

    @property
    def starts_to_follow(self) -> bool:
        return bool(self.was) and not self.wanted


@dataclass
class Impact(ChangeSet):
    """What changes would do. ``queues`` is how many queues they reach: those named, and those that follow a channel
    that is named. ``estimate`` is of the keys that one place begins to keep."""

    changes: Sequence[ListChange]
    added: int
    removed: int
    queues: int
    following: int
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
        if reports := len(self.lost_reports):
            lose = ngettext("%(n)d saved report loses a column", "%(n)d saved reports lose a column", reports)
            words += f"; {lose % {'n': reports}}"
        return f"{words}."

    @property
    def of_several_lists(self) -> bool:
        return len({change.name for change in self.changes}) > 1

    def record_changes(self) -> Iterator[RecordChange]:
        of_place: dict[Place, list[ListChange]] = {}
        for change in self.changes:
            of_place.setdefault(change.place, []).append(change)
        for place, changes in of_place.items():
            old, new = ({change.name: getattr(change, held) for change in changes} for held in ("was", "wanted"))
            yield RecordChange(Action.CHANGE, type(place), place.pk, old, new)

    def sentences(self) -> list[str]:
        return [str(self), *(", ".join(change.counted) for change in self.changes)]

    @property
    def confirmation(self) -> Confirmation | None:
        """Where a sensitive key, or one that looks like another, is newly listed."""
        if not self.sensitive and not self.warnings:
            return None
        saving = _("Saving %(does)s") % {"does": self}
        if not self.sensitive:
            return Confirmation(_("Two names that look alike?"), [*self.warnings, saving], _("two keys"), _("Save"))
        words = self.sensitive[0] if len(self.sensitive) == 1 else _("list sensitive keys")
        named = _("The key catalogue marks as sensitive: %(keys)s.") % {"keys": ", ".join(self.sensitive)}
        return Confirmation(_("List sensitive data?"), [named, *self.warnings, saving], words, _("Save"))

    def write(self) -> None:
        write_in_bulk(self.record_changes())


def impact_of(changes: Iterable[ListChange], *, with_estimate: bool = False) -> Impact:
    """Work out what the changes would do; as many queries for one as for many. An estimate is made for one place."""
    changes = [change for change in changes if change.was != change.wanted]
    effective = [change for change in changes if change.added or change.removed]
    named = {change.place.pk for change in effective if isinstance(change.place, Queue)}
    following = _following(effective)
    kept = [change for change in changes if change.name == KEPT]
    added = list(dict.fromkeys(key for change in changes for key in change.added))
    known = known_keys(added) if added else {}
    return Impact(
        changes=changes,
        added=sum(len(change.added) for change in changes),
        removed=sum(len(change.removed) for change in changes),
        queues=len(named | following),
        following=len(following - named),
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


def own_list_counts() -> dict[int, dict[str, int]]:
    """For each channel the number of queues that have a list of their own, by list; one query."""
    counts = {name: Count("pk", filter=~Q(**{name: []})) for name in LISTS}
    counted: Any = Queue.objects.order_by().values("channel").annotate(queues=Count("pk"), **counts)
    return {row.pop("channel"): row for row in counted}
