"""The desk: one page with the agent's conversations and the one that is open, kept up to date by waiting for news."""

from __future__ import annotations

import uuid
from functools import partial
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_cfg.models import AccessRight, AttachedKey, PauseReason, Queue, Right, User
from conversations.consents import shown_to
from conversations.conversation_id import conversation_id
from conversations.desk import actions, fetching, typing, wrap_up
from conversations.desk.actions import ACTIONS, TO_ANOTHER, Action
from conversations.desk.attached import attached_data_for_agent, ending_of
from conversations.desk.contact_card import contact_card
from conversations.desk.contact_information import contact_information_of
from conversations.desk.on_desk import Desk, Tokens, desk_of, on_desk_of, tokens_of, topics_of_desk
from conversations.desk.replying import reply_box
from conversations.lifecycle import WrongState
from conversations.models import AgentPresence, Conversation, Hold, Leg, State
from conversations.pairs import RefusedPairs
from conversations.routing.presence import seen, set_presence
from conversations.signed_in import page_for_people, viewer
from conversations.storable import storable
from conversations.topics import WAITS_FOR
from conversations.transcript import transcript


@page_for_people
@require_safe
def desk(request: HttpRequest, pk: uuid.UUID | None = None) -> HttpResponse:
    """The lists, and one conversation opened beside them."""
    agent = viewer(request)
    seen(agent, now=timezone.now())
    context: dict[str, Any] = {"desk": desk_of(agent), "open_id": pk, "session": session_token(request)}
    if pk:
        tokens = tokens_of(pk)  # first: what is read later is no older
        conversation = get_object_or_404(on_desk_of(agent), pk=pk)
        context |= _opened(request, conversation, tokens)
        context["box"] = reply_box(conversation, agent=agent, now=timezone.now())
        context["keys"] = AttachedKey.objects.order_by("name")[:MOST_KEYS]
    elif _is_empty(context["desk"]):
        held = AccessRight.objects.held_by(agent).filter(right=Right.SERVE)
        context["may_serve"] = held.exists()
    return render(request, "desk/desk.html", {"may_serve": True} | context)


MOST_KEYS = 500
"""Of the catalogue, offered while one types."""


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """The parts of the page that changed since the browser got them; 204 where none did, which may take a while; 401
    where the session has ended, so that the page stays with what was typed."""
    if not request.user.is_authenticated:
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    agent = viewer(request)
    seen(agent, now=timezone.now())
    session = session_token(request)
    known = request.GET if request.GET.get("session") == session else QueryDict()
    now_there = desk_of(agent)
    context: dict[str, Any] = {"changed": set(), "open_id": _open_id(request), "session": session}
    if not known:
        context["changed"] |= {"session", "mark"}
    if now_there.token != known.get("list"):
        context["changed"].add("list")
        context["desk"] = now_there
    if context["open_id"]:
        context |= _news_of(request, context["open_id"], known, context["changed"])
    if context["changed"]:
        return render(request, "desk/_news.html", context)
    waits_for = {} if "now" in request.GET else {WAITS_FOR: topics_of_desk(agent, context["open_id"])}
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=waits_for)


@page_for_people
@require_POST
def presence(request: HttpRequest) -> HttpResponse:
    """The agent is ready, paused (``paused:3`` with a reason), or away."""
    status, _colon, chosen = request.POST.get("status", "").partition(":")
    if status not in AgentPresence.Status.values:
        raise BadRequest("no such status")
    reason = next((one for one in PauseReason.objects.all() if str(one.pk) == chosen), None)
    reason = reason if status == AgentPresence.Status.PAUSED else None
    set_presence(viewer(request), status=status, reason=reason, now=timezone.now())
    try:
        return _back_to(request, conversation_id(request.POST.get("open", "")))
    except ValueError:
        return redirect("desk:index")


def session_token(request: HttpRequest) -> str:
    """Changes with every sign-in: the forms of a page that was shown before are refused."""
    get_token(request)
    return salted_hmac("desk", request.META["CSRF_COOKIE"]).hexdigest()[:16]


def _open_id(request: HttpRequest) -> uuid.UUID | None:
    try:
        return conversation_id(request.GET.get("open", ""))
    except ValueError:
        return None


