"""What conversations are called outside, and which of ours a piece of news belongs to.

News about one reference is applied by one worker at a time, in whatever order it comes. It belongs to the first of the
reference's conversations that had not ended by then, so that the order of arrival never decides.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from channels_cfg.models import MessagingService
from conversations import lifecycle
from conversations.models import Conversation, ExternalReference


def hold(door: str, external_id: str, *, service: MessagingService | None = None) -> ExternalReference:
    """The reference, known from now on, and locked until the transaction ends."""
    name = {"door": door, "service": service, "external_id": external_id}
    ExternalReference.objects.bulk_create([ExternalReference(**name)], ignore_conflicts=True)
    held = (
        ExternalReference.objects.select_for_update().filter(door=door, service=service, external_id=external_id).get()
    )
    held.service = service
    return held


def conversation_at(reference: ExternalReference, at: datetime) -> Conversation | None:
    """The conversation that something at this time belongs to, locked; None where all had ended by then."""
    not_ended = Conversation.objects.filter(reference=reference).filter(Q(ended_at=None) | Q(ended_at__gte=at))
    for conversation_id in not_ended.order_by("received_at", "ended_at").values_list("pk", flat=True):
        conversation = lifecycle.locked(conversation_id)
        if conversation.ended_at is None or conversation.ended_at >= at:  # it may have ended while we waited
            return conversation
    return None


def end_of(reference: ExternalReference, *, after: datetime) -> datetime | None:
    """When it was told to be over, if that was not before ``after``."""
    ends = [end for end in (reference.stopped_at, reference.deleted_at) if end and end >= after]
    return min(ends, default=None)
