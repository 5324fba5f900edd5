"""The legs of the conversations that a report counts, by queue and by agent."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from conversations.models import Leg
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.counts import Rest
from reporting.contact_log.legs import LegCounts, leg_counts
from reporting.contact_log.query import LogQuery, zone_of
from reporting.contact_log.words.asked_words import asked_in_words
from reporting.contact_log.words.group_words import GroupWords, word_for_others
from reporting.contact_log.words.number_words import duration
from reporting.contact_log.words.row_addresses import as_asked
from reporting.pages.report_runs import may_view_reports, watermark


@page_for_people
@require_GET
def legs(request: HttpRequest) -> HttpResponse:
    """A question that makes no sense leads back to the report, which says so."""
    user = viewer(request)
    query, complaints = LogQuery.read(request.GET, zone=zone_of(user), now=timezone.now())
    if complaints or not may_view_reports(user):
        return redirect(as_asked(request.GET))
    counts = leg_counts(query, user)
    context = {
        "query": query,
        "watermark": watermark(user),
        **asked_in_words(replace(query, compare=""), user, reverse("reports:legs")),
        "back": as_asked(request.GET),
        "queues": _table(counts[Leg.Purpose.QUEUE], "queue"),
        "agents": _table(counts[Leg.Purpose.AGENT], "agent"),
    }
    return render(request, "reports/legs.html", context)


def _table(legs: LegCounts, by: str) -> dict[str, Any]:
    words = GroupWords.of(by, (count.of for count in legs.counts if count.of is not Rest.OTHERS))
    rows = [
        asdict(count)
        | {
            "label": word_for_others(legs.smallest) if count.of is Rest.OTHERS else words.word(count.of),
            "lasted": _duration(count.lasted),
        }
        for count in legs.counts
    ]
    return {"rows": rows, "hidden_below": legs.smallest if legs.is_hidden else 0}


def _duration(lasted: timedelta | None) -> str:
    return duration(lasted.total_seconds() if lasted is not None else None)
