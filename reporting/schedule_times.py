"""When a schedule runs: cron expressions, choices in words that write them, and the next times on a zone's clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_IN_AN_HOUR = 4
MOST_LEFT_OUT = 2000
"""After so many times that are left out, the next is not looked for any more."""

IsLeftOut = Callable[[datetime], bool]
"""Whether nothing runs at a time although the expression names it."""

WEEKDAYS = {
    "1": gettext_lazy("Monday"),
    "2": gettext_lazy("Tuesday"),
    "3": gettext_lazy("Wednesday"),
    "4": gettext_lazy("Thursday"),
    "5": gettext_lazy("Friday"),
    "6": gettext_lazy("Saturday"),
    "0": gettext_lazy("Sunday"),
}
"""As cron numbers them."""

LAST_DAY = "L"

_FIELDS = {
    "minute": gettext_lazy("The minute, the first of the five, is 0–59."),
    "hour": gettext_lazy("The hour, the second of the five, is 0–23."),
    "day-of-month": gettext_lazy("The day, the third of the five, is one that the month has: 1–31, or L for the last."),
    "month": gettext_lazy("The month, the fourth of the five, is 1–12 or JAN–DEC."),
    "day-of-week": gettext_lazy("The day of the week, the last of the five, is 0–6, where 0 is Sunday, or MON–SUN."),
}
_PLAIN = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) (?P<day>\*|L|\d{1,2}) \* (?P<weekdays>\*|1-5|\d(,\d)*)")


# Times


def check_cron(expression: str) -> None:
    """Accept five fields that come true at times, at most four of an hour. Raises ``ValidationError``."""
    if len(expression.split()) != len(_FIELDS):
        raise ValidationError(
            _("Write five fields: minute, hour, day of the month, month, day of the week. Example: 0 7 * * 1-5")
        )
    try:
        minutes = CronSim(expression, datetime.now(UTC)).minutes
    except CronSimError as bad:
        raise ValidationError(str(_FIELDS.get(str(bad).removeprefix("Bad "), bad))) from None
    if len(minutes) > MOST_IN_AN_HOUR:
        most = {"most": MOST_IN_AN_HOUR}
        raise ValidationError(_("A report runs at most %(most)d times an hour. Write fewer minutes.") % most)
    if next_time(expression, ZoneInfo("UTC"), after=datetime.now(UTC)) is None:
        raise ValidationError(_("This never comes true. Choose another day or month."))


def times(expression: str, zone: ZoneInfo, *, after: datetime) -> Iterator[datetime]:
    """The times after a moment, in UTC, each once.

    They are on the zone's clock. A time that a day does not have comes at the first moment after the gap, and one that
    comes twice counts the first time; where the hours are ``*``, or the minutes begin with it, hours pass as they do.
    """
    latest = after
    for at in CronSim(expression, after.astimezone(zone)):
        moment = at.astimezone(UTC)  # times of one zone would be compared as its clock shows them
        if moment > latest:
            yield moment
            latest = moment


def next_time(expression: str, zone: ZoneInfo, *, after: datetime) -> datetime | None:
    return next(times(expression, zone, after=after), None)


@dataclass(frozen=True)
class NextTimes:
    at: list[datetime]
    left_out: list[datetime]
    """Before the last of them: of each day that is left out the first time."""


def next_times(
    expression: str, zone: ZoneInfo, *, after: datetime, number: int, is_left_out: IsLeftOut | None = None
) -> NextTimes:
    """So many times; fewer where none is in sight."""
    found = NextTimes([], [])
    left_out = 0
    for at in times(expression, zone, after=after):
        if not (is_left_out and is_left_out(at)):
            found.at.append(at)
        else:
            left_out += 1
            if not found.left_out or found.left_out[-1].astimezone(zone).date() < at.astimezone(zone).date():
                found.left_out.append(at)
        if len(found.at) == number or left_out == MOST_LEFT_OUT:
            break
    return found


def latest_time(
    expression: str, zone: ZoneInfo, *, due: datetime, now: datetime, is_left_out: IsLeftOut
) -> tuple[datetime, int] | None:
    """Of the times from ``due`` until now the latest, and how many come before it; None where all are left out."""
    latest, missed = None, -1
    for at in chain([due], times(expression, zone, after=due)):
        if at > now:
            break
        if not is_left_out(at):
            latest, missed = at, missed + 1
    return (latest, missed) if latest else None


# Words


@dataclass(frozen=True)
class PlainTimes:
    """A choice in words: ``every`` day, weekday, week or month."""

    every: str
    at: str
    """``07:00``."""
    weekdays: tuple[str, ...] = ()
    """Of a week; keys of ``WEEKDAYS``."""
    day: str = ""
    """Of a month; ``L`` for the last."""

    def as_cron(self) -> str:
        """Raises ``ValidationError`` by the name of what is missing."""
        time = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", self.at.strip())
        if not time:
            raise ValidationError({"at": _("Write a time such as 07:00.")})
        if self.every == "week" and not self.weekdays:
            raise ValidationError({"weekdays": _("Choose at least one day of the week.")})
        if self.every == "month" and not self.day:
            raise ValidationError({"day": _("Choose a day of the month.")})
        day = self.day if self.every == "month" else "*"
        week = {"weekday": "1-5", "week": ",".join(self.weekdays)}.get(self.every, "*")
        return f"{int(time[2])} {int(time[1])} {day} * {week}"

    @classmethod
    def of(cls, expression: str) -> PlainTimes | None:
        """The choice that writes this expression; None where none does."""
        found = _PLAIN.fullmatch(expression)
        if not found or (found["day"] != "*" and found["weekdays"] != "*"):
            return None
        at = f"{int(found['hour']):02}:{int(found['minute']):02}"
        if found["day"] != "*":
            return cls("month", at, day=found["day"])
        if found["weekdays"] in ("*", "1-5"):
            return cls("day" if found["weekdays"] == "*" else "weekday", at)
        weekdays = tuple(found["weekdays"].split(","))
        return cls("week", at, weekdays=weekdays) if set(weekdays) <= set(WEEKDAYS) else None

    def __str__(self) -> str:
        days = ", ".join(str(WEEKDAYS[day]) for day in WEEKDAYS if day in self.weekdays)
        words = {
            "day": _("Every day at %(at)s"),
            "weekday": _("Every day from Monday to Friday at %(at)s"),
            "week": _("Every week on %(days)s at %(at)s"),
            "month": _("Every month on day %(day)s at %(at)s"),
        }
        text = words[self.every] if self.day != LAST_DAY else _("Every month on the last day at %(at)s")
        return text % {"at": self.at, "days": days, "day": self.day}


def in_words(expression: str) -> str:
    """``Every day from Monday to Friday at 07:00``; what no choice writes the library explains, in English."""
    return str(PlainTimes.of(expression) or CronSim(expression, datetime.now(UTC)).explain())
