"""Times and durations as the file has them."""

from __future__ import annotations

from datetime import datetime
from math import floor

from django.utils import timezone

from conversations.session_facts import moment


def written(at: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and the offset of the portal's time zone, as in ``2023-09-11T09:42:01.000+03:00``."""
    return at.astimezone(timezone.get_default_timezone()).isoformat(timespec="milliseconds") if at else None


def rewritten(told: str | None) -> str | None:
    """A time that was told, in the same form."""
    return written(moment(told)) if told else None


def seconds(start: datetime | None, end: datetime | None) -> int | None:
    """Whole seconds from one to the other; None where one is missing.

    Both are cut to their second first: what follows each other then adds up to what lies between the outer two.
    """
    return max(0, floor(end.timestamp()) - floor(start.timestamp())) if start and end else None
