"""Writing a reply: it is in the transcript at once, and waits to be sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg import jobs
from channels_cfg.messaging.templates import filled
from channels_cfg.models import ReplyTemplate, User
from conversations import lifecycle
from conversations.lifecycle.admission import answer
from conversations.models import (
    Attachment,
    Conversation,
    Event,
    Message,
    OutboundMessage,
    State,
    VisitorPresence,
)
from conversations.replies.window import Sendable, what_may_be_sent

ANSWERED_FOR = timedelta(hours=1)


class NotSendable(Exception):
    """It cannot be sent; the words say why, and what is possible instead, which ``possible`` lists."""

    def __init__(self, words: str, sendable: Sendable) -> None:
        super().__init__(words)
        self.possible = sendable.possible


@transaction.atomic
def reply(
    conversation_id: uuid.UUID,
    *,
    by: User,
    now: datetime,
    text: str = "",
    attachment: Attachment | None = None,
    template: ReplyTemplate | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Message:
    """Write to the customer of an accepted conversation: its agent does, or an API client. A worker sends it; the page
    of a web chat's visitor fetches it.

    With an attachment, which was uploaded for the conversation, the text is its caption; a template, which the caller
    knows that ``by`` may use, is filled in with the parameters. Raises ``NotSendable``, ``lifecycle.WrongState``, and
    ``ValidationError`` by parameter.
    """
    conversation = lifecycle.locked(conversation_id)
    _check_serving(conversation, by)
    sendable = what_may_be_sent(conversation, now=now, by=by)
    content: dict[str, Any] = {"content_type": "media_message" if attachment else "text_message"}
    if template:
        text = filled(template, parameters or {})
        if template.kind == ReplyTemplate.Kind.WHATSAPP:
            content = {"content_type": "template_message", "content": _approved(template, parameters)}
    content_type = content["content_type"]
    if attachment and content_type != "media_message":
        raise NotSendable(_("A WhatsApp template goes out alone. Send the file by itself."), sendable)
    _check_content(content_type, conversation, attachment, sendable)
    _check_length(text, sendable, needed=content_type == "text_message")
    message = _write(conversation, text, author=Message.Author.AGENT, agent=by, at=now, now=now, **content)
    if attachment:
        attachment.attach_to(message)
    return message


def _write(
    conversation: Conversation,
    text: str,
    *,
    author: Message.Author,
    at: datetime,
    now: datetime,
    agent: User | None,
    **content: Any,
) -> Message:
    assert conversation.reference  # without one nothing may be sent
    message = Message.objects.create(
        conversation=conversation,
        reference=conversation.reference,
        author=author,
        agent=agent,
        messaging_channel=conversation.messaging_channel,
        text=text,
        sent_at=at,
        **content,
    )
    if conversation.is_web_chat:  # whose page fetches it
        VisitorPresence.objects.types(conversation.pk, field="agent_typing_until", until=None)
    else:
        OutboundMessage.objects.create(message=message, reference=conversation.reference, written_at=now)
        jobs.announce(OutboundMessage)
    return message


def answer_turned_away(conversation: Conversation, *, now: datetime) -> None:
    """Tell the customer in the channel's words where the queue turned the conversation away; once an hour, since every
    further message is turned away too. The caller holds the conversation."""
    told = Event.objects.filter(conversation=conversation, kind=Event.Kind.TURNED_AWAY).first()
    at = conversation.ended_at
    if conversation.is_active or told is None or at is None or conversation.queue is None:
        return
    text = answer(conversation.queue, told.detail["why"], at=at)
    before = Message.objects.filter(
        reference=conversation.reference, author=Message.Author.SYSTEM, text=text, sent_at__gt=at - ANSWERED_FOR
    )
    if text and not before.exists() and what_may_be_sent(conversation, now=now).text:
        _write(conversation, text, author=Message.Author.SYSTEM, agent=None, at=at, now=now)


def _check_serving(conversation: Conversation, by: User) -> None:
    if conversation.state != State.ACCEPTED:
        raise lifecycle.WrongState(conversation, State.ACCEPTED)
    if conversation.agent_id != by.pk and not by.is_api_client:
        raise lifecycle.TakenByAnother(conversation)


def _approved(template: ReplyTemplate, parameters: Mapping[str, str] | None) -> dict[str, Any]:
    """A template as it is sent: by the name and in the language that it was approved by."""
    return {
        "template_id": template.template_id,
        "language_code": template.language_code,
        "parameters": dict(parameters or {}),
    }


def _check_content(
    content_type: str, conversation: Conversation, attachment: Attachment | None, sendable: Sendable
) -> None:
    if not sendable.takes(content_type):
        raise NotSendable(sendable.why or _("The channel takes no templates."), sendable)
    if attachment is None:
        return
    if not Attachment.objects.filter(pk=attachment.pk, conversation=conversation, message=None).exists():
        raise NotSendable(_("The file has been sent already, or is here no longer. Add it again."), sendable)


def _check_length(text: str, sendable: Sendable, *, needed: bool) -> None:
    if needed and not text.strip():
        raise NotSendable(_("Write something first."), sendable)
    if (over := len(text) - sendable.longest_text) > 0:
        raise NotSendable(
            ngettext(
                "The channel takes %(longest)d characters a message; this is %(over)d more. Send it in parts.",
                "The channel takes %(longest)d characters a message; these are %(over)d more. Send it in parts.",
                over,
            )
            % {"longest": sendable.longest_text, "over": over},
            sendable,
        )
