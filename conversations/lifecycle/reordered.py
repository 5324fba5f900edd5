"""News that comes out of order, at whichever door: the rows become those that would be there had it come in order."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest

from channels_cfg.models import Queue, Source
from conversations.attached_data.attach import record_attached_by
from conversations.lifecycle.changes import locked, save, tell
from conversations.lifecycle.ending import save_unaccepted
from conversations.lifecycle.participants import add_up_ivr, not_before_it_began
from conversations.models import UNACCEPTED_ENDS, Communication, Conversation, Event, Leg, tell_readers


@transaction.atomic
def began_earlier(conversation_id: uuid.UUID, *, at: datetime, queue: Queue, **facts: Any) -> Conversation:
    """Set what its first contact decides, which turns out to have been earlier than was known.

    The rows become those that would be there had everything come in order. ``facts`` are the fields of ``receive``;
    ``queue`` counts as long as no agent was offered the conversation.
    """
    conversation = locked(conversation_id)
    known_as, conversation.received_at = conversation.received_at, at
    for field, value in facts.items():
        setattr(conversation, field, value)
    if conversation.queued_at == known_as:
        conversation.queued_at = at
    legs = conversation.legs.filter(purpose__in=[Leg.Purpose.CUSTOMER, Leg.Purpose.QUEUE])
    _move(legs, "started_at", "connected_at", known_as=known_as, to=at)
    first = Event.objects.filter(
        conversation=conversation, kind__in=[Event.Kind.RECEIVED, Event.Kind.QUEUED], at=known_as
    )
    first.update(at=at)
    if conversation.allocated_at is None and conversation.queue_id and conversation.queue_id != queue.pk:
        conversation.channel, conversation.queue = queue.channel, queue
        legs.filter(purpose=Leg.Purpose.QUEUE).update(queue=queue)
        Event.objects.filter(conversation=conversation, kind=Event.Kind.QUEUED).update(detail={"queue": queue.pk})
    (save_unaccepted if conversation.state in UNACCEPTED_ENDS else save)(conversation)
    if not conversation.is_active:
        tell_readers((conversation.pk, at))
    return conversation


@transaction.atomic
def ended_earlier(conversation_id: uuid.UUID, *, at: datetime) -> Conversation:
    """Set the end of an unaccepted conversation, which turns out to have been earlier than was known."""
    conversation = locked(conversation_id)
    if conversation.state not in UNACCEPTED_ENDS or not conversation.ended_at or conversation.ended_at <= at:
        return conversation
    known_as, conversation.ended_at = conversation.ended_at, max(at, conversation.received_at)
    legs = conversation.legs.all()
    _move(legs, "ended_at", known_as=known_as, to=not_before_it_began(conversation.ended_at))
    if conversation.time_in_ivr:
        add_up_ivr(conversation)
    last = Event.objects.filter(conversation=conversation, kind=Event.Kind.ABANDONED)
    last.update(at=conversation.ended_at)
    save_unaccepted(conversation)
    tell_readers((conversation.pk, at))
    return conversation


def _move(legs: QuerySet[Leg], *fields: str, known_as: datetime, to: datetime | Greatest) -> None:
    """Correct a time of legs and of their communications."""
    for field in fields:
        Communication.objects.filter(leg__in=legs, **{field: known_as}).update(**{field: to})
    for field in fields:
        legs.filter(**{field: known_as}).update(**{field: to})


def spoke_late(
    conversation: Conversation, message_id: str, keys: list[str], *, at: datetime, is_news: bool, now: datetime
) -> None:
    """The customer said something before the end that came after it, and brought these keys, which have been judged.

    Where nobody served the conversation its timeline becomes as if it had come in time; else it tells that it was late.
    Callers hold the conversation's row lock; what ``attach_late_data`` set is saved with it.
    """
    save(conversation)
    if conversation.accepted_at is None:
        record_attached_by(message_id, conversation, keys, source=Source.CUSTOMER, at=at)
    elif is_news:
        tell(conversation, Event.Kind.LATE, at=at, keys=keys)
    tell_readers((conversation.pk, now))
