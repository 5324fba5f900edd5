"""Which files belong to what a conversation shows."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from channels_cfg.models import User
from conversations.models import Attachment, Conversation
from conversations.quoting import quoted_by


def attachments_of(conversation: Conversation, *, seen_by: User) -> QuerySet[Attachment]:
    """Those of its messages, those of messages that its customer quotes, and what the user uploaded and has not sent.

    Whether the user may see the conversation at all, the caller has asked.
    """
    quoted = quoted_by(conversation.messages.exclude(reply_to=""))
    unsent = Q(message=None, conversation=conversation, uploaded_by=seen_by) & ~Q(name="")
    return Attachment.objects.filter(
        Q(message__conversation=conversation) | Q(message__in=[message.pk for message in quoted.values()]) | unsent
    )
