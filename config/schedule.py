"""What beat asks for without being asked. Administrators may change intervals or switch entries off."""

import logging
import time
from typing import Any

from django.db import Error, connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from config.models import SCHEDULER, Heartbeat

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_HEARTBEATS = 5
SCHEDULE = {
    "channels_cfg.tasks.apply_planned_changes": ("Apply scheduled changes", 10),
    "channels_cfg.tasks.delete_expired_uploads": ("Remove old uploads", 600),
    "config.tasks.delete_expired_sign_ins": ("Remove expired sign-ins", 3600),
    "conversations.tasks.aggregate_key_observations": ("Count unknown keys", 60),
    "conversations.tasks.withdraw_stale_offers": ("Withdraw offers that nobody accepted", 5),
    "conversations.tasks.end_silent_calls": ("End calls whose telephone system has died", 60),
    "conversations.tasks.offer_waiting_conversations": ("Offer what waits to agents who are ready", 5),
    "conversations.tasks.end_chats_of_gone_visitors": ("End web chats whose visitor is gone", 15),
    "conversations.tasks.delete_old_records": ("Remove what was kept long enough", 3600),
    "conversations.tasks.close_debug_windows": ("Close debug windows", 30),
    "conversations.tasks.read_mail": ("Read mail boxes", 30),
    "conversations.tasks.sweep_jobs": ("Do waiting work", 3),
    "reporting.tasks.run_reporting_job": ("Run the reporting job", 60),
    "reporting.tasks.run_schedules": ("Run schedules of reports", 10),
    "reporting.tasks.plan_deliveries": ("Plan deliveries of session metadata", 10),
    "reporting.tasks.delete_expired_files": ("Remove expired files of the Contact Log and old runs of schedules", 600),
}
"""Tasks: what administrators call them, and the seconds between two runs."""


def ensure_schedule(**_: Any) -> None:
    """Add the entries that are missing, leave those alone that are there, and remove those of tasks that are no more.

    A message expires when the next one is due, so a worker that was away finds no backlog.
    """
    ours = PeriodicTask.objects.filter(task__regex=r"^(channels_cfg|config|conversations|reporting)\.tasks\.")
    ours.exclude(task__in=SCHEDULE).delete()
    for task, (name, seconds) in SCHEDULE.items():
        if not PeriodicTask.objects.filter(task=task).exists():
            interval, _created = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
            PeriodicTask.objects.create(name=name, task=task, interval=interval, expire_seconds=seconds)


class Scheduler(DatabaseScheduler):
    """Notes a heartbeat while it looks at what is due, whatever that is and whether or not a broker takes it."""

    noted_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, and return the seconds until more is. A database that is away is asked again soon."""
        try:
            if time.monotonic() - self.noted_at >= SECONDS_BETWEEN_HEARTBEATS:
                Heartbeat.objects.note(SCHEDULER, now=timezone.now())
                self.noted_at = time.monotonic()
            return float(super().tick(*args, **kwargs))
        except Error as failure:
            logger.warning("The schedule could not be read (%s)", type(failure).__name__)
            connection.close()
            return 1.0
