"""Taking a reply back while it waits."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.models import User
from conversations import lifecycle
from conversations.models import Message, OutboundMessage


class TooLate(Exception):
    """It is on its way, or its sending is over; the words say which."""


@transaction.atomic
def take_back(message_id: int, *, by: User, now: datetime) -> None:
    """Remove a reply that has not left yet: whoever wrote it does, the conversation's agent, or an API client.

    Raises ``TooLate``, ``lifecycle.TakenByAnother``, ``Message.DoesNotExist``.
    """
    message = Message.objects.select_related("conversation__agent").get(pk=message_id)
    outbound = OutboundMessage.objects.select_for_update().filter(message=message).first()
    if outbound is None or outbound.finished_at:
        raise TooLate(_("It does not wait any more."))
    if outbound.posting_since:
        raise TooLate(_("It is being sent at this moment."))
    conversation = message.conversation
    assert conversation  # replies belong to one
    if by.pk not in (message.agent_id, conversation.agent_id) and not by.is_api_client:
        raise lifecycle.TakenByAnother(conversation)
    message.delete()  # and with it the job: a worker that holds it finds that out before it sends
