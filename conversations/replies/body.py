"""What is sent: the documented body of ``messages:send``."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from channels_cfg.messaging.messaging_channels import channel_of
from conversations.attachments.public import public_address
from conversations.models import Attachment, Conversation, Message, OutboundMessage
from conversations.replies.ours import mark_of
from conversations.replies.window import Sendable


class NothingLeft(Exception):
    """What was to be sent has been erased."""


def body_of(outbound: OutboundMessage, conversation: Conversation, sendable: Sendable) -> dict[str, Any]:
    """The message to the conversation's customer, pinned to the conversation's channel. Raises ``NothingLeft``."""
    document = {
        "app_id": outbound.service.app_id,
        "recipient": _recipient(outbound, conversation),
        "message": _content(outbound.message),
        "channel_priority_order": [conversation.messaging_channel],
        "message_metadata": mark_of(outbound),
    }
    return document | ({"channel_properties": dict(sendable.properties)} if sendable.properties else {})


def _recipient(outbound: OutboundMessage, conversation: Conversation) -> dict[str, Any]:
    """By the address the customer wrote from: a contact may have several on one channel."""
    if not conversation.customer_address:
        return {"contact_id": outbound.reference.contact_external_id}
    identity = {"channel": conversation.messaging_channel, "identity": conversation.customer_address}
    if channel_of(conversation.messaging_channel).app_scoped:
        identity["app_id"] = outbound.service.app_id
    return {"identified_by": {"channel_identities": [identity]}}


def _content(message: Message) -> dict[str, Any]:
    if message.content_type == "media_message":
        return _file(message)
    if message.content_type == "template_message":
        return _template(message)
    if not message.text:
        raise NothingLeft
    return {"text_message": {"text": message.text}}


def _file(message: Message) -> dict[str, Any]:
    """A file alone, or, with a caption, as a card: a media message has no text."""
    attachment = Attachment.objects.filter(message=message).first()
    if attachment is None:
        raise NothingLeft
    media = {"url": public_address(attachment, now=timezone.now()), "filename_override": attachment.name}
    if not message.text:
        return {"media_message": media}
    return {"card_message": {"title": message.text, "media_message": media}}


def _template(message: Message) -> dict[str, Any]:
    if not message.content:
        raise NothingLeft
    return {"template_message": {"channel_template": {message.messaging_channel: message.content}}}
