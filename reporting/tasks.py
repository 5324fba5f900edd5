"""What the reporting application does in the background."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from reporting.contact_log import files, fill


@shared_task
def run_reporting_job() -> None:
    """Report what ended or changed. A run that fails says so in the list of runs."""
    fill.run_reporting_job()


@shared_task
def delete_expired_files() -> None:
    """Delete files of the Contact Log past their time, and what killed writers left."""
    files.clear_away(now=timezone.now())
