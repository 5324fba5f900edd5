"""The Contact Log's pages: counts with a chart, and the rows behind a count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from django_htmx.http import push_url

from channels_cfg.models import Right, User
from conversations.attached_data.reasons import REASONS
from conversations.keyset import keyset_page
from conversations.models import Conversation
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.asked import CUSTOM, PARAMETERS
from reporting.contact_log.columns import has_fields, keys_among
from reporting.contact_log.comparison import ComparedCounts, compare, may_compare, no_such_queue, not_over
from reporting.contact_log.counts import HIDDEN, Counted, Numbers
from reporting.contact_log.measures import IN_TABLES, MEASURES, Unit
from reporting.contact_log.query import MOST_KEYS, LogQuery, kept_key_names, zone_of
from reporting.contact_log.small_groups import count_shown
from reporting.contact_log.words.asked_words import LATE_WORDS, asked_in_words
from reporting.contact_log.words.compared import compared
from reporting.contact_log.words.count_table import count_table
from reporting.contact_log.words.number_words import duration, in_words, why_empty
from reporting.contact_log.words.row_addresses import RowAddresses, rows_address
from reporting.pages.chosen_columns import cells_of, choice_facts, heads_of, shown_on_page
from reporting.pages.report_form import NO_INTERVAL, form_facts, typed
from reporting.pages.report_runs import may_view_reports, watermark

PAGE_SIZE = 50
PLACE_IN_LIST = ("after", "before")
ORDER = ("received_at", "conversation_id")
OF_COLUMNS = ("column", "heading")
"""Parameters without which the rows are the same."""
DEFAULT_INTERVAL = "day"


@page_for_people
@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """Counts of conversations over time and by group. To htmx, the results alone."""
    user = viewer(request)
    if not may_view_reports(user):
        return render(request, "reports/report.html", {"may_view": False})
    is_partial = bool(request.htmx) and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    params = folded(request.GET)
    params.setdefault("interval", DEFAULT_INTERVAL)
    query, complaints = _read(params, user)
    context: dict[str, Any] = {"may_view": True, "errors": _in_words(complaints), "query": query}
    context |= {"watermark": watermark(user), "complaints": complaints}
    context |= asked_in_words(query, user, reverse("reports:index"))
    if not complaints:
        context |= _results(query, user)
    elif set(complaints) == {"interval"} and query.interval:
        context |= {"is_too_large": True, "params": replace(query, interval="").as_params()}
    if is_partial:
        response = render(request, "reports/_report.html", context)
        return push_url(response, f"{reverse('reports:index')}?{params.urlencode(safe=':~')}")
    return render(request, "reports/report.html", context | form_facts(params, query, user) | typed(params, complaints))


@page_for_people
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows behind a count: the same question, the same rights."""
    user = viewer(request)
    if not may_view_reports(user):
        return redirect("reports:index")
    params = folded(request.GET)
    query, complaints = _read(params, user)
    context: dict[str, Any] = {"errors": _in_words(complaints), "query": query, "watermark": watermark(user)}
    context |= {"back": f"{reverse('reports:index')}?{params.urlencode(safe=':~')}"}
    context |= asked_in_words(query, user, reverse("reports:rows"))
    if complaints.keys() <= set(OF_COLUMNS):
        context |= _row_facts(request, query, user)
    return render(request, "reports/rows.html", context)


def _results(query: LogQuery, user: User) -> dict[str, Any]:
    """The numbers, and where they lead."""
    counted = count_shown(query, user)
    comparison = compare(query, counted, user)
    everything = query.drilled()
    return {
        "summary": _summary(query, counted, comparison),
        "totals": counted.at(),
        "is_empty": _is_empty(counted, comparison),
        "keys_not_kept": [] if counted.at()["conversations"] != 0 else query.keys_not_kept(user),
        "smallest": counted.smallest if counted.at() is HIDDEN else 0,
        "table": count_table(query, counted, comparison),
        "not_over": not_over(query, now=timezone.now()),
        "rows_address": rows_address(everything),
        "params": query.as_params(),
        "legs_address": f"{reverse('reports:legs')}?{query.as_address()}",
        "saved_params": query.as_params(),
    }


def _is_empty(counted: Counted, comparison: ComparedCounts | None) -> bool:
    """Whether there is nothing to show: a fall to nothing is."""
    return counted.at()["conversations"] == 0 and not (comparison and comparison.counted.at()["conversations"])


