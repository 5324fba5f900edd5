"""The time zones on offer, and the clock of one."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


@cache
def time_zones() -> frozenset[str]:
    """The zones that can be chosen: an area and a place, as in Europe/Helsinki, and UTC.

    Names of one word are old links of the IANA database. PostgreSQL takes some of them (EET, CET) for abbreviations,
    which know no summer time, and knows others (localtime, posixrules) not at all.
    """
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def check_time_zone(name: str) -> None:
    """Accept the name of a zone on offer; raise ``ValidationError`` for any other."""
    if name not in time_zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone that can be chosen. Use a name such as Europe/Helsinki.") % {"name": name}
        )


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; the portal's own where none of that name is on offer."""
    return ZoneInfo(name if name in time_zones() else settings.TIME_ZONE)