def _news_of(request: HttpRequest, pk: uuid.UUID, known: QueryDict, changed: set[str]) -> dict[str, Any]:
    """What changed of the open conversation; ``gone`` once it has left the agent's desk."""
    agent = viewer(request)
    tokens = tokens_of(pk)  # first: what is read later is no older
    conversation = on_desk_of(agent).filter(pk=pk).first()
    if conversation is None:
        if known.get("head") == "gone":
            return {}
        changed.add("gone")
        return {"where_it_went": _where_it_went(request, pk)}
    changed |= {part for part in PARTS if getattr(tokens, part) != known.get(part)}
    if not changed.intersection(PARTS):
        return {}
    context = _opened(request, conversation, tokens)
    box = reply_box(conversation, agent=agent, now=timezone.now())
    below = "wrap_up" if context["wrap_up"] else "reply" if box else "nothing"
    if below != request.GET.get("below"):  # what is typed in one that is there is left alone
        changed.add("below")
    elif box and changed & {"head", "messages"}:
        changed.add("may")
    return context | {"box": box, "may": box.may if box else None}


PARTS = ("head", "data", "messages", "typing")
"""Of the open conversation, each with a token of its own."""


def _where_it_went(request: HttpRequest, pk: uuid.UUID) -> str:
    """Told to those who hold the right on it; to others it is as if it had never been."""
    conversation = Conversation.objects.granting(Right.SERVE, to=viewer(request)).with_places().filter(pk=pk).first()
    if conversation is None:
        return ""
    if conversation.agent and conversation.agent != viewer(request) and conversation.is_active:
        return _("%(agent)s has it now.") % {"agent": conversation.agent}
    return _("It is %(state)s.") % {"state": conversation.get_state_display().lower()}


def _opened(request: HttpRequest, conversation: Conversation, tokens: Tokens) -> dict[str, Any]:
    agent = viewer(request)
    is_mine = conversation.agent_id == agent.pk
    is_served = is_mine and conversation.state == State.ACCEPTED
    fetches = fetching.fetches_of(conversation)
    taking_part = conversation.legs.there().filter(entry__in=[Leg.Entry.CONSULTATION, Leg.Entry.CONFERENCE])
    return {
        "conversation": conversation,
        "is_mine": is_mine,
        "on_hold": Hold.objects.filter(conversation=conversation, ended_at=None).first(),
        "contact_information": contact_information_of([conversation] if conversation.state in OFFERED else []).get(
            conversation.pk, ""
        ),
        "asked": taking_part.select_related("agent").last(),
        "tokens": tokens,
        "attached": attached_data_for_agent(conversation),
        "card": contact_card(agent, conversation),
        "fetches": fetches,
        "may_fetch_again": any(fetch.may_be_tried_again for fetch in fetches),
        "transcript": transcript(conversation),
        "typing_seconds": typing.seconds_of_customer(conversation, now=timezone.now()),
        "consents": shown_to(agent, conversation),
        "ending": ending_of(conversation) if is_served else None,
        "transfer_queues": actions.queues_to_transfer_to(conversation, agent=agent) if is_served else [],
        "wrap_up": wrap_up.wrap_up_of(conversation) if is_mine and conversation.state == State.WRAP_UP else None,
        "colleagues": actions.colleagues(conversation, agent=agent) if is_served else [],
    }


OFFERED = (State.QUEUED, State.ALLOCATED)


def _is_empty(desk: Desk) -> bool:
    return not desk.offers and not desk.mine and not desk.waiting


@page_for_people
@require_POST
def do(request: HttpRequest, pk: uuid.UUID, action: str) -> HttpResponse:
    """One action of the agent; a conflict is told in words, and a second click does no harm."""
    if action not in ACTIONS:
        raise Http404
    return _done(request, pk, action, ACTIONS[action])


@page_for_people
@require_POST
def to_another(request: HttpRequest, pk: uuid.UUID, action: str) -> HttpResponse:
    """Hand the conversation to a queue or a colleague, or ask a colleague about it."""
    conversation = _to_serve(request, pk)
    kind, _colon, chosen = request.POST.get("to", "").partition(":")
    queues = actions.queues_to_transfer_to(conversation, agent=viewer(request)) if action == "transfer" else []
    choices: dict[str, list[Any]] = {
        "queue": queues,
        "agent": actions.colleagues(conversation, agent=viewer(request)),
    }
    found = next((one for one in choices.get(kind, []) if str(one.pk) == chosen), None)
    if found is None:
        messages.error(request, _("Choose from the list."))
        return _back_to(request, pk)
    return _done(request, pk, action, partial(TO_ANOTHER[action], **{kind: found}), whom=found)


