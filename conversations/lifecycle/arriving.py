"""A conversation comes in, and waits in a queue."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction

from channels_cfg.models import Channel, Queue, User
from conversations.lifecycle.changes import WrongChannel, WrongState, locked, save, tell
from conversations.lifecycle.participants import join, leave
from conversations.models import Conversation, Event, Leg, State


@transaction.atomic
def receive(
    *,
    channel: Channel,
    now: datetime,
    queue: Queue | None = None,
    direction: str = Conversation.Direction.INBOUND,
    by: User | None = None,
    **facts: Any,
) -> Conversation:
    """Register a conversation. ``facts`` are fields such as ``customer_address`` or ``reference``."""
    conversation = Conversation.objects.create(channel=channel, direction=direction, received_at=now, **facts)
    join(conversation, Leg.Purpose.CUSTOMER, at=now, connected=True)
    tell(conversation, Event.Kind.RECEIVED, at=now, by=by)
    return enqueue(conversation.pk, queue=queue, now=now, by=by) if queue else conversation


@transaction.atomic
def enqueue(conversation_id: uuid.UUID, *, queue: Queue, now: datetime, by: User | None = None) -> Conversation:
    """Let it wait in a queue of its channel."""
    conversation = locked(conversation_id)
    if conversation.state == State.QUEUED and conversation.queue_id == queue.pk:
        return conversation
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, "queue", State.RECEIVED, State.QUEUED)
    to_queue(conversation, queue, at=now, by=by)
    save(conversation)
    return conversation


def to_queue(conversation: Conversation, queue: Queue, *, at: datetime, by: User | None) -> None:
    if queue.channel_id != conversation.channel_id:
        raise WrongChannel(conversation, queue)
    leave(conversation, Leg.Purpose.QUEUE, Leg.Purpose.AGENT, at=at)
    conversation.queue, conversation.agent = queue, None
    conversation.state = State.QUEUED
    conversation.queued_at = conversation.queued_at or at
    join(conversation, Leg.Purpose.QUEUE, at=at, connected=True, queue=queue)
    tell(conversation, Event.Kind.QUEUED, at=at, by=by, queue=queue.pk)
