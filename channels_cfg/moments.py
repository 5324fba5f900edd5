"""How a person reads dates and times: one form on every page, on the viewer's clock."""

from datetime import date, datetime

from django.utils import timezone

TO_THE_MINUTE = "%Y-%m-%d %H:%M"
TO_THE_SECOND = "%Y-%m-%d %H:%M:%S"


def in_words(at: datetime, form: str = TO_THE_MINUTE) -> str:
    """``2026-11-28 19:07``; in the zone of a time that ``{{ at|timezone:zone }}`` has put there, else the viewer's."""
    return local(at).strftime(form)


def with_zone(at: datetime, form: str = TO_THE_MINUTE) -> str:
    """``2026-11-28 19:07 (Europe/Helsinki)``."""
    at = local(at)
    return f"{at.strftime(form)} ({at.tzinfo})"


def day(at: date) -> str:
    return (local(at) if isinstance(at, datetime) else at).isoformat()[:10]


def local(at: datetime) -> datetime:
    return timezone.localtime(at) if getattr(at, "convert_to_local_time", True) else at
