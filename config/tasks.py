"""Work of the portal as a whole."""

from __future__ import annotations

from datetime import timedelta

from celery import Task, shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from oauth2_provider.models import clear_expired

from config.models import WORKER, Heartbeat

FORGOTTEN_AFTER = timedelta(days=1)


@shared_task(bind=True)
def note_heartbeat(task: Task) -> None:
    """Write that this worker is alive, and forget workers that have been gone for a day."""
    now = timezone.now()
    Heartbeat.objects.note(f"{WORKER}{task.request.hostname}", now=now)
    Heartbeat.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()


@shared_task
def forget_expired_sign_ins() -> None:
    """Delete sessions and bearer tokens that let nobody in any more."""
    SessionStore.clear_expired()
    clear_expired()
