"""System checks: a missing or contradictory setting, and what to do about it."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils import timezone

from channels_cfg.time_zones import time_zones

BROKERS = {"filesystem", "redis", "rediss", "amqp", "amqps", "pyamqp", "memory", "sentinel"}


@register(Tags.security)
def keys_are_usable(**_: Any) -> list[CheckMessage]:
    """Every key is there and well-formed."""
    return list(key_complaints())


def key_complaints() -> Iterator[CheckMessage]:
    if not has_secret_key():
        yield Error(
            "SECRET_KEY is not set, so nobody can sign in safely.",
            hint="Set the environment variable SECRET_KEY to 50 or more random characters, and keep it.",
            id="keepsake.E001",
        )
    if not settings.FIELD_KEYS:
        yield Error(
            "FIELD_KEYS is not set, so secrets and sensitive values cannot be encrypted.",
            hint="Set FIELD_KEYS to a Fernet key (32 random bytes in URL-safe base64), and keep it.",
            id="keepsake.E002",
        )
    for position, key in enumerate(settings.FIELD_KEYS, start=1):
        if not is_fernet_key(key):
            yield Error(
                f"Key number {position} in FIELD_KEYS is not a Fernet key.",
                hint="Each is 32 random bytes in URL-safe base64; commas stand between them, the newest first.",
                id="keepsake.E003",
            )


def has_secret_key() -> bool:
    """Django refuses to hand out an empty one."""
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.files)
def folder_can_be_written(**_: Any) -> list[CheckMessage]:
    """The portal can keep what it must keep."""
    if settings.VAR_DIR.is_dir() and os.access(settings.VAR_DIR, os.W_OK):
        return []
    return [
        Error(
            f"VAR_DIR, {settings.VAR_DIR}, is not a folder that the portal may write.",
            hint="Create it for the portal's user, or set the environment variable VAR_DIR to another.",
            id="keepsake.E004",
        )
    ]


@register()
def broker_is_known(**_: Any) -> list[CheckMessage]:
    """Jobs can be handed to a worker."""
    scheme = settings.CELERY_BROKER_URL.partition("://")[0]
    if scheme in BROKERS:
        return []
    return [
        Error(
            f"CELERY_BROKER_URL begins with “{scheme}”, which is no broker that Keepsake knows.",
            hint="Begin it with redis://, rediss:// or amqp://, or leave it unset to keep messages in VAR_DIR.",
            id="keepsake.E005",
        )
    ]


@register(Tags.database)
def clocks_agree(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Python and PostgreSQL tell the same time in every zone on offer, from last year to the next."""
    differing = [name for alias in databases or () for name in _zones_that_differ(alias)]
    if not differing:
        return []
    return [
        Warning(
            f"Python and PostgreSQL tell different times in {', '.join(differing[:10])}"
            + (f" and {len(differing) - 10} more time zones." if len(differing) > 10 else "."),
            hint="Update the older of the two: PostgreSQL with its time zones, or the package tzdata.",
            id="keepsake.W004",
        )
    ]


def _zones_that_differ(alias: str) -> list[str]:
    this_year = timezone.now().year
    moments = [
        datetime(year, month, day, 12, tzinfo=UTC)
        for year in range(this_year - 1, this_year + 2)
        for month in range(1, 13)
        for day in (1, 15)
    ]
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()} & time_zones()
        cursor.execute(
            "SELECT name, at, at AT TIME ZONE name FROM unnest(%s::text[]) name, unnest(%s::timestamptz[]) at",
            [sorted(known), moments],
        )
        wrong = {name for name, at, local in cursor if at.astimezone(ZoneInfo(name)).replace(tzinfo=None) != local}
    return sorted(wrong | (time_zones() - known))


@register(deploy=True)
def production_is_meant(**_: Any) -> list[CheckMessage]:
    """What suits one machine and a demonstration is not taken for production."""
    return list(production_complaints())


def production_complaints() -> Iterator[CheckMessage]:
    if not settings.PRODUCTION:
        yield Warning(
            "These are not the production settings.",
            hint="Set DJANGO_SETTINGS_MODULE=config.settings.production.",
            id="keepsake.W001",
        )
    if settings.PRODUCTION and settings.DEBUG:
        yield Error(
            "DEBUG is on, so an error page shows customers' data to whoever caused the error.",
            hint="Remove DEBUG from the settings.",
            id="keepsake.E006",
        )
    if not settings.DATABASE_URL:
        yield Warning(
            "DATABASE_URL is not set, so the data lies in the embedded PostgreSQL of this one machine.",
            hint="Set DATABASE_URL=postgresql://user:password@host/name to a server that is backed up.",
            id="keepsake.W002",
        )
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        yield Warning(
            "CELERY_BROKER_URL is not set, so only workers on this machine see the jobs.",
            hint="Set it to redis://… or amqp://… before a second machine joins.",
            id="keepsake.W003",
        )
