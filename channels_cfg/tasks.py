"""What happens to the configuration by itself."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from channels_cfg.history.planned_changes import apply_change, due_changes
from channels_cfg.models import WaitingUpload

logger = logging.getLogger(__name__)


@shared_task
def apply_planned_changes() -> None:
    """Settle every change whose time has come, the earliest first. Run twice at once, each is settled once."""
    for number in due_changes(now=timezone.now()).values_list("pk", flat=True):
        try:
            apply_change(number, now=timezone.now())
        except Exception:  # one that fails must not hold up the others; the next sweep tries again
            logger.exception("Planned change %s could not be applied", number)


@shared_task
def delete_expired_uploads() -> None:
    """Files that nobody confirmed in time are gone."""
    WaitingUpload.objects.delete_expired(now=timezone.now())
