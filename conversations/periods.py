"""Periods in words, such as last week, as a start and the first moment after. Words only, no database."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Period(TextChoices):
    """A stretch of whole days on the reader's calendar; weeks begin on Monday."""

    TODAY = "today", _("Today")
    YESTERDAY = "yesterday", _("Yesterday")
    LAST_7_DAYS = "last_7_days", _("Today and the 6 days before")
    THIS_WEEK = "this_week", _("This week")
    LAST_WEEK = "last_week", _("Last week")
    LAST_30_DAYS = "last_30_days", _("Today and the 29 days before")
    THIS_MONTH = "this_month", _("This month")
    LAST_MONTH = "last_month", _("Last month")


def bounds(period: Period, *, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When the period starts, and the first moment after it; a day may have 23 or 25 hours."""
    start, end = _days(period, now.astimezone(zone).date())
    return midnight(start, zone), midnight(end, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins in the zone."""
    return datetime.combine(day, time.min, zone)


def _days(period: Period, today: date) -> tuple[date, date]:
    tomorrow = today + timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    match period:
        case Period.TODAY:
            return today, tomorrow
        case Period.YESTERDAY:
            return today - timedelta(days=1), today
        case Period.LAST_7_DAYS:
            return today - timedelta(days=6), tomorrow
        case Period.THIS_WEEK:
            return monday, monday + timedelta(days=7)
        case Period.LAST_WEEK:
            return monday - timedelta(days=7), monday
        case Period.LAST_30_DAYS:
            return today - timedelta(days=29), tomorrow
        case Period.THIS_MONTH:
            return first, _first_of_next_month(first)
        case Period.LAST_MONTH:
            return (first - timedelta(days=1)).replace(day=1), first


def _first_of_next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
