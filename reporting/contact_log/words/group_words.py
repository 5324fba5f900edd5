"""What groups of the Contact Log are called on pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.dateformat import format as date
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from channels_cfg.messaging.messaging_channels import label_of
from channels_cfg.models import Channel, Queue, QueueGroup, User
from conversations.attached_data.reasons import REASONS
from conversations.filters import GrantedPlaces, is_id
from conversations.models import Conversation, State
from reporting.contact_log.asked import FIELDS, IN_IVR, KEY
from reporting.contact_log.intervals import INTERVALS
from reporting.contact_log.kept_key import REASON, VALUE
from reporting.contact_log.query import NO_QUEUE_YET
from reporting.contact_log.queue_groups import ONLY, ids_in


def grouping_label(by: str) -> str:
    """“Queue” for ``queue``; the key itself for a kept key."""
    return by.removeprefix(KEY) if by.startswith(KEY) else str(FIELDS[by])


def word_for_others(smallest: int) -> str:
    """What groups are called that are counted together, those of fewer conversations among them."""
    return _("Others, and fewer than %(smallest)s") % {"smallest": smallest} if smallest else _("Others")


@dataclass(frozen=True)
class GroupWords:
    """Words for the groups of one grouping, read with one query for all of them."""

    by: str
    names: Mapping[Any, str | Promise]

    @classmethod
    def of(cls, by: str, groups: Iterable[Any]) -> GroupWords:
        """Words for groups that were counted: whoever may see the entries may see what they are called."""
        return cls(by, _names(by, {group for group in groups if group not in (None, "")}))

    @classmethod
    def asked(cls, by: str, values: Iterable[str], *, granted: GrantedPlaces) -> GroupWords:
        """Words for what an address asks for. A name that no right shows the viewer is not looked up."""
        ids = {int(value) for value in values if is_id(value)}
        if by == "queue_group":
            return cls(by, _group_names(values, QueueGroup.objects.filter(queues__in=granted.queue_ids)))
        records: dict[str, Callable[[], QuerySet[Any]]] = {
            "channel": granted.channels,
            "queue": granted.queues,
            "agent": lambda: granted.agents(ids),
        }
        if by in records:
            names = {str(record.pk): str(record) for record in records[by]().filter(pk__in=ids)}
            return cls(by, {IN_IVR: _("In the IVR"), **names} if by == "queue" else names)
        return cls(by, _names(by, set(values)))

    def word(self, group: Any) -> str:
        if self.by.startswith(KEY):
            if group.startswith(REASON):
                return str(REASONS.get(group.removeprefix(REASON), group))
            return group.removeprefix(VALUE) or _("(empty)")
        if group in (None, ""):
            words = {"queue": _("Direct"), "agent": _("Nobody"), "queue_group": _("In no queue group")}
            return words.get(self.by, _("None"))
        if self.by == "queue_group":
            return self._combined(group)
        return str(self.names.get(group, group))

    def _combined(self, groups: str) -> str:
        """“Nordic + Sales” for ``3_7``."""
        names = " + ".join(sorted(str(self.names.get(pk, pk)) for pk in ids_in(groups) or [groups]))
        return _("only %(groups)s") % {"groups": names} if groups.startswith(ONLY) else names

    def is_reason(self, group: Any) -> bool:
        """Whether the group stands for entries without a value."""
        return self.by.startswith(KEY) and group.startswith(REASON)


def _names(by: str, groups: set[Any]) -> dict[Any, str | Promise]:
    match by:
        case "channel":
            return {record.pk: str(record) for record in Channel.objects.filter(pk__in=groups)}
        case "queue":
            queues = {record.pk: str(record) for record in Queue.objects.filter(pk__in=groups)}
            return {NO_QUEUE_YET: _("In the IVR"), **queues}
        case "queue_group":
            return _group_names(groups, QueueGroup.objects.all())
        case "agent":
            return {record.pk: str(record) for record in User.objects.filter(pk__in=groups)}
        case "direction":
            return dict(Conversation.Direction.choices)
        case "state":
            return dict(State.choices)
        case "messaging_channel":
            return {wire: label_of(wire) for wire in groups}
        case _:
            return {}


def _group_names(groups: Iterable[str], among: QuerySet[QueueGroup]) -> dict[Any, str | Promise]:
    ids = {int(pk) for group in groups for pk in ids_in(group)}
    return {str(record.pk): record.name for record in among.filter(pk__in=ids)}


def interval_label(start: datetime, interval: str, zone: ZoneInfo, *, with_year: bool = True) -> str:
    """The interval on the zone's clock. A time that comes twice says which; a day says when it has not 24 hours."""
    at = start.astimezone(zone)
    written = "Y-m-d" if with_year else "m-d"
    if INTERVALS[interval].is_within_a_day:
        return _time_label(at, written)
    match interval:
        case "day":
            next_day = (at + timedelta(days=1)).replace(hour=0, minute=0, fold=0)
            hours = round((next_day.timestamp() - at.timestamp()) / 3600)
            day = date(at, f"D {written}")
            return _("%(day)s (%(hours)s h)") % {"day": day, "hours": hours} if hours != 24 else day
        case "week":
            return _("Week %(number)s, from %(day)s") % {
                "number": at.isocalendar().week,
                "day": date(at, written),
            }
        case "quarter":
            return _("Quarter %(number)s of %(year)s") % {"number": (at.month + 2) // 3, "year": at.year}
        case _:
            return date(at, "Y-m")


def _time_label(at: datetime, written: str) -> str:
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return date(at, f"D {written} H:i") + (f" (UTC{at:%z})" if twice else "")
