"""Answering on the desk: from the browser's form to the work, and back in words."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations.attachments.store import NotAllowed
from conversations.desk import replying
from conversations.desk.on_desk import on_desk_of, tokens_of
from conversations.desk.typing import agent_types
from conversations.lifecycle import WrongState
from conversations.models import Conversation, Draft, Message
from conversations.replies.take_back import TooLate
from conversations.replies.window import what_may_be_sent
from conversations.replies.write import NotSendable
from conversations.signed_in import page_for_people, viewer
from conversations.storable import storable
from conversations.transcript import transcript


@page_for_people
@require_POST
def reply(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Send what was written. A script gets the messages and a fresh mark for the form, or why not, as 422."""
    conversation = get_object_or_404(on_desk_of(viewer(request)), pk=pk)
    try:
        replying.send(conversation, _order(request), by=viewer(request), now=timezone.now())
    except (NotSendable, NotAllowed, WrongState) as refused:
        return _refused(request, conversation, str(refused))
    except ValidationError as wrong:
        return _refused(request, conversation, " ".join(wrong.messages))
    if not request.htmx:  # type: ignore[attr-defined]
        return _back_to_answering(pk)
    context = {
        "conversation": conversation,
        "tokens": tokens_of(pk),  # first: what is read later is no older
        "transcript": transcript(conversation),
        "changed": {"messages", "mark"},
        "is_mine": True,
    }
    response = render(request, "desk/_news.html", context)
    response.made_at = reverse("desk:conversation", args=[pk])  # type: ignore[attr-defined]
    return response


def _back_to_answering(pk: uuid.UUID) -> HttpResponse:
    """The page puts the keyboard into the field, and the field in view, which the browser would put below its top."""
    return redirect(f"{reverse('desk:conversation', args=[pk])}#answer")


PARAMETER = "parameter-"


def _order(request: HttpRequest) -> replying.Order:
    """What the form holds; line breaks as people mean them, not as forms send them."""
    sent = {name: storable(str(value)).replace("\r\n", "\n") for name, value in request.POST.items()}
    parameters = {name.removeprefix(PARAMETER): value for name, value in sent.items() if name.startswith(PARAMETER)}
    return replying.Order(
        text=sent.get("text", ""),
        file=request.FILES.get("file"),
        template=sent.get("template", ""),
        parameters=parameters,
        origin=request.build_absolute_uri("/"),
    )


def _refused(request: HttpRequest, conversation: Conversation, why: str) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        messages.error(request, why)
        return _back_to_answering(conversation.pk)
    may = what_may_be_sent(conversation, now=timezone.now(), by=viewer(request))
    context = {"conversation": conversation, "changed": {"may", "said"}, "may": may, "said": why}
    return render(request, "desk/_news.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@page_for_people
@require_POST
def save_draft(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keep what the agent has typed so far."""
    conversation = get_object_or_404(on_desk_of(viewer(request)), pk=pk)
    if conversation.is_active and conversation.agent_id == viewer(request).pk:
        text = storable(request.POST.get("text", ""))
        Draft.objects.keep(conversation, agent=viewer(request), text=text, now=timezone.now())
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@page_for_people
@require_POST
def note_typing(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The agent is typing to the visitor of a web chat, or has stopped."""
    conversation = get_object_or_404(on_desk_of(viewer(request)), pk=pk)
    is_typing = request.POST.get("typing") == "yes"
    agent_types(conversation, agent=viewer(request), is_typing=is_typing, now=timezone.now())
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@page_for_people
@require_POST
def take_back(request: HttpRequest, pk: uuid.UUID, message: int) -> HttpResponse:
    """Take back a reply that has not left; its text is the draft again."""
    conversation = get_object_or_404(on_desk_of(viewer(request)), pk=pk)
    try:
        replying.back_to_draft(conversation.pk, message, by=viewer(request), now=timezone.now())
    except (TooLate, WrongState) as refused:
        messages.warning(request, str(refused))
    except Message.DoesNotExist:
        messages.warning(request, _("It does not wait any more."))
    else:
        messages.success(request, _("The message is taken back; it was not sent."))
    return _back_to_answering(pk)
