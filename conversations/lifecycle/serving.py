"""An agent is offered a conversation, takes it, hands it on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.models import Queue, User
from conversations.lifecycle.arriving import to_queue
from conversations.lifecycle.changes import TakenByAnother, WrongState, latest, locked, save, tell
from conversations.lifecycle.participants import connect, entry_by, join, leave, leg_of_agent
from conversations.models import Conversation, Event, Leg, State


@transaction.atomic
def allocate(conversation_id: uuid.UUID, *, agent: User, now: datetime, by: User | None = None) -> Conversation:
    """Offer it to one agent, who accepts or rejects."""
    conversation = locked(conversation_id)
    if conversation.state == State.ALLOCATED and conversation.agent_id == agent.pk:
        return conversation
    if conversation.state in (State.ALLOCATED, State.ACCEPTED):
        raise TakenByAnother(conversation, "allocate")
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, "allocate", State.RECEIVED, State.QUEUED)
    _to_agent(conversation, agent, at=now, by=by)
    save(conversation)
    return conversation


def _to_agent(
    conversation: Conversation, agent: User, *, at: datetime, by: User | None, brought_by: Leg | None = None
) -> None:
    left = leave(conversation, at=at, purpose__in=[Leg.Purpose.WORKFLOW, Leg.Purpose.AGENT])
    queues = conversation.legs.there().filter(purpose=Leg.Purpose.QUEUE)
    brought_by = brought_by or queues.last() or next(iter(left), None)
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
    tell(conversation, Event.Kind.ALLOCATED, at=at, by=by, agent=agent.pk)


@transaction.atomic
def accept(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Take it: the one it was offered to, or, while it waits in a queue, whoever is first."""
    conversation = locked(conversation_id)
    if conversation.state in (State.ALLOCATED, State.ACCEPTED) and conversation.agent_id != by.pk:
        raise TakenByAnother(conversation, "accept")
    if conversation.state == State.ACCEPTED:
        return conversation
    if conversation.state == State.QUEUED:
        _to_agent(conversation, by, at=now, by=by)
    if conversation.state != State.ALLOCATED:
        raise WrongState(conversation, "accept", State.QUEUED, State.ALLOCATED)
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
def reject(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Decline an offer: back to its queue, or, without one, to received."""
    conversation = locked(conversation_id)
    goes_on_waiting = conversation.state in (State.QUEUED, State.RECEIVED)
    if goes_on_waiting and latest(conversation, Event.Kind.REJECTED) == (by.pk, {}):
        return conversation
    if conversation.state != State.ALLOCATED:
        raise WrongState(conversation, "reject", State.ALLOCATED)
    if conversation.agent_id != by.pk:
        raise TakenByAnother(conversation, "reject")
    _back_from_agent(conversation, at=now)
    tell(conversation, Event.Kind.REJECTED, at=now, by=by)
    save(conversation)
    return conversation


def _back_from_agent(conversation: Conversation, *, at: datetime) -> None:
    leave(conversation, at=at, purpose=Leg.Purpose.AGENT)
    conversation.agent = None
    conversation.state = State.QUEUED if conversation.queue_id else State.RECEIVED


@transaction.atomic
def withdraw(conversation_id: uuid.UUID, *, now: datetime) -> Conversation:
    """Take back an offer that was neither accepted nor rejected in the time its channel gives: to its queue, or,
    without one, to received. An offer whose time is not over stays."""
    conversation = locked(conversation_id)
    seconds = conversation.channel.pick_up_seconds
    if conversation.state != State.ALLOCATED or seconds is None:
        return conversation
    offers = conversation.legs.there().filter(purpose=Leg.Purpose.AGENT)
    if offers.filter(started_at__gt=now - timedelta(seconds=seconds)).exists():
        return conversation
    agent = conversation.agent_id
    _back_from_agent(conversation, at=now)
    tell(conversation, Event.Kind.WITHDRAWN, at=now, agent=agent, seconds=seconds)
    save(conversation)
    return conversation


@transaction.atomic
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
        raise WrongState(conversation, "transfer", State.ACCEPTED)
    if conversation.agent_id != by.pk and not by.is_api_client:
        raise TakenByAnother(conversation, "transfer")
    tell(conversation, Event.Kind.TRANSFERRED, at=now, by=by, **target)
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
    own = conversation.legs.there().filter(agent=agent, connected_at__isnull=False)
    takes_part = own.filter(entry__in=[Leg.Entry.CONSULTATION, Leg.Entry.CONFERENCE]).exists()
    leave(conversation, at=at, entry=Leg.Entry.CONSULTATION)
    _to_agent(conversation, agent, at=at, by=by, brought_by=brought_by)
    if takes_part:
        _accepted(conversation, at=at, by=agent)
