"""Dates and times on pages: ``{{ at|moment }}``, ``{{ at|second }}``, ``{{ at|clock }}``, ``{{ at|day }}``; each
an element that says the whole of it, with its zone, to whoever points at it."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html

from channels_cfg import moments

register = template.Library()
register.filter("moment_with_zone", moments.with_zone)


@register.filter
def moment(at: datetime | None) -> str:
    """``2026-11-28 19:07``."""
    return _element(at, moments.TO_THE_MINUTE)


@register.filter
def second(at: datetime | None) -> str:
    """``2026-11-28 19:07:13``, where the order of things matters."""
    return _element(at, moments.TO_THE_SECOND)


@register.filter
def clock(at: datetime | None) -> str:
    """``19:07``, beside what says the day."""
    return _element(at, "%H:%M")


@register.filter
def clock_second(at: datetime | None) -> str:
    """``19:07:13``, beside what says the day."""
    return _element(at, "%H:%M:%S")


@register.filter
def clock_today(at: datetime | None) -> str:
    """``19:07`` of today, else ``2026-11-28 19:07``, where nothing beside it says the day."""
    is_today = at is not None and moments.day(at) == moments.day(timezone.now())
    return _element(at, "%H:%M" if is_today else moments.TO_THE_MINUTE)


@register.filter
def day(at: date | None) -> str:
    """``2026-11-28``."""
    return format_html('<time datetime="{0}">{0}</time>', moments.day(at)) if at else ""


def _element(at: datetime | None, form: str) -> str:
    if not at:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moments.local(at).isoformat(timespec="seconds"),
        moments.with_zone(at, moments.TO_THE_SECOND),
        moments.in_words(at, form),
    )
