"""A page for jobs that bring something to a destination: they wait for it, too."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from channels_cfg.models import Job
from conversations.admin.jobs import JobAdmin
from reporting.models.delivery_pause import why_not_open


class DestinationJobAdmin(JobAdmin):
    """While a destination is switched off or cannot be reached, that is the reason why a job waits."""

    list_of_a_job = ["job_state", "attempts", "next_try", "why"]
    details_of_a_job = ["state", "why", "attempts", "next_try", "finished_at"]
    list_select_related = ["destination__delivery_pause"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "why"]

    @display(description=gettext_lazy("Reason"), ordering="reason", empty_value="")
    def why(self, job: Any) -> str:
        return _waits_for_destination(job) or job.reason

    @display(description=gettext_lazy("Next try"), ordering="held_until", empty_value="")
    def next_try(self, job: Job) -> str:
        return "" if _waits_for_destination(job) else super().next_try(job)


def _waits_for_destination(job: Any) -> str:
    is_waiting = job.is_unfinished and job.destination
    return why_not_open(job.destination, now=timezone.now()) if is_waiting else ""
