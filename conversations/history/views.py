"""The history pages: a searchable list, and one conversation."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import push_url

from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS
from channels_cfg.models import AccessRight, Right
from conversations.attached_data.kept_condition import Operator
from conversations.consents import shown_to
from conversations.contacts.rights import may_manage_contacts
from conversations.filters import ConversationFilter
from conversations.history.kept_table import kept_table, task_body_apart
from conversations.keyset import KeysetPage, keyset_page
from conversations.models import Association, Conversation, Leg, Task
from conversations.pairs import as_text
from conversations.safe_html import body_of
from conversations.signed_in import page_for_people, viewer
from conversations.timeline import timeline
from conversations.transcript import transcript

PAGE_SIZE = 50
PLACE_IN_LIST = ("after", "before")
UNDER_MORE_FILTERS = (
    "received_after", "received_before", "customer", "channel", "messaging_channel", "direction", "state",
)  # fmt: skip


@page_for_people
def conversation_list(request: HttpRequest) -> HttpResponse:
    """Conversations that the viewer may see, newest first. To htmx, the results alone."""
    query = filter_query(request.GET)
    is_partial = bool(request.htmx) and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    address = f"{reverse('history:index')}{'?' if query else ''}{query.urlencode(safe='=:~')}"
    if query != request.GET and not is_partial:
        return redirect(address)
    request.GET = query  # type: ignore[assignment]  # what follows reads the folded form

    filterset = ConversationFilter(query, granted(request), request=request)
    page, errors = _page(filterset, query)
    template = "history/_results.html" if is_partial else "history/conversation_list.html"
    context = {
        "filterset": filterset,
        "form": filterset.form,
        "page": page,
        "errors": errors,
        "is_filtered": any(name not in PLACE_IN_LIST for name in query),
        "is_first_page": not any(query.get(name) for name in PLACE_IN_LIST),
        "links": _links(query, page),
    } | _facts_of_the_search(filterset)
    if not is_partial:
        context |= _form_facts(request, filterset)
    response = render(request, template, context)
    return push_url(response, address) if is_partial else response


def granted(request: HttpRequest) -> QuerySet[Conversation]:
    return Conversation.objects.granting(Right.VIEW_HISTORY, to=viewer(request)).with_places()


def filter_query(sent: QueryDict) -> QueryDict:
    """The query that says the same in the fewest words: no empty fields, no dates beside a period in words, and the
    three fields in which a form asks about a key folded into one ``kept`` condition."""
    query = QueryDict(mutable=True)
    for name, values in sent.lists():
        if name not in ("kept_key", "kept_operator", "kept_text"):
            query.setlist(name, list(dict.fromkeys(value for value in values if value.strip())))
    if key := sent.get("kept_key", "").strip():
        sign = sent.get("kept_operator", "")
        asked = f"{key}{sign}{sent.get('kept_text', '')}" if sign else key
        query.setlist("kept", list(dict.fromkeys([*query.getlist("kept"), asked])))
    if query.get("period"):
        query.setlist("received_after", [])
        query.setlist("received_before", [])
    for name in [name for name, values in query.lists() if not values]:
        del query[name]
    return query


def _page(filterset: ConversationFilter, query: QueryDict) -> tuple[KeysetPage[Conversation] | None, list[Any]]:
    """The page asked for, or what is wrong with the question: (id of the field, its label, message)."""
    if not filterset.is_valid() and filterset.is_bound and filterset.errors:
        return None, [
            (f"id_{name}" if name in filterset.filters else "", _label(filterset, name), message)
            for name, messages in filterset.errors.items()
            for message in messages
        ]
    try:
        return keyset_page(filterset.qs, size=PAGE_SIZE, after=query.get("after"), before=query.get("before")), []
    except ValidationError as bad:
        return None, [("", "Page", message) for message in bad.messages]


def _label(filterset: ConversationFilter, name: str) -> str:
    return str(filterset.filters[name].label) if name in filterset.filters else ""


def _links(query: QueryDict, page: KeysetPage[Conversation] | None) -> dict[str, str]:
    """Addresses of the neighbours, each with the whole filter."""
    if page is None:
        return {}
    plain = query.copy()
    for name in PLACE_IN_LIST:
        plain.pop(name, None)

    def link(**place: str) -> str:
        target = plain.copy()
        target.update(place)
        return f"{reverse('history:index')}?{target.urlencode(safe='=:~')}"

    links = {"newest": link()}
    if page.next_cursor:
        links["older"] = link(after=page.next_cursor)
    if page.previous_cursor:
        links["newer"] = link(before=page.previous_cursor)
    return links


def _facts_of_the_search(filterset: ConversationFilter) -> dict[str, Any]:
    """What the results say about the question: its period in dates, and its conditions on kept data."""
    start, end = filterset.received_bounds()
    return {"start": start, "end": end, "zone": filterset.zone.key, "conditions": _conditions(filterset)}


def _conditions(filterset: ConversationFilter) -> list[dict[str, str]]:
    """Each condition in words, and the address of the same search without it."""
    conditions = []
    for condition in getattr(filterset.form, "cleaned_data", {}).get("kept") or []:
        rest = filterset.data.copy()
        rest.setlist("kept", [written for written in rest.getlist("kept") if written != str(condition)])
        for name in PLACE_IN_LIST:
            rest.pop(name, None)
        conditions.append(
            {
                "written": str(condition),
                "in_words": condition.in_words,
                "without": f"{reverse('history:index')}?{rest.urlencode(safe='=:~')}",
            }
        )
    return conditions


def _form_facts(request: HttpRequest, filterset: ConversationFilter) -> dict[str, Any]:
    """What the form offers beside the fields of the filter."""
    return {
        "may_view": AccessRight.objects.held_by(viewer(request)).filter(right=Right.VIEW_HISTORY).exists(),
        "offered_keys": filterset.offered_keys(),
        "more_is_open": any(name in filterset.data for name in UNDER_MORE_FILTERS),
        "operators": Operator.choices,
        "messaging_channels": [(wire, channel.label) for channel in MESSAGING_CHANNELS for wire in channel.wires],
        "chosen_states": filterset.data.getlist("state"),
    }


@page_for_people
def conversation_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One conversation: what happened, what was said, who took part, what is kept."""
    conversation = get_object_or_404(granted(request).select_related("reference"), pk=pk)
    legs = (
        Leg.objects.filter(conversation=conversation)
        .with_time_on_hold(now=timezone.now())
        .select_related("queue", "agent")
        .prefetch_related("communications")
    )
    consents = shown_to(viewer(request), conversation)
    kept = kept_table(conversation) if conversation.carries_attached_data else []
    without_body, body = task_body_apart(conversation, kept)
    return render(
        request,
        "history/conversation_detail.html",
        {
            "conversation": conversation,
            "consents": consents,
            "association": Association.objects.select_related("contact").filter(conversation=conversation).first(),
            "may_manage_contacts": may_manage_contacts(viewer(request)),
            "task": Task.objects.filter(conversation=conversation).first(),
            "kept_rows": without_body,
            "kept_body": body_of(as_text(body.value)) if body else None,
            "timeline": timeline(conversation, consents or ()),
            "transcript": transcript(conversation, whole=request.GET.get("messages") == "all"),
            "whole_transcript": "?messages=all#transcript",
            "legs": legs,
        },
    )
