"""Intervals of the Contact Log: PostgreSQL says in which one a conversation was received, on the clock of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import DateTimeField, Func, Value
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MOST_INTERVALS = 1_500


@dataclass(frozen=True)
class Interval:
    """What a period is cut into. ``unit`` is PostgreSQL's; ``part`` a part of that unit, counted from its start."""

    label: str | Promise
    unit: str
    lasts: timedelta
    """About so long, and no shorter but on a day when clocks change."""
    part: timedelta | None = None

    @property
    def is_within_a_day(self) -> bool:
        return self.lasts < timedelta(days=1)

    @property
    def step(self) -> timedelta:
        """Shorter than any interval of its kind, so that none is stepped over."""
        return self.lasts / 4


INTERVALS = {
    "15_minutes": Interval(_("15 minutes"), "hour", timedelta(minutes=15), part=timedelta(minutes=15)),
    "30_minutes": Interval(_("30 minutes"), "hour", timedelta(minutes=30), part=timedelta(minutes=30)),
    "hour": Interval(_("Hour"), "hour", timedelta(hours=1)),
    "day": Interval(_("Day"), "day", timedelta(days=1)),
    "week": Interval(_("Week"), "week", timedelta(days=7)),
    "month": Interval(_("Month"), "month", timedelta(days=28)),
    "quarter": Interval(_("Quarter"), "quarter", timedelta(days=90)),
}


def interval_start(moment: Combinable, interval: str, zone: ZoneInfo) -> Combinable:
    """When the interval of the moment starts on the zone's clock; the hour that comes twice in autumn stays two.

    Parts of an hour are counted from the hour's start there, so that they are also right where a zone is half an hour
    or 45 minutes beside the others.
    """
    kind = INTERVALS[interval]
    start = _call("date_trunc", Value(kind.unit), moment, Value(str(zone)))
    return start if kind.part is None else _call("date_bin", Value(kind.part), moment, start)


def starts(interval: str, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """The start of every interval of a period, in order, also of those in which nothing happened.

    PostgreSQL says where they start, as it does when it counts.
    """
    kind = INTERVALS[interval]
    start_of = "date_trunc(%(unit)s, moment, %(zone)s)"
    if kind.part is not None:
        start_of = f"date_bin(make_interval(secs => %(part)s), moment, {start_of})"
    steps = "generate_series(%(start)s::timestamptz, %(last)s::timestamptz + step, step)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {start_of} FROM (SELECT least(passed, %(last)s) AS moment"
            f" FROM make_interval(secs => %(step)s) AS step, {steps} AS passed) AS moments ORDER BY 1",
            {
                "unit": kind.unit,
                "part": kind.part.total_seconds() if kind.part else None,
                "zone": str(zone),
                "start": start,
                "last": end - timedelta(microseconds=1),
                "step": kind.step.total_seconds(),
            },
        )
        return [moment for (moment,) in cursor.fetchall()]


def _call(function: str, *arguments: Combinable) -> Combinable:
    return Func(*arguments, function=function, output_field=DateTimeField())
