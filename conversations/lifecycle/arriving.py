"""A conversation comes in, goes through an IVR, and waits in a queue."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.models import Channel, Queue, User
from conversations.lifecycle.changes import WrongChannel, WrongState, locked, save, tell
from conversations.lifecycle.participants import entry_by, join, leave
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
    join(conversation, Leg.Purpose.CUSTOMER, at=now, connected=True, entry=Leg.Entry.ARRIVED)
    tell(conversation, Event.Kind.RECEIVED, at=now, by=by)
    return enqueue(conversation.pk, queue=queue, now=now, by=by) if queue else conversation


@transaction.atomic
def enter_ivr(conversation_id: uuid.UUID, *, now: datetime, by: User | None = None) -> Conversation:
    """An IVR or another workflow has it first, until it is queued or offered to an agent, or ends. That time is no
    waiting time."""
    conversation = locked(conversation_id)
    if conversation.legs.there().filter(purpose=Leg.Purpose.WORKFLOW).exists():
        return conversation
    if conversation.state != State.RECEIVED:
        raise WrongState(conversation, _("start the IVR for"), State.RECEIVED)
    join(conversation, Leg.Purpose.WORKFLOW, at=now, connected=True, entry=Leg.Entry.ARRIVED)
    tell(conversation, Event.Kind.IVR, at=now, by=by)
    save(conversation)
    return conversation


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


def to_queue(
    conversation: Conversation, queue: Queue, *, at: datetime, by: User | None, brought_by: Leg | None = None
) -> None:
    """Into the queue, out of whatever had it; ``brought_by`` tells which leg that was where there are several."""
    if queue.channel_id != conversation.channel_id:
        raise WrongChannel(conversation, queue)
    left = leave(conversation, at=at, purpose__in=[Leg.Purpose.WORKFLOW, Leg.Purpose.QUEUE, Leg.Purpose.AGENT])
    brought_by = brought_by or next(iter(left), None)
    conversation.queue, conversation.agent = queue, None
    conversation.state = State.QUEUED
    conversation.queued_at = conversation.queued_at or at
    join(
        conversation,
        Leg.Purpose.QUEUE,
        at=at,
        connected=True,
        entry=entry_by(brought_by, otherwise=Leg.Entry.ARRIVED),
        brought_by=brought_by,
        queue=queue,
    )
    tell(conversation, Event.Kind.QUEUED, at=at, by=by, queue=queue.pk)
