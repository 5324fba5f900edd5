"""Who views reports."""

from __future__ import annotations

from channels_cfg.models import AccessRight, Right, User


def may_view_reports(user: User) -> bool:
    """Whether the user holds the right anywhere; where, each report finds out for itself."""
    return AccessRight.objects.held_by(user).filter(right=Right.VIEW_REPORTS).exists()


def may_receive_reports(user: User) -> bool:
    """Whether files may be made for the user: a person who may sign in, and views reports."""
    return user.is_active and not user.is_api_client and may_view_reports(user)
