"""What the reporting application does in the background."""

from __future__ import annotations

import uuid
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from reporting.contact_log import files, fill
from reporting.models import ReportFile

LONGEST_WRITING = int(timedelta(hours=6).total_seconds())


@shared_task
def run_reporting_job() -> None:
    """Report what ended or changed. A run that fails says so in the list of runs."""
    fill.run_reporting_job()


@shared_task(time_limit=LONGEST_WRITING)
def write_report_file(report_file_id: str) -> None:
    """Write one file of the Contact Log. Delivered twice, it writes once."""
    files.write(uuid.UUID(report_file_id))


@shared_task
def write_waiting_files() -> None:
    """Pick up every file still to be written, also one whose worker died, and delete those past their time."""
    now = timezone.now()
    files.clear_away(now=now)
    for pk in ReportFile.objects.waiting(now=now).values_list("pk", flat=True):
        write_report_file.delay(str(pk))
