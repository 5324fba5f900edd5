"""Debug windows: for how long, and what they let outlive a conversation."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels_cfg.models import Integration, User
from conversations.models import DebugWindow, IntegrationRun

LASTS = timedelta(minutes=30)


def open_window(integration: Integration, *, by: User, now: datetime) -> DebugWindow:
    """For half an hour from now, whether or not it is open already."""
    window, _is_new = DebugWindow.objects.update_or_create(
        integration=integration, defaults={"opened_by": by, "opened_at": now, "closes_at": now + LASTS}
    )
    return window


def close_window(integration: Integration, *, now: datetime) -> None:
    """At once; what outlived its conversation goes with it."""
    DebugWindow.objects.filter(integration=integration).delete()
    erase_what_outlives(now=now)


def window_of(integration: Integration | None, *, now: datetime) -> DebugWindow | None:
    if integration is None:
        return None
    return DebugWindow.objects.filter(integration=integration, closes_at__gt=now).first()


def is_open(integration: Integration, *, now: datetime) -> bool:
    """Without a query where the window was read along."""
    window = getattr(integration, "debug_window", None)  # there may be none
    return window is not None and window.closes_at > now


def erase_what_outlives(*, now: datetime) -> None:
    """Windows whose time is over are closed, and exchanges of ended conversations erased that no window holds."""
    DebugWindow.objects.filter(closes_at__lte=now).delete()
    IntegrationRun.objects.outliving(now=now).erase_exchanges()
