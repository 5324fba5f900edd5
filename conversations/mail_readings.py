"""When mail boxes are read: each again and again, some time after it was read last."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from channels_cfg import jobs
from channels_cfg.models import MailBox
from conversations.models import MailReading


def ask_for_readings(*, now: datetime) -> None:
    """Let every box that is switched on and was not read lately be read by the next worker."""
    enabled = MailBox.objects.filter(enabled=True)
    new = [MailReading(box=box, asked_at=now) for box in enabled.filter(reading=None)]
    MailReading.objects.bulk_create(new, ignore_conflicts=True)
    lately = now - timedelta(seconds=settings.SECONDS_BETWEEN_MAIL_READINGS)
    due = MailReading.objects.filter(box__in=enabled, finished_at__lte=lately)
    again = due.update(
        state=MailReading.State.WAITING, asked_at=now, finished_at=None, held_until=None, attempts=0, interruptions=0
    )
    if new or again:
        jobs.announce(MailReading)