@page_for_people
@require_POST
def attach(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A pair that the agent enters."""
    key, value = (request.POST.get(name, "").strip() for name in ("key", "value"))
    try:
        return _done(request, pk, "attach", partial(actions.attach, key=key, value=value))
    except RefusedPairs as refused:
        messages.error(request, " ".join(f"{key}: {why}" for key, why in refused.complaints.items()))
        return _back_to(request, pk)


@page_for_people
@require_POST
def fetch_again(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What integrations could not fetch is asked for once more."""
    if fetching.fetch_again(_to_serve(request, pk)):
        messages.success(request, _("It is fetched again."))
    return _back_to(request, pk)


@page_for_people
@require_POST
def note_wrap_up(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep what the agent noted, and, where that was all, finish."""
    noted = partial(
        wrap_up.note,
        disposition=request.POST.get("disposition", ""),
        note=storable(request.POST.get("note", "")).strip()[:LONGEST_NOTE],
        pairs={name.removeprefix(KEY): str(value) for name, value in request.POST.items() if name.startswith(KEY)},
    )
    try:
        answer = _done(request, pk, "note", noted)
    except RefusedPairs as refused:
        messages.error(request, " ".join(f"{key}: {why}" for key, why in refused.complaints.items()))
        return _back_to(request, pk)
    return _done(request, pk, "handle", wrap_up.finish) if "finish" in request.POST else answer


KEY = "key-"
LONGEST_NOTE = 2000


def _done(
    request: HttpRequest, pk: uuid.UUID, action: str, act: Action, *, whom: Queue | User | None = None
) -> HttpResponse:
    before = _to_serve(request, pk)
    try:
        after = act(before.pk, by=viewer(request), now=timezone.now())
    except (WrongState, wrap_up.Unfinished) as conflict:
        messages.warning(request, str(conflict))
    else:
        if after.version != before.version and not (action == "note" and "finish" in request.POST):
            messages.success(request, _what_is_now_true(action, after, whom))
    return _back_to(request, pk)


def _to_serve(request: HttpRequest, pk: uuid.UUID) -> Conversation:
    served = Conversation.objects.granting(Right.SERVE, to=viewer(request)).with_places()
    conversation: Conversation = get_object_or_404(served, pk=pk)
    return conversation


def _what_is_now_true(action: str, conversation: Conversation, whom: Queue | User | None) -> str:
    if action == "end":
        kept = ", ".join(sorted(conversation.kept_data)) or _("nothing")
        return _("The conversation has ended. Kept of its data: %(keys)s.") % {"keys": kept}
    words = {
        "accept": _("You accepted the conversation with %(customer)s."),
        "reject": _("You rejected the conversation; it waits for somebody else."),
        "hold": _("%(customer)s is on hold."),
        "resume": _("%(customer)s is not on hold any more."),
        "consult": _("You asked %(whom)s; the customer is on hold."),
        "accept_consultation": _("You are consulted about %(customer)s."),
        "end_consultation": _("The consultation is over."),
        "conference": _("All are in the conversation now."),
        "transfer": _("The conversation waits in %(whom)s now.")
        if isinstance(whom, Queue)
        else _("The conversation was handed to %(whom)s."),
        "note": _("It is noted."),
        "handle": _("Wrap-up is over; the conversation is handled. Kept: %(kept)d, removed: %(removed)d."),
    }
    return words[action] % (_counts(conversation) | {"customer": conversation.customer, "whom": whom})


def _counts(conversation: Conversation) -> dict[str, Any]:
    return {"kept": len(conversation.kept_data), "removed": len(conversation.dropped_keys)}


def _back_to(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The conversation while it is on the agent's desk, else the desk."""
    if on_desk_of(viewer(request)).filter(pk=pk).exists():
        return redirect("desk:conversation", pk=pk)
    return redirect("desk:index")
