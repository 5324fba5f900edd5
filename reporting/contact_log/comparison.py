"""What a query is compared with: an earlier period on the clock of its zone, or another queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.models import Queue, Right, User
from conversations.filters import is_id
from reporting.contact_log.asked import COMPARISONS, OTHER_QUEUE, PREVIOUS
from reporting.contact_log.counts import Counted, Head, Numbers, Rest, count
from reporting.contact_log.intervals import INTERVALS
from reporting.contact_log.query import LogQuery
from reporting.contact_log.small_groups import nothing_shown, tells_a_small_rest, totals_only

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class ComparedCounts:
    """The numbers of the other query, by the rows and columns of the first."""

    query: LogQuery
    counted: Counted
    counterparts: Mapping[Head, Head]
    """For each interval the one it is compared with; an interval without one is in neither."""

    def row(self, row: Head) -> Head | None:
        """The row that this one is compared with; None for an interval that the other period has not."""
        return self.counterparts.get(row) if isinstance(row, datetime) else row

    def at(self, row: Head = Rest.ALL, column: Head = Rest.ALL) -> Numbers | None:
        other = self.row(row)
        return None if other is None else self.counted.at(other, column)

    def number(self, name: str, row: Head = Rest.ALL, column: Head = Rest.ALL) -> Any:
        """The measure there; None where nothing has it, there is no data or no such row."""
        other = self.row(row)
        return None if other is None else self.counted.number(name, other, column)


def may_compare(query: LogQuery, user: User) -> bool:
    """Whether the user may view reports of what the query is compared with."""
    if not query.compare.startswith(OTHER_QUEUE):
        return True
    (queue,) = compared_with(query).fields["queue"]
    found = {"pk": int(queue)} if is_id(queue) else {"name": queue}
    return Queue.objects.granting(Right.VIEW_REPORTS, to=user).filter(**found).exists()


def not_over(query: LogQuery, *, now: datetime) -> str:
    """Where a period that is not over is compared with a whole one, that this is so, in words."""
    if query.compare in COMPARISONS and query.end > now:
        return _("The period is not over yet; it is compared with a whole one.")
    return ""


def no_such_queue() -> str:
    return _("There is no such queue of which you may view reports.")


def compare(query: LogQuery, counted: Counted, user: User) -> ComparedCounts | None:
    """What the query asks to be compared with, counted for the same groups; None where it asks for nothing."""
    if not query.compare:
        return None
    other = compared_with(query)
    beside = _shown(query, other, counted, user)
    pairs = zip(_places(query, counted.rows), counted.rows, strict=True)
    others = dict(zip(_places(other, beside.rows), beside.rows, strict=True)) if query.interval else {}
    return ComparedCounts(other, beside, {row: others[place] for place, row in pairs if place in others})


def _shown(query: LogQuery, other: LogQuery, counted: Counted, user: User) -> Counted:
    """What the other query counts, without small groups, and without such as its part of the first leaves over."""
    beside, smallest = count(other, user, beside=counted), counted.smallest
    is_part = smallest and query.compare.startswith(OTHER_QUEUE) and _overlap(query, other, user)
    if is_part and tells_a_small_rest(counted, beside, smallest):
        return nothing_shown(beside)
    return totals_only(beside, smallest)


def _overlap(query: LogQuery, other: LogQuery, user: User) -> bool:
    return query.entries(user).filter(pk__in=other.entries(user).values("pk")).exists()


def compared_with(query: LogQuery) -> LogQuery:
    """The query with the other period, or the other queue."""
    plain = replace(query, compare="")
    if query.compare.startswith(OTHER_QUEUE):
        fields = {name: values for name, values in query.fields.items() if name not in ("queue", "queue_group")}
        return replace(plain, fields=fields | {"queue": (query.compare.removeprefix(OTHER_QUEUE),)})
    start, end = (moment.astimezone(query.zone).replace(tzinfo=None) for moment in (query.start, query.end))
    if query.compare == PREVIOUS:
        return replace(plain, period="", start=_on_clock(_before(start, end), query), end=query.start)
    back = max(1, ceil((end - start) / WEEK)) * WEEK
    return replace(plain, period="", start=_on_clock(start - back, query), end=_on_clock(end - back, query))


def _before(start: datetime, end: datetime) -> datetime:
    """When the period before starts: as many calendar months where it is whole months, else as long on the clock."""
    if not (_begins_a_month(start) and _begins_a_month(end)):
        return start - (end - start)
    months = 12 * (2 * start.year - end.year) + 2 * (start.month - 1) - (end.month - 1)
    return start.replace(year=months // 12, month=months % 12 + 1)


def _begins_a_month(moment: datetime) -> bool:
    return moment == moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _on_clock(moment: datetime, query: LogQuery) -> datetime:
    return moment.replace(tzinfo=query.zone)


def _places(query: LogQuery, starts: Sequence[Head]) -> list[tuple[object, int]]:
    """Where each interval stands in its period: a day or less by the clock, of a time that comes twice the first and
    the second; longer ones by their number."""
    if not query.interval or INTERVALS[query.interval].lasts > timedelta(days=1):
        return [(number, 0) for number, _start in enumerate(starts)]
    first = query.start.astimezone(query.zone).replace(tzinfo=None)
    passed: Counter[timedelta] = Counter()
    places: list[tuple[object, int]] = []
    for start in starts:
        assert isinstance(start, datetime)
        since = start.astimezone(query.zone).replace(tzinfo=None, fold=0) - first.replace(fold=0)
        places.append((since, passed[since]))
        passed[since] += 1
    return places
