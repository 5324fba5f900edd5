"""Who is asking."""

from __future__ import annotations

from rest_framework.request import Request

from channels_cfg.models import User


def caller(request: Request) -> User:
    """The user that the request's credentials stand for."""
    user = request.user
    assert isinstance(user, User)  # every door of the API requires it
    return user
