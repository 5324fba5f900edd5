"""An agent is offered a conversation, takes it, hands it on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from channels_cfg.models import Queue, User
from channels_cfg.prepared import written_together
from conversations.lifecycle.admission import QueueRefuses, refusal
from conversations.lifecycle.arriving import to_queue
from conversations.lifecycle.changes import TakenByAnother, WrongState, free, latest, locked, save, tell
from conversations.lifecycle.news import tell_routing
from conversations.lifecycle.participants import connect, entry_by, join, leave, leg_of_agent, there
from conversations.models import AgentPresence, Conversation, Event, Leg, State


@transaction.atomic
@written_together()
def allocate(conversation_id: uuid.UUID, *, agent: User, now: datetime, by: User | None = None) -> Conversation:
    """Offer it to one agent, who accepts or rejects."""
    conversation = locked(conversation_id)
    if conversation.state == State.ALLOCATED and conversation.agent_id == agent.pk:
        return conversation
    if conversation.state in (State.ALLOCATED, State.ACCEPTED):
        raise TakenByAnother(conversation)
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, State.RECEIVED, State.QUEUED)
    _to_agent(conversation, agent, at=now, by=by)
    save(conversation)
    return conversation


def _to_agent(
    conversation: Conversation, agent: User, *, at: datetime, by: User | None, brought_by: Leg | None = None
) -> None:
    left = leave(conversation, at=at, purpose=[Leg.Purpose.WORKFLOW, Leg.Purpose.AGENT])
    queues = there(conversation, purpose=Leg.Purpose.QUEUE)
    brought_by = brought_by or next(iter([*reversed(queues), *left]), None)
    conversation.agent = agent
    conversation.state = State.ALLOCATED
    conversation.allocated_at = conversation.allocated_at or at
    join(
        conversation,
        Leg.Purpose.AGENT,
        at=at,
        connected=False,
        entry=entry_by(brought_by, otherwise=Leg.Entry.DIRECT),
        brought_by=brought_by,
        agent=agent,
    )
    AgentPresence.objects.available_since([agent.pk], at)
    tell(conversation, Event.Kind.ALLOCATED, at=at, by=by, agent=agent.pk)


@transaction.atomic
@written_together()
def accept(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Take it: the one it was offered to, or, while it waits in a queue, whoever is first."""
    conversation = locked(conversation_id)
    if conversation.state in (State.ALLOCATED, State.ACCEPTED) and conversation.agent_id != by.pk:
        raise TakenByAnother(conversation)
    if conversation.state == State.ACCEPTED:
        return conversation
    if conversation.state == State.QUEUED:
        _to_agent(conversation, by, at=now, by=by)
    if conversation.state != State.ALLOCATED:
        raise WrongState(conversation, State.QUEUED, State.ALLOCATED)
    _accepted(conversation, at=now, by=by)
    save(conversation)
    return conversation


def _accepted(conversation: Conversation, *, at: datetime, by: User) -> None:
    leave(conversation, at=at, purpose=Leg.Purpose.QUEUE)
    connect(conversation, at=at, purpose=Leg.Purpose.AGENT)
    conversation.state = State.ACCEPTED
    conversation.accepted_at = conversation.accepted_at or at
    tell(conversation, Event.Kind.ACCEPTED, at=at, by=by)


@transaction.atomic
@written_together()
def reject(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Decline an offer: back to its queue, or, without one, to received."""
    conversation = locked(conversation_id)
    goes_on_waiting = conversation.state in (State.QUEUED, State.RECEIVED)
    if goes_on_waiting and latest(conversation, Event.Kind.REJECTED) == (by.pk, {}):
        return conversation
    if conversation.state != State.ALLOCATED:
        raise WrongState(conversation, State.ALLOCATED)
    if conversation.agent_id != by.pk:
        raise TakenByAnother(conversation)
    _back_from_agent(conversation, at=now)
    tell(conversation, Event.Kind.REJECTED, at=now, by=by)
    save(conversation)
    return conversation


def _back_from_agent(conversation: Conversation, *, at: datetime) -> None:
    leave(conversation, at=at, purpose=Leg.Purpose.AGENT)
    if conversation.agent_id == conversation.preferred_agent_id:
        conversation.preferred_until = at
    conversation.agent = None
    conversation.state = State.QUEUED if conversation.queue_id else State.RECEIVED
    tell_routing()


@transaction.atomic
@written_together()
def withdraw(conversation_id: uuid.UUID, *, now: datetime) -> Conversation:
    """Take back an offer that was neither accepted nor rejected in the time its channel gives, or whose agent has gone
    away since: to its queue, or, without one, to received. Who is there and missed it is paused. Any other stays."""
    conversation = locked(conversation_id)
    agent = conversation.agent_id
    if conversation.state != State.ALLOCATED or agent is None:
        return conversation
    seconds = conversation.channel.pick_up_seconds
    offers = conversation.legs.there().filter(purpose=Leg.Purpose.AGENT)
    gone = {"agent__presence__status": AgentPresence.Status.AWAY, "started_at__lte": F("agent__presence__since")}
    has_left = offers.filter(**gone).exists()
    if has_left:
        why: dict[str, Any] = {"away": True}
    elif seconds is not None and not offers.filter(started_at__gt=now - timedelta(seconds=seconds)).exists():
        why = {"seconds": seconds}
        AgentPresence.objects.missed_an_offer(agent, now=now)
    else:
        return conversation
    _back_from_agent(conversation, at=now)
    tell(conversation, Event.Kind.WITHDRAWN, at=now, agent=agent, **why)
    save(conversation)
    return conversation


@transaction.atomic
@written_together()
def transfer(
    conversation_id: uuid.UUID, *, by: User, now: datetime, queue: Queue | None = None, agent: User | None = None
) -> Conversation:
    """Hand an accepted conversation to another queue or agent: its agent does, or the telephone system in that name.
    An agent who takes part already, consulted or in a conference, need not accept. Its data stays as it is."""
    conversation = locked(conversation_id)
    target = {"queue": queue.pk} if queue else {"agent": agent.pk if agent else None}
    waits_there = conversation.state == State.QUEUED and conversation.queue == queue
    is_there = conversation.state in (State.ALLOCATED, State.ACCEPTED) and conversation.agent == agent
    if (waits_there or is_there) and latest(conversation, Event.Kind.TRANSFERRED) == (by.pk, target):
        return conversation
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)
    if conversation.agent_id != by.pk and not by.is_api_client:
        raise TakenByAnother(conversation)
    if queue and (why := refusal(queue, at=now)):
        raise QueueRefuses(conversation, queue, why, at=now)
    tell(conversation, Event.Kind.TRANSFERRED, at=now, by=by, to=queue, **target)
    free(conversation.agent_id, at=now)
    brought_by = leg_of_agent(conversation)
    if queue:
        to_queue(conversation, queue, at=now, by=by, brought_by=brought_by)
    elif agent:
        _hand_to(conversation, agent, at=now, by=by, brought_by=brought_by)
    else:
        raise ValueError(_("A transfer needs a queue or an agent."))
    save(conversation)
    return conversation


def _hand_to(conversation: Conversation, agent: User, *, at: datetime, by: User, brought_by: Leg | None) -> None:
    own = there(conversation, agent_id=agent.pk, entry=[Leg.Entry.CONSULTATION, Leg.Entry.CONFERENCE])
    takes_part = any(leg.connected_at for leg in own)
    leave(conversation, at=at, entry=Leg.Entry.CONSULTATION)
    _to_agent(conversation, agent, at=at, by=by, brought_by=brought_by)
    if takes_part:
        _accepted(conversation, at=at, by=agent)
