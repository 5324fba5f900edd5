"""Whether the Contact Log is up to date, and how it came about."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from channels_cfg.models import User
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.fill import complete_up_to, waiting_conversations
from reporting.models import ReportRun
from reporting.viewing import may_view_reports as may_view_reports

RUNS_SHOWN = 50


def watermark(user: User) -> dict[str, Any]:
    """Up to when the log tells everything, what waits for the next run, and what became of the latest."""
    return {
        "complete_up_to": complete_up_to(),
        "waiting": waiting_conversations(user),
        "latest_run": ReportRun.objects.first(),
    }


@page_for_people
def run_list(request: HttpRequest) -> HttpResponse:
    """The latest runs of the reporting job, for whoever may view any report."""
    ReportRun.objects.silent(now=timezone.now()).update(outcome=ReportRun.Outcome.INTERRUPTED)
    may_view = may_view_reports(viewer(request))
    context = {"may_view": may_view, "runs": ReportRun.objects.all()[:RUNS_SHOWN] if may_view else []}
    return render(request, "reports/run_list.html", context | (watermark(viewer(request)) if may_view else {}))
