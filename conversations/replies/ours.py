"""Knowing our own messages again in what the Conversation API tells.

Each carries a token as its ``message_metadata``, which comes back with MESSAGE_SUBMIT and MESSAGE_DELIVERY, and with
the customer's answer to it. So news of a message is known to be of it before, or without, the answer to its sending.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from channels_cfg import jobs
from conversations.models import ExternalReference, Message, OutboundMessage

_MARK = re.compile(r"keepsake:([0-9a-f]{32})")


def mark_of(outbound: OutboundMessage) -> str:
    return f"keepsake:{outbound.token.hex}"


def is_mark(metadata: Any) -> bool:
    """Whether it is what we sent along to know the message again, and no data of anybody's."""
    return isinstance(metadata, str) and bool(_MARK.fullmatch(metadata))


def told_of(metadata: Any, external_id: str, *, channel: str = "") -> bool:
    """Whether the message with this metadata is one of ours. It has been sent then, and has this id; ``channel`` is its
    name on the wire, where that is told."""
    found = _MARK.fullmatch(metadata) if isinstance(metadata, str) else None
    outbound = found and OutboundMessage.objects.filter(token=uuid.UUID(found[1])).first()
    if not outbound:
        return False
    with transaction.atomic():
        _sent(outbound, external_id)
        if channel:
            Message.objects.filter(pk=outbound.message_id).update(messaging_channel=channel)
        OutboundMessage.objects.filter(pk=outbound.pk).exclude(state=OutboundMessage.State.DONE).update(
            state=OutboundMessage.State.DONE,
            finished_at=timezone.now(),
            holder=None,
            held_until=None,
            posting_since=None,
            reason="",
        )
    return True


@transaction.atomic
def answered(outbound: OutboundMessage, external_id: str) -> None:
    """The message that the caller holds was taken, and has this id. Raises ``NoLongerHeld``, also where it was told."""
    _sent(outbound, external_id)
    jobs.finish(outbound, posting_since=None, reason="")


def _sent(outbound: OutboundMessage, external_id: str) -> None:
    """Give the message its id, the first that is told; one that was stored as somebody else's was this one."""
    thread = ExternalReference.objects.select_for_update().get(pk=outbound.reference_id)  # as whoever stores one
    others = Message.objects.filter(reference__service=thread.service_id, external_id=external_id)
    others.filter(author=Message.Author.SYSTEM).exclude(pk=outbound.message_id).delete()
    Message.objects.filter(pk=outbound.message_id, external_id="").update(external_id=external_id)
