from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reporting.contact_log.fill import run_reporting_job
from reporting.models import ReportRun


class Command(BaseCommand):
    help = "Bring the Contact Log up to date now, and say how many conversations were reported."

    def handle(self, *args: Any, **options: Any) -> None:
        run = run_reporting_job()
        if run.outcome == ReportRun.Outcome.FAILED:
            raise CommandError(run.error)
        noun = "conversation" if run.conversations == 1 else "conversations"
        self.stdout.write(f"Reported {run.conversations} {noun}.")
