"""Work of the portal as a whole."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from oauth2_provider.models import clear_expired


@shared_task
def forget_expired_sign_ins() -> None:
    """Delete sessions and bearer tokens that let nobody in any more."""
    SessionStore.clear_expired()
    clear_expired()
