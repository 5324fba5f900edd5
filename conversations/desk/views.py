"""The desk: one page with the agent's conversations and the one that is open, kept up to date by small polls."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from channels_cfg.models import AccessRight, Queue, Right
from conversations import lifecycle
from conversations.conversation_id import conversation_id
from conversations.desk import actions
from conversations.desk.attached import attached_data_for_agent, ending_of
from conversations.desk.on_desk import Desk, desk_of, on_desk_of, tokens_of
from conversations.lifecycle import WrongState
from conversations.models import Conversation, Hold, State
from conversations.signed_in import page_for_people, viewer
from conversations.transcript import transcript

Action = Callable[..., Conversation]

ACTIONS: dict[str, Action] = {
    "accept": lifecycle.accept,
    "reject": lifecycle.reject,
    "end": actions.end,
    "handle": actions.handle,
}


@page_for_people
@require_safe
def desk(request: HttpRequest, pk: uuid.UUID | None = None) -> HttpResponse:
    """The lists, and one conversation opened beside them."""
    agent = viewer(request)
    context: dict[str, Any] = {"desk": desk_of(agent), "open_id": pk}
    if pk:
        context |= _opened(request, get_object_or_404(on_desk_of(agent), pk=pk))
    elif _is_empty(context["desk"]):
        held = AccessRight.objects.held_by(agent).filter(right=Right.SERVE)
        context["may_serve"] = held.exists()
    return render(request, "desk/desk.html", {"may_serve": True} | context)


@page_for_people
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """The parts of the page that changed since the browser got them; 204 where none did."""
    agent = viewer(request)
    now_there = desk_of(agent)
    context: dict[str, Any] = {"changed": set(), "open_id": None}
    if now_there.token != request.GET.get("list"):
        context["changed"].add("list")
        context["desk"] = now_there
    if open_id := _open_id(request):
        context["open_id"] = open_id
        context |= _news_of(request, open_id, context["changed"])
    if not context["changed"]:
        return HttpResponse(status=204)
    return render(request, "desk/_news.html", context)


def _open_id(request: HttpRequest) -> uuid.UUID | None:
    try:
        return conversation_id(request.GET.get("open", ""))
    except ValueError:
        return None


def _news_of(request: HttpRequest, pk: uuid.UUID, changed: set[str]) -> dict[str, Any]:
    """What changed of the open conversation; ``gone`` once it has left the agent's desk."""
    conversation = on_desk_of(viewer(request)).filter(pk=pk).first()
    if conversation is None:
        if request.GET.get("head") == "gone":
            return {}
        changed.add("gone")
        return {"where_it_went": _where_it_went(request, pk)}
    tokens = tokens_of(pk)
    parts = {part for part in ("head", "data", "messages") if getattr(tokens, part) != request.GET.get(part)}
    changed |= parts
    return _opened(request, conversation) if parts else {}


def _where_it_went(request: HttpRequest, pk: uuid.UUID) -> str:
    """Told to those who hold the right on it; to others it is as if it had never been."""
    conversation = Conversation.objects.granting(Right.SERVE, to=viewer(request)).with_places().filter(pk=pk).first()
    if conversation is None:
        return ""
    if conversation.agent and conversation.agent != viewer(request) and conversation.is_active:
        return _("%(agent)s has it now.") % {"agent": conversation.agent}
    return _("It is %(state)s.") % {"state": conversation.get_state_display().lower()}


def _opened(request: HttpRequest, conversation: Conversation) -> dict[str, Any]:
    agent = viewer(request)
    is_served = conversation.state == State.ACCEPTED
    return {
        "conversation": conversation,
        "on_hold": Hold.objects.filter(conversation=conversation, ended_at=None).first(),
        "tokens": tokens_of(conversation.pk),
        "attached": attached_data_for_agent(conversation),
        "transcript": transcript(conversation),
        "ending": ending_of(conversation) if is_served else None,
        "transfer_queues": actions.queues_to_transfer_to(conversation, agent=agent) if is_served else [],
    }


def _is_empty(desk: Desk) -> bool:
    return not desk.mine and not desk.waiting


@page_for_people
@require_POST
def do(request: HttpRequest, pk: uuid.UUID, action: str) -> HttpResponse:
    """One action of the agent; a conflict is told in words, and a second click does no harm."""
    if action not in ACTIONS:
        raise Http404
    return _done(request, pk, action, ACTIONS[action])


@page_for_people
@require_POST
def transfer(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hand the conversation to another queue."""
    conversation = _to_serve(request, pk)
    chosen = request.POST.get("queue", "")
    queues = {str(queue.pk): queue for queue in actions.queues_to_transfer_to(conversation, agent=viewer(request))}
    if chosen not in queues:
        messages.error(request, _("Choose the queue to transfer to from the list."))
        return _back_to(request, pk)

    def to_queue(conversation_id: uuid.UUID, **who_and_when: Any) -> Conversation:
        return lifecycle.transfer(conversation_id, queue=queues[chosen], **who_and_when)

    return _done(request, pk, "transfer", to_queue, queue=queues[chosen])


def _done(request: HttpRequest, pk: uuid.UUID, action: str, act: Action, *, queue: Queue | None = None) -> HttpResponse:
    before = _to_serve(request, pk)
    try:
        after = act(before.pk, by=viewer(request), now=timezone.now())
    except WrongState as conflict:
        messages.warning(request, str(conflict))
    else:
        if after.version != before.version:
            messages.success(request, _what_is_now_true(action, after, queue))
    return _back_to(request, pk)


def _to_serve(request: HttpRequest, pk: uuid.UUID) -> Conversation:
    served = Conversation.objects.granting(Right.SERVE, to=viewer(request)).with_places()
    conversation: Conversation = get_object_or_404(served, pk=pk)
    return conversation


def _what_is_now_true(action: str, conversation: Conversation, queue: Queue | None) -> str:
    match action:
        case "accept":
            return _("You accepted the conversation with %(customer)s.") % {"customer": conversation.customer}
        case "reject":
            return _("You rejected the conversation; it waits for somebody else.")
        case "end":
            kept = ", ".join(sorted(conversation.kept_data)) or _("nothing")
            return _("The conversation has ended. Kept of its data: %(keys)s.") % {"keys": kept}
        case "transfer":
            return _("The conversation waits in %(queue)s now.") % {"queue": queue}
    return _("Wrap-up is over; the conversation is handled.")


def _back_to(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The conversation while it is on the agent's desk, else the desk."""
    if on_desk_of(viewer(request)).filter(pk=pk).exists():
        return redirect("desk:conversation", pk=pk)
    return redirect("desk:index")
