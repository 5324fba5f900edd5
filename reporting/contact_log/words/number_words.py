"""Numbers of measures as people read them."""

from __future__ import annotations

from math import floor
from typing import Any

from django.utils.translation import gettext as _

from reporting.contact_log.counts import Numbers
from reporting.contact_log.measures import MEASURES, Measure, Unit

NO_NUMBER = "–"


def in_words(measure: Measure, number: float | None) -> str:
    """A number of the measure; a dash for none."""
    if number is None:
        return NO_NUMBER
    if measure.unit == Unit.SECONDS:
        return duration(number)
    return f"{100 * number:.0f} %" if measure.unit == Unit.SHARE else f"{number:,}"


def why_empty(name: str, numbers: Numbers) -> str:
    """Why the measure has no number; an empty text where it has one."""
    if numbers[name] is not None:
        return ""
    return str(MEASURES[name].empty_because) if numbers["conversations"] else _("no conversations")


def duration(seconds: float | None) -> str:
    """``2:05`` minutes and seconds, with hours where there are any; a dash for none."""
    if seconds is None:
        return NO_NUMBER
    minutes, rest = divmod(floor(seconds + 0.5), 60)  # a half is always rounded up, as spreadsheets do
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def for_chart(measure: Measure, number: Any) -> float | None:
    """The number in the unit of the chart's axis: conversations, minutes or percent."""
    if number is None or measure.unit == Unit.CONVERSATIONS:
        return None if number is None else float(number)
    return round(number / 60, 2) if measure.unit == Unit.SECONDS else round(100 * number, 1)