def folded(sent: QueryDict) -> QueryDict:
    """The query without empty fields, and with the fields in which a form asks about a key folded into one."""
    params = QueryDict(mutable=True)
    for name, values in sent.lists():
        if name not in ("kept_key", "kept_operator", "kept_text"):
            given = list(dict.fromkeys(value for value in values if value.strip() or name == "column"))
            if given:
                params.setlist(name, given)
    if key := sent.get("kept_key", "").strip():
        sign = sent.get("kept_operator", "")
        if sign in REASONS:
            params.setlistdefault("missing").append(f"{key}:{sign}")
        else:
            params.setlistdefault("kept").append(f"{key}{sign}{sent.get('kept_text', '')}" if sign else key)
    if tuple(params.getlist("measure")) == IN_TABLES:
        del params["measure"]
    if params.get("period") not in (None, CUSTOM):
        params.pop("received_after", None)
        params.pop("received_before", None)
    return params


def _read(params: QueryDict, user: User) -> tuple[LogQuery, dict[str, list[str]]]:
    """The query as far as it makes sense, and what is wrong with the question, by parameter."""
    asked = params.copy()
    if asked.get("interval") == NO_INTERVAL:
        del asked["interval"]
    query, complaints = LogQuery.read(asked, zone=zone_of(user), now=timezone.now())
    if not may_compare(query, user):
        complaints["compare"] = [no_such_queue()]
    return query, complaints


FIELD_IDS = {
    "by": "id_by_1",
    "kept": "id_kept_key",
    "missing": "id_kept_key",
    "at": "id_interval",
    "column": "",
    "heading": "",
    "late": "",
    "others": "",
}
"""Where the form asks for a parameter, if not in the field of its name."""


def _in_words(complaints: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """What is wrong, for a page: the id of the field, its label, and the message."""
    return [
        (FIELD_IDS.get(name, f"id_{name}"), str(PARAMETERS.get(name, "")), message)
        for name, messages in complaints.items()
        for message in messages
    ]


def _summary(query: LogQuery, counted: Counted, comparison: ComparedCounts | None) -> list[dict[str, Any]]:
    """The measures as cards: words, number, what it counts, and where its rows are."""
    totals = counted.at()
    other = comparison.counted.at() if comparison else None
    return [
        {
            "label": str(measure.label),
            "definition": str(measure.definition),
            "number": in_words(measure, totals[name]),
            "reason": why_empty(name, totals),
            "address": _address(query, name, totals),
            "compared": compared(name, totals, other, _address(comparison.query, name, other))
            if comparison and other
            else None,
        }
        for name, measure in MEASURES.items()
    ]


def _address(query: LogQuery, name: str, totals: Numbers) -> str:
    counts_rows = totals[name] and MEASURES[name].unit == Unit.CONVERSATIONS
    return RowAddresses(query).of(name) if counts_rows else ""


def _row_facts(request: HttpRequest, query: LogQuery, user: User) -> dict[str, Any]:
    entries = query.entries(user)
    try:
        place = {name: request.GET.get(name) for name in PLACE_IN_LIST}
        page = keyset_page(entries.select_related("channel", "queue", "agent"), size=PAGE_SIZE, order=ORDER, **place)
    except ValidationError as bad:
        return {"errors": [("", "", message) for message in bad.messages]}
    occurring = kept_key_names(query, entries)
    offered = occurring[:MOST_KEYS]
    columns = shown_on_page(query, offered)
    heads = heads_of(columns)
    viewable = Conversation.objects.granting(Right.VIEW_HISTORY, to=user).filter(
        pk__in=[entry.pk for entry in page.items]
    )
    openable = set(viewable.values_list("pk", flat=True))
    address = rows_address(query)
    return {
        "count": entries.count(),
        "keys_not_kept": [] if page.items else query.keys_not_kept(user),
        "heads": heads,
        "is_together": not has_fields(query.columns or ()),
        **choice_facts(query, offered, request.GET),
        "most_keys": MOST_KEYS if len(occurring) > MOST_KEYS else None,
        "rows": [
            {
                "entry": entry,
                "opens": entry.pk in openable,
                "ivr": duration(entry.ivr_seconds) if entry.ivr_seconds else "",
                "hold": duration(entry.hold_seconds) if entry.hold_seconds else "",
                "late": [LATE_WORDS[change] for change in entry.late_changes],
                "cells": cells_of(entry, heads),
            }
            for entry in page.items
        ],
        "params": query.as_params(),
        "saved_params": {"column": keys_among(columns) or [""], **query.as_params()},
        "other_params": {name: values for name, values in query.as_params().items() if name not in OF_COLUMNS},
        "newest": address if any(place.values()) else "",
        "older": f"{address}&after={page.next_cursor}" if page.next_cursor else "",
        "newer": f"{address}&before={page.previous_cursor}" if page.previous_cursor else "",
        "back": f"{reverse('reports:index')}?{replace(query, at=None).as_address()}",
    }
