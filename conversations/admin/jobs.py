"""A page for a kind of job: what waits, what was given up and why, and a way to try it again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from channels_cfg import moments
from channels_cfg.admin.read_only import ReadOnlyAdmin
from channels_cfg.models import Job, JobQuerySet

COLOURS = {
    "waiting": "info",
    "done": "success",
    "applied": "success",
    "ready": "success",
    "failed": "danger",
    "ignored": "default",
    "writing": "info",
    "planning": "info",
    "unchanged": "success",
    "cancelled": "default",
    "expired": "default",
}
"""Of labels, by state; one that is not here would be shown by its code."""


class JobAdmin(ReadOnlyAdmin):
    """Jobs are read, and tried again; nobody adds, changes or deletes one."""

    list_of_a_job = ["job_state", "attempts", "next_try", "reason"]
    details_of_a_job = ["state", "reason", "attempts", "next_try", "finished_at"]
    actions = ["try_again"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "next_try"]

    @display(description=gettext_lazy("State"), ordering="state", label=COLOURS)
    def job_state(self, job: Job) -> tuple[str, str]:
        return job.state, job.get_state_display()

    @display(description=gettext_lazy("Next try"), ordering="held_until", empty_value="")
    def next_try(self, job: Job) -> str:
        if job.finished_at:
            return ""
        if job.holder and job.held_until and job.held_until > timezone.now():
            return _("Being worked on")
        return moments.in_words(job.held_until, moments.TO_THE_SECOND) if job.held_until else _("Now")

    @admin.action(description=gettext_lazy("Try again"), permissions=["view"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        assert isinstance(chosen, JobQuerySet)
        count = chosen.try_again()
        words = ngettext("%(count)d is tried again.", "%(count)d are tried again.", count) % {"count": count}
        if kept := chosen.count() - count:
            words += " " + ngettext(
                "%(count)d is not: it is done, being worked on, or what it needs is erased.",
                "%(count)d are not: they are done, being worked on, or what they need is erased.",
                kept,
            ) % {"count": kept}
        self.message_user(request, words)
