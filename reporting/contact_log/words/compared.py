"""How a number differs from what it is compared with, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reporting.contact_log.counts import HIDDEN, Numbers
from reporting.contact_log.measures import MEASURES, Measure, Unit
from reporting.contact_log.words.number_words import duration, in_words

SMALL_BASE = 20
"""Conversations: a difference from fewer says little."""


@dataclass(frozen=True)
class Compared:
    """The other number, where its rows are, and the difference."""

    number: str
    address: str = ""
    difference: str = ""
    """Absolute, and in percent where the other is not zero."""
    base: int = 0
    """How many conversations the other number is of."""

    @property
    def has_small_base(self) -> bool:
        return self.base < SMALL_BASE


def compared(name: str, numbers: Numbers, other: Numbers, address: str = "") -> Compared | None:
    """The measure ``name`` beside the other's; None where neither has any."""
    measure = MEASURES[name]
    if HIDDEN in (numbers, other):
        return None
    if not (numbers["conversations"] or other["conversations"]) or numbers[name] is other[name] is None:
        return None
    return Compared(
        in_words(measure, other[name]),
        address,
        _difference(measure, numbers[name], other[name]),
        other["conversations"] or 0,
    )


def _difference(measure: Measure, number: float | None, other: float | None) -> str:
    if number is None or other is None:
        return ""
    difference = number - other
    sign = "+" if difference > 0 else "−" if difference < 0 else "±"
    absolute = f"{sign}{_size(measure, abs(difference))}"
    if not other or not difference:
        return absolute
    return _("%(difference)s (%(percent)s %%)") % {
        "difference": absolute,
        "percent": f"{sign}{abs(100 * difference / other):,.0f}",
    }


def _size(measure: Measure, difference: float) -> str:
    if measure.unit == Unit.SECONDS:
        return duration(difference)
    if measure.unit == Unit.SHARE:
        return _("%(number)s points") % {"number": f"{100 * difference:.0f}"}
    return f"{difference:,}"
