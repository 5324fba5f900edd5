"""The columns on the page of rows: what their cells tell, and the form that chooses, orders and renames them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.attached_data.reasons import REASONS
from conversations.pairs import as_text
from conversations.signed_in import page_for_people, viewer
from reporting.contact_log.columns import EMPTY_BECAUSE, FIELD, FIELDS_OF_ROWS, TIMES, LogColumn, has_fields, in_order
from reporting.contact_log.kept_key import missing_reason_of
from reporting.contact_log.query import LogQuery, zone_of
from reporting.contact_log.words.number_words import duration
from reporting.contact_log.words.row_addresses import as_asked, rows_address
from reporting.models import ContactLogEntry

TOGETHER = (
    "received_at",
    "conversation_id",
    "channel",
    "queue",
    "agent",
    "state",
    "disposition",
    "waited_seconds",
    "handling_seconds",
)
"""Where nobody chose which columns but keys are shown, the page has these; their cells tell of others, too."""

_WORDS = {
    **FIELDS_OF_ROWS,
    "waited_seconds": _("Waited"),
    "handling_seconds": _("Handling"),
    "ivr_seconds": _("In the IVR"),
    "hold_seconds": _("On hold"),
}
"""The page shows minutes and seconds."""


# What is shown


def shown_on_page(query: LogQuery, occurring: Sequence[str]) -> list[LogColumn]:
    """The columns of the page, where these kept keys occur."""
    shown = query.shown_columns(lambda: occurring)
    if has_fields(query.columns or ()):
        return shown
    places = {column.written: column for column in shown}
    return [*(places[f"{FIELD}{name}"] for name in TOGETHER), *(column for column in shown if column.is_key)]


def heads_of(columns: Sequence[LogColumn]) -> list[dict[str, Any]]:
    """What each column is, for its heading and for its cells; of a kept key ``field`` is empty."""
    return [
        {
            "field": "" if column.is_key else column.name,
            "key": column.name if column.is_key else "",
            "is_own_heading": bool(column.heading),
            "words": column.heading or (column.name if column.is_key else str(_WORDS[column.name])),
            "is_number": not column.is_key and column.name.endswith("_seconds"),
            "is_time": not column.is_key and column.name in TIMES,
        }
        for column in columns
    ]


def cells_of(entry: ContactLogEntry, heads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each column its head with what the entry has there."""
    keys = [head["key"] for head in heads if head["key"]]
    return [head | _content(entry, head, keys) for head in heads]


def _content(entry: ContactLogEntry, head: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    if key := head["key"]:
        if key in entry.kept_data:
            return {"text": as_text(entry.kept_data[key]), "is_value": True}
        return {"text": REASONS[missing_reason_of(entry, key)], "is_value": False}
    if head["field"] == EMPTY_BECAUSE:
        reasons = (f"{key}: {REASONS[missing_reason_of(entry, key)]}" for key in keys if key not in entry.kept_data)
        return {"text": "; ".join(reasons)}
    if head["is_number"]:
        return {"text": duration(getattr(entry, head["field"]))}
    found = getattr(entry, head["field"])
    names_nobody = head["field"] in ("queue", "agent")
    return {"time": found, "is_empty": found in ("", None) and not names_nobody}


# The form


def choice_facts(query: LogQuery, offered: Sequence[str], params: QueryDict) -> dict[str, Any]:
    """What the form offers: the columns that are shown, in their order, then the others."""
    shown = in_order(offered if query.columns is None else query.columns)
    every = dict.fromkeys([*shown, *(f"{FIELD}{name}" for name in FIELDS_OF_ROWS), *offered])
    typed = dict(written.split("=", 1) for written in params.getlist("heading") if "=" in written)
    choices = [
        {
            "written": written,
            "label": LogColumn(written).label(query.zone),
            "is_key": LogColumn(written).is_key,
            "heading": typed.get(written, ""),
            "is_wrong": typed.get(written, "").strip() != query.headings.get(written, ""),
            "is_shown": written in shown,
        }
        for written in every
    ]
    is_choice = query.columns is not None or query.headings
    return {
        "choices": choices,
        "number_shown": len(shown),
        "without_choice": rows_address(replace(query, columns=None, headings={})) if is_choice else "",
    }


@page_for_people
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Lead to the rows with the columns as they were ticked, ordered and renamed; where a button moved one, to that."""
    asked = request.POST.copy()
    moved = asked.get("up") or asked.get("down") or ""
    asked.setlist("column", _with_moved(asked.getlist("column"), moved, by=-1 if "up" in asked else 1))
    headings = {column: asked.get(f"heading:{column}", "").strip() for column in asked.getlist("column")}
    asked.setlist("heading", [f"{column}={heading}" for column, heading in headings.items() if heading])
    query, complaints = LogQuery.read(asked, zone=zone_of(viewer(request)), now=timezone.now())
    if complaints:
        return redirect(as_asked(asked, page="reports:rows"))
    shown = in_order(query.columns or ())
    return redirect(rows_address(query) + (f"#column-{shown.index(moved) + 1}" if moved in shown else ""))


def _with_moved(columns: list[str], moved: str, *, by: int) -> list[str]:
    """The ticked columns with this one so many places further, where there are so many."""
    ticked = [column for column in columns if column != FIELD]
    if moved in ticked:
        place = ticked.index(moved)
        ticked.insert(max(0, place + by), ticked.pop(place))
    return [*(column for column in columns if column == FIELD), *ticked]
