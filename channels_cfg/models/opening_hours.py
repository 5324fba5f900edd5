"""When queues take conversations: weekly times, and days that are different."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.tidied import TidiedArrayField
from channels_cfg.models.versioned import versioned
from channels_cfg.time_zones import check_time_zone, zone_named

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LOOKED_AHEAD = timedelta(days=366)
MIDNIGHT = timedelta(hours=24)

Span = tuple[timedelta, timedelta]
"""Opens, and first moment closed; both by the clock, since midnight."""

_SPAN = r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})"
_WEEKLY = re.compile(rf"({'|'.join(DAYS)})(?:\s*[-–]\s*({'|'.join(DAYS)}))?\s+{_SPAN}", re.IGNORECASE | re.ASCII)
_EXCEPTION = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})\s+(?:(closed)|{_SPAN})", re.IGNORECASE | re.ASCII)


def _span(numbers: tuple[str, ...]) -> Span:
    hours, minutes, until_hours, until_minutes = map(int, numbers)
    opens, closes = timedelta(hours=hours, minutes=minutes), timedelta(hours=until_hours, minutes=until_minutes)
    if not opens < closes <= MIDNIGHT or max(minutes, until_minutes) > 59:
        raise ValueError
    return opens, closes


def read_weekly(line: str) -> tuple[range, Span]:
    """``Mon-Fri 08:00-16:00`` as its days, Monday is 0, and its span. Raises ``ValueError``."""
    if not (found := _WEEKLY.fullmatch(line)):
        raise ValueError
    first = DAYS.index(found[1].capitalize())
    last = DAYS.index(found[2].capitalize()) if found[2] else first
    if last < first:
        raise ValueError
    return range(first, last + 1), _span(found.groups()[2:])


def read_exception(line: str) -> tuple[date, Span | None]:
    """``2026-12-24 closed`` or ``2026-12-31 09:00-12:00``; no span where it is closed. Raises ``ValueError``."""
    if not (found := _EXCEPTION.fullmatch(line)):
        raise ValueError
    return date.fromisoformat(found[1]), None if found[2] else _span(found.groups()[2:])


def tidied_lines(lines: list[str]) -> list[str]:
    """Each once, without spaces around."""
    return list(dict.fromkeys(tidied for line in lines if (tidied := " ".join(line.split()))))


def check_weekly(lines: list[str]) -> None:
    _check(lines, read_weekly, "Mon-Fri 08:00-16:00")


def check_exceptions(lines: list[str]) -> None:
    _check(lines, read_exception, "2026-12-31 09:00-12:00")


def _check(lines: list[str], read: Callable[[str], object], example: str) -> None:
    for number, line in enumerate(lines, start=1):
        try:
            read(line)
        except ValueError:
            raise ValidationError(
                gettext("Item %(number)d, “%(line)s”, cannot be read. Write it so: %(example)s.")
                % {"number": number, "line": line, "example": example}
            ) from None


@versioned()
class OpeningHours(models.Model):
    """When the queues that name them take conversations. On a day with exceptions these alone count."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: Office hours Finland"))
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[check_time_zone],
        help_text=_("The times below are of this zone. Example: Europe/Helsinki"),
    )
    weekly = TidiedArrayField(
        models.CharField(max_length=40),
        verbose_name=_("weekly times"),
        default=list,
        blank=True,
        tidy=tidied_lines,
        validators=[check_weekly],
        help_text=_(
            "Days in English and times, as often as needed; until midnight is 24:00. Empty: closed. "
            "Example: Mon-Fri 08:00-16:00, Sat 10:00-14:00"
        ),
    )
    exceptions = TidiedArrayField(
        models.CharField(max_length=40),
        verbose_name=_("exceptions"),
        default=list,
        blank=True,
        tidy=tidied_lines,
        validators=[check_exceptions],
        help_text=_("Dates that are different. Example: 2026-12-24 closed, 2026-12-31 09:00-12:00"),
    )

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime) -> bool:
        here = at.astimezone(zone_named(self.time_zone))
        clock = timedelta(hours=here.hour, minutes=here.minute, seconds=here.second)
        return any(opens <= clock < closes for opens, closes in self._spans(here.date()))

    def opens_on_day_of(self, at: datetime) -> bool:
        """Whether they open at all on the day of this moment, in their time zone."""
        return any(self._spans(at.astimezone(zone_named(self.time_zone)).date()))

    def next_opening(self, after: datetime) -> datetime | None:
        """When they open next, in their time zone; None where that is more than a year away."""
        zone = zone_named(self.time_zone)
        here = after.astimezone(zone)
        for ahead in range(LOOKED_AHEAD.days):
            day = here.date() + timedelta(days=ahead)
            openings = sorted(_on(day, opens, zone) for opens, _closes in self._spans(day))
            if found := next((at for at in openings if at > after), None):
                return found
        return None

    def _spans(self, day: date) -> Iterator[Span]:
        different = [span for on, span in map(read_exception, self.exceptions) if on == day]
        if different:
            yield from filter(None, different)
        else:
            yield from (span for days, span in map(read_weekly, self.weekly) if day.weekday() in days)


def _on(day: date, clock: timedelta, zone: ZoneInfo) -> datetime:
    return (datetime.combine(day, time()) + clock).replace(tzinfo=zone)
