"""Periods, as commands are told them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime


def add_period(parser: ArgumentParser, *, what: str) -> None:
    """``--from`` and ``--to``; ``what`` says what of them, as in “have to be there”."""
    parser.add_argument("--from", dest="start", metavar="TIME", help="Sessions that ended then or later …")
    parser.add_argument("--to", dest="end", metavar="TIME", help=f"… and before then {what}")


def period_of(options: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """None where none was given. Raises ``CommandError``."""
    start, end = options["start"], options["end"]
    if not start and not end:
        return None
    if not start or not end:
        raise CommandError("A period needs both --from and --to.")
    period = _moment(start), _moment(end)
    if period[0] >= period[1]:
        raise CommandError("The period ends before it begins.")
    return period


def _moment(text: str) -> datetime:
    """A date is its first moment; without an offset, both count in the portal's time zone."""
    try:
        day: date | None = parse_date(text)
        at = datetime.combine(day, time.min) if day else parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(f"{text} is no time. Examples: 2026-03-01, 2026-03-01T08:00:00+02:00")
    return at if at.tzinfo else timezone.make_aware(at, timezone.get_default_timezone())
