"""Who may sign in, how often one may guess, and what is noted of it."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest


class PeopleSignIn(AxesStandaloneBackend, ModelBackend):
    """Signs people in by password. An API client shows its key at the machine doors and gets no page session."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """The user, or None. Raises ``PermissionDenied`` where this account must wait at this address."""
        if request is not None:  # without one nobody is asking from anywhere
            super().authenticate(request, username, password, **kwargs)
        return ModelBackend.authenticate(self, request, username, password, **kwargs)

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not getattr(user, "is_api_client", False)
