"""Who changes settings and why: noted with every change that is made meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pghistory

from channels_cfg.models import SystemSettings, User

LONGEST_WHY = 300


def changing_settings(
    *, by: User | None = None, why: str = "", command: str = "", **facts: Any
) -> AbstractContextManager[Any]:
    """Note these for the changes made within. ``by`` is who answers for them, ``command`` what made them where it was
    no person; ``facts`` are more of the kind, as JSON holds them, never customer data."""
    said = {"user": by.pk if by else None, "why": why[:LONGEST_WHY], "command": command, **facts}
    return pghistory.context(**{name: value for name, value in said.items() if value})


def note_why(why: str) -> None:
    """Say why, where who is known already: within a request, or within ``changing_settings``."""
    pghistory.context(why=why[:LONGEST_WHY])


def why_is_required() -> bool:
    """Whether the configurator saves nothing without a reason."""
    return SystemSettings.objects.filter(why_required=True).exists()
