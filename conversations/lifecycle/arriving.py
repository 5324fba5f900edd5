"""A conversation comes in, goes through an IVR, and waits in a queue."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from channels_cfg.models import Channel, Queue, User
from channels_cfg.prepared import written_together
from conversations.lifecycle.admission import refusal
from conversations.lifecycle.changes import WrongChannel, WrongState, locked, save, tell
from conversations.lifecycle.ending import end
from conversations.lifecycle.news import tell_routing
from conversations.lifecycle.participants import entry_by, join, leave, there
from conversations.models import Conversation, Event, Leg, State


@transaction.atomic
@written_together()
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
    tell(conversation, Event.Kind.RECEIVED, at=now, by=by, to=queue)
    return enqueue(conversation.pk, queue=queue, now=now, by=by) if queue else conversation


@transaction.atomic
@written_together()
def enter_ivr(conversation_id: uuid.UUID, *, now: datetime, by: User | None = None) -> Conversation:
    """An IVR or another workflow has it first, until it is queued or offered to an agent, or ends. That time is no
    waiting time."""
    conversation = locked(conversation_id)
    if there(conversation, purpose=Leg.Purpose.WORKFLOW):
        return conversation
    if conversation.state != State.RECEIVED:
        raise WrongState(conversation, State.RECEIVED)
    join(conversation, Leg.Purpose.WORKFLOW, at=now, connected=True, entry=Leg.Entry.ARRIVED)
    tell(conversation, Event.Kind.IVR, at=now, by=by)
    save(conversation)
    return conversation


@transaction.atomic
@written_together()
def enqueue(conversation_id: uuid.UUID, *, queue: Queue, now: datetime, by: User | None = None) -> Conversation:
    """Let it wait in a queue of its channel. A queue that is closed or full turns an inbound one away: it ends."""
    conversation = locked(conversation_id)
    if conversation.state == State.QUEUED and conversation.queue_id == queue.pk:
        return conversation
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, State.RECEIVED, State.QUEUED)
    if conversation.direction == Conversation.Direction.INBOUND and (why := refusal(queue, at=now)):
        return _turn_away(conversation, queue, why, at=now, by=by)
    to_queue(conversation, queue, at=now, by=by)
    save(conversation)
    return conversation


def _turn_away(conversation: Conversation, queue: Queue, why: str, *, at: datetime, by: User | None) -> Conversation:
    _check_channel(conversation, queue)
    conversation.queue = queue
    tell(conversation, Event.Kind.TURNED_AWAY, at=at, by=by, queue=queue.pk, why=why)
    save(conversation)
    return end(conversation.pk, now=at, by=by)


def _check_channel(conversation: Conversation, queue: Queue) -> None:
    if queue.channel_id != conversation.channel_id:
        raise WrongChannel(conversation, queue)


def to_queue(
    conversation: Conversation, queue: Queue, *, at: datetime, by: User | None, brought_by: Leg | None = None
) -> None:
    """Into the queue, out of whatever had it; ``brought_by`` tells which leg that was where there are several."""
    _check_channel(conversation, queue)
    left = leave(conversation, at=at, purpose=[Leg.Purpose.WORKFLOW, Leg.Purpose.QUEUE, Leg.Purpose.AGENT])
    brought_by = brought_by or next(iter(left), None)
    came_from = conversation.queue if conversation.state == State.QUEUED else None
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
    tell(conversation, Event.Kind.QUEUED, at=at, by=by, came_from=came_from, queue=queue.pk)
    tell_routing()


@transaction.atomic
@written_together()
def prefer(
    conversation_id: uuid.UUID,
    *,
    now: datetime,
    priority: int | None = None,
    preferred_agent: User | None = None,
    required_agents: Sequence[User] = (),
    required_for: timedelta | None = None,
) -> Conversation:
    """Say who is to have it, before it is queued or while it waits. What is not named, or was so, stays as it was.

    It waits for the preferred agent as long as its channel says, and for one of the required agents for
    ``required_for``, or, where that is None, for ever.
    """
    conversation = locked(conversation_id)
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, State.RECEIVED, State.QUEUED)
    changes: dict[str, Any] = {}
    if priority not in (None, conversation.priority):
        changes["priority"] = priority
    if preferred_agent and preferred_agent.pk != conversation.preferred_agent_id:
        waits = timedelta(seconds=conversation.channel.preferred_agent_seconds)
        changes |= {"preferred_agent": preferred_agent, "preferred_until": now + waits}
    required = sorted(agent.pk for agent in required_agents)
    if required and required != conversation.required_agents:
        changes |= {"required_agents": required, "required_until": now + required_for if required_for else None}
    for field, value in changes.items():
        setattr(conversation, field, value)
    if changes:
        save(conversation)
        tell_routing()
    return conversation
