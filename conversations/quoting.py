"""Which of an agent's messages a customer quotes (specification 002, Message quoting)."""

from __future__ import annotations

from collections.abc import Iterable

from channels_cfg.messaging.messaging_channels import QUOTED_FOR, channel_of
from conversations.models import Message


def quoted_by(messages: Iterable[Message]) -> dict[int, Message]:
    """What each of the messages quotes, with its attachment, by the message's pk; one query.

    Only agents' messages are quoted: of the same thread, perhaps in an earlier conversation; not older than the rule
    of the channels says; of what the channel supports. What is quoted may arrive later than the quote.
    """
    replies = [message for message in messages if message.reply_to and message.reference_id]
    if not replies:
        return {}
    found = Message.objects.filter(
        reference__in={reply.reference_id for reply in replies},
        external_id__in={reply.reply_to for reply in replies},
        author=Message.Author.AGENT,
    ).select_related("agent", "attachment")
    sent = {(message.reference_id, message.external_id): message for message in found}
    pairs = [(reply, sent.get((reply.reference_id, reply.reply_to))) for reply in replies]
    return {reply.pk: quoted for reply, quoted in pairs if quoted and _may_quote(reply, quoted)}


def _may_quote(reply: Message, quoted: Message) -> bool:
    channel = channel_of(reply.messaging_channel)
    has_media = quoted.held is not None or quoted.content_type != "text_message"
    return channel.quotes and (channel.quotes_media or not has_media) and reply.sent_at - quoted.sent_at <= QUOTED_FOR
