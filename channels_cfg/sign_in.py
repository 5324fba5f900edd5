"""Who may sign in to the pages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend


class PeopleSignIn(ModelBackend):
    """Signs people in by password. An API client shows its key at the machine doors and gets no page session."""

    def user_can_authenticate(self, user: Any) -> bool:
        return super().user_can_authenticate(user) and not getattr(user, "is_api_client", False)
