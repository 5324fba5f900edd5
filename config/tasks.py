"""Work of the portal as a whole."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from channels_cfg.models import SignInEvent


@shared_task
def delete_expired_sign_ins() -> None:
    """Delete sessions and bearer tokens that let nobody in any more, and what is too old of the sign-ins' log."""
    SessionStore.clear_expired()
    clear_expired()
    SignInEvent.objects.delete_expired(now=timezone.now())
