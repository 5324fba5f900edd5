"""What the reporting application does in the background."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from reporting.contact_log import dataset, files, fill
from reporting.schedules import mails
from reporting.schedules import planning as schedules
from reporting.session_metadata import planning


@shared_task
def run_reporting_job() -> None:
    """Report what ended or changed, and have the dataset follow. A run that fails says so in the list of runs."""
    fill.run_reporting_job()
    dataset.plan(now=timezone.now())


@shared_task
def delete_expired_files() -> None:
    """Delete files of the Contact Log past their time, and what killed writers left; and old runs of schedules."""
    now = timezone.now()
    files.clear_away(now=now)
    schedules.delete_old_runs(now=now)


@shared_task
def plan_deliveries() -> None:
    """Have the session metadata of what ended or changed delivered. Several workers may do so at once."""
    planning.plan_deliveries(now=timezone.now())


@shared_task
def run_schedules() -> None:
    """Start the runs of schedules whose time has come, and tell owners of those that failed. Several workers may do so
    at once; each time runs once."""
    now = timezone.now()
    schedules.start_due_runs(now=now)
    mails.tell_owners_of_failures(now=now)
