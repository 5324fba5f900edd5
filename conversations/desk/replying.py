"""Answering on the desk: the reply, the draft, and taking back what has not left."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_cfg.messaging.messaging_channels import channel_of
from channels_cfg.messaging.templates import usable_by
from channels_cfg.models import Channel, ReplyTemplate, User
from conversations import lifecycle
from conversations.attachments.store import store_upload
from conversations.models import Conversation, Draft, Message, State
from conversations.replies.take_back import take_back
from conversations.replies.window import Sendable, what_may_be_sent
from conversations.replies.write import NotSendable, reply


@dataclass(frozen=True)
class ReplyBox:
    """What the box is filled with when the page opens."""

    may: Sendable
    draft: str
    files: bool
    templates: list[ReplyTemplate]


def reply_box(conversation: Conversation, *, agent: User, now: datetime) -> ReplyBox | None:
    """None where nobody answers in writing: another serves it, or it is a call or a task."""
    if conversation.state != State.ACCEPTED or conversation.agent_id != agent.pk:
        return None
    if conversation.channel.kind != Channel.Kind.CHAT:
        return None
    may = what_may_be_sent(conversation, now=now, by=agent)
    draft = Draft.objects.filter(conversation=conversation, agent=agent).values_list("text", flat=True).first()
    channel = channel_of(conversation.messaging_channel)
    return ReplyBox(may, draft or "", channel.rich_content, list(templates_for(conversation, agent=agent)))


def templates_for(conversation: Conversation, *, agent: User) -> QuerySet[ReplyTemplate]:
    """Those that the agent may use and the conversation's channel carries."""
    usable = usable_by(agent)
    takes_all = channel_of(conversation.messaging_channel).templates
    return usable if takes_all else usable.filter(kind=ReplyTemplate.Kind.PLAIN)


@dataclass(frozen=True)
class Order:
    """What the agent sends: a text, a file with perhaps a text, or a template that is filled in. ``origin`` is how the
    portal was called, for the public address of the file."""

    text: str = ""
    file: UploadedFile | None = None
    template: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""


def send(conversation: Conversation, order: Order, *, by: User, now: datetime) -> Message:
    """Send it, and forget the draft, unless a template took its place.

    Raises what ``reply`` and ``store_upload`` raise; a file that was stored in vain is deleted within a day.
    """
    template = None
    if order.template:
        usable = templates_for(conversation, agent=by)
        template = next((one for one in usable if str(one.pk) == order.template), None)
        if template is None:
            raise NotSendable(_("The template is here no longer. Choose another."), _may(conversation, by, now))
    attachment = None
    if order.file:
        if not (may := _may(conversation, by, now)).files:
            raise NotSendable(may.why, may)
        name, chunks = order.file.name or "", order.file.chunks()
        attachment = store_upload(conversation, by=by, name=name, chunks=chunks, now=now, origin=order.origin)
    with transaction.atomic():
        message = reply(
            conversation.pk,
            by=by,
            now=now,
            text=order.text,
            attachment=attachment,
            template=template,
            parameters=order.parameters,
        )
        if template is None:
            Draft.objects.filter(conversation=conversation, agent=by).delete()
    return message


def _may(conversation: Conversation, by: User, now: datetime) -> Sendable:
    return what_may_be_sent(conversation, now=now, by=by)


@transaction.atomic
def back_to_draft(conversation_id: uuid.UUID, message_id: int, *, by: User, now: datetime) -> None:
    """Take a reply back, and let the agent go on with its text. Raises ``TooLate``, ``Message.DoesNotExist``."""
    conversation = lifecycle.locked(conversation_id)
    text = conversation.messages.get(pk=message_id).text
    take_back(message_id, by=by, now=now)
    if not Draft.objects.filter(conversation=conversation, agent=by).exists():
        Draft.objects.keep(conversation, agent=by, text=text, now=now)
