"""The one place where a conversation changes state.

Each action is one transaction: it locks the conversation, checks the state, writes the change, a timeline event and the
rows that cause later work. A repeated action changes nothing and is no error; an impossible one says which state the
conversation is in and which it would need.

    received ─→ queued ─→ allocated ─→ accepted ─→ wrap-up ─→ handled
       │           │  ↖ rejected │         │ ↘ transferred: back to queued or allocated
       └───────────┴─────────────┴── abandoned (or false attempt) when it ends unaccepted
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from channels_cfg.models import Channel, Queue, User
from conversations.attached_data.ending import destroy_all, destroy_live_data, keep_what_the_settings_keep
from conversations.attached_data.settings import settings_of
from conversations.models import (
    ACTIVE_STATES,
    Communication,
    Conversation,
    Event,
    Leg,
    State,
    tell_readers,
)

_MEDIUM = {
    Channel.Kind.CHAT: Communication.Medium.MESSAGE,
    Channel.Kind.VOICE: Communication.Medium.VOICE,
    Channel.Kind.EMAIL: Communication.Medium.EMAIL,
}


class WrongState(Exception):
    """The action does not fit the state. Says which state it is, and which it would need."""

    def __init__(self, conversation: Conversation, action: str, *needed: State) -> None:
        self.state = State(conversation.state)
        self.needed = needed
        wanted = " or ".join(state.label.lower() for state in needed)
        super().__init__(
            _("The conversation is %(state)s; to %(action)s it, it would have to be %(wanted)s.")
            % {"state": self.state.label.lower(), "action": action, "wanted": wanted}
        )


class TakenByAnother(WrongState):
    """Another agent has it."""

    def __init__(self, conversation: Conversation, action: str) -> None:
        super().__init__(conversation, action, State.QUEUED)
        self.agent = conversation.agent
        self.args = (
            _("%(agent)s has this conversation already (%(state)s).")
            % {"agent": conversation.agent, "state": self.state.label.lower()},
        )


def locked(conversation_id: uuid.UUID) -> Conversation:
    """The conversation, held until the transaction ends."""
    # Two statements: joined to the lock, the places would be those from before the wait for it.
    Conversation.objects.select_for_update().only("pk").get(pk=conversation_id)
    return Conversation.objects.with_places().get(pk=conversation_id)


def _save(conversation: Conversation) -> None:
    conversation.version += 1
    conversation.save()


def _tell(conversation: Conversation, kind: Event.Kind, *, at: datetime, by: User | None = None, **detail: Any) -> None:
    Event.objects.create(conversation=conversation, kind=kind, at=at, actor=by, detail=detail)


def _last(conversation: Conversation, *kinds: Event.Kind) -> tuple[int | None, dict[str, Any]] | None:
    """By whom the latest event of these kinds was, and its detail."""
    events = Event.objects.filter(conversation=conversation, kind__in=kinds).order_by("-id")
    return events.values_list("actor", "detail").first()


def _is_on_hold(conversation: Conversation) -> bool:
    turns = (Event.Kind.ACCEPTED, Event.Kind.HELD, Event.Kind.RESUMED)
    last = Event.objects.filter(conversation=conversation, kind__in=turns).order_by("-id").first()
    return last is not None and last.kind == Event.Kind.HELD


def _join(conversation: Conversation, purpose: Leg.Purpose, *, at: datetime, connected: bool, **who: Any) -> Leg:
    leg = Leg.objects.create(
        conversation=conversation, purpose=purpose, started_at=at, connected_at=at if connected else None, **who
    )
    Communication.objects.create(
        leg=leg, medium=_MEDIUM[Channel.Kind(conversation.channel.kind)], started_at=at, connected_at=leg.connected_at
    )
    return leg


def _connect(conversation: Conversation, purpose: Leg.Purpose, *, at: datetime) -> None:
    legs = Leg.objects.filter(conversation=conversation, purpose=purpose, ended_at=None)
    Communication.objects.filter(leg__in=legs, connected_at=None).update(connected_at=at)
    legs.filter(connected_at=None).update(connected_at=at)


def _leave(conversation: Conversation, *purposes: Leg.Purpose, at: datetime) -> None:
    legs = Leg.objects.filter(conversation=conversation, purpose__in=purposes, ended_at=None)
    Communication.objects.filter(leg__in=legs, ended_at=None).update(ended_at=at)
    legs.update(ended_at=at)


# Coming in


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
    _join(conversation, Leg.Purpose.CUSTOMER, at=now, connected=True)
    _tell(conversation, Event.Kind.RECEIVED, at=now, by=by)
    return enqueue(conversation.pk, queue=queue, now=now, by=by) if queue else conversation


@transaction.atomic
def enqueue(conversation_id: uuid.UUID, *, queue: Queue, now: datetime, by: User | None = None) -> Conversation:
    """Let it wait in a queue of its channel."""
    conversation = locked(conversation_id)
    if conversation.state == State.QUEUED and conversation.queue_id == queue.pk:
        return conversation
    if conversation.state not in (State.RECEIVED, State.QUEUED):
        raise WrongState(conversation, "queue", State.RECEIVED, State.QUEUED)
    _to_queue(conversation, queue, at=now, by=by)
    _save(conversation)
    return conversation


def _to_queue(conversation: Conversation, queue: Queue, *, at: datetime, by: User | None) -> None:
    if queue.channel_id != conversation.channel_id:
        raise WrongChannel(conversation, queue)
    _leave(conversation, Leg.Purpose.QUEUE, Leg.Purpose.AGENT, at=at)
    conversation.queue, conversation.agent = queue, None
    conversation.state = State.QUEUED
    conversation.queued_at = conversation.queued_at or at
    _join(conversation, Leg.Purpose.QUEUE, at=at, connected=True, queue=queue)
    _tell(conversation, Event.Kind.QUEUED, at=at, by=by, queue=queue.pk)


class WrongChannel(ValueError):
    """A conversation waits in queues of its own channel only."""

    def __init__(self, conversation: Conversation, queue: Queue) -> None:
        super().__init__(
            _("Queue %(queue)s belongs to channel %(channel)s, not to %(other)s.")
            % {"queue": queue, "channel": queue.channel, "other": conversation.channel}
        )


# Being served


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
    _save(conversation)
    return conversation


def _to_agent(conversation: Conversation, agent: User, *, at: datetime, by: User | None) -> None:
    _leave(conversation, Leg.Purpose.AGENT, at=at)
    conversation.agent = agent
    conversation.state = State.ALLOCATED
    conversation.allocated_at = conversation.allocated_at or at
    _join(conversation, Leg.Purpose.AGENT, at=at, connected=False, agent=agent)
    _tell(conversation, Event.Kind.ALLOCATED, at=at, by=by, agent=agent.pk)


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
    _leave(conversation, Leg.Purpose.QUEUE, at=now)
    _connect(conversation, Leg.Purpose.AGENT, at=now)
    conversation.state = State.ACCEPTED
    conversation.accepted_at = conversation.accepted_at or now
    _tell(conversation, Event.Kind.ACCEPTED, at=now, by=by)
    _save(conversation)
    return conversation


@transaction.atomic
def reject(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Decline an offer: back to its queue, or, without one, to received."""
    conversation = locked(conversation_id)
    if conversation.state in (State.QUEUED, State.RECEIVED) and _last(conversation, Event.Kind.REJECTED) == (by.pk, {}):
        return conversation
    if conversation.state != State.ALLOCATED:
        raise WrongState(conversation, "reject", State.ALLOCATED)
    if conversation.agent_id != by.pk:
        raise TakenByAnother(conversation, "reject")
    _back_from_agent(conversation, at=now)
    _tell(conversation, Event.Kind.REJECTED, at=now, by=by)
    _save(conversation)
    return conversation


def _back_from_agent(conversation: Conversation, *, at: datetime) -> None:
    _leave(conversation, Leg.Purpose.AGENT, at=at)
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
    offers = Leg.objects.filter(conversation=conversation, purpose=Leg.Purpose.AGENT, ended_at=None)
    if offers.filter(started_at__gt=now - timedelta(seconds=seconds)).exists():
        return conversation
    agent = conversation.agent_id
    _back_from_agent(conversation, at=now)
    _tell(conversation, Event.Kind.WITHDRAWN, at=now, agent=agent, seconds=seconds)
    _save(conversation)
    return conversation


@transaction.atomic
def hold(conversation_id: uuid.UUID, *, by: User, now: datetime, resume: bool = False) -> Conversation:
    """Put an accepted conversation on hold, or take it off again."""
    conversation = locked(conversation_id)
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, "hold", State.ACCEPTED)
    if _is_on_hold(conversation) is not resume:
        return conversation
    _tell(conversation, Event.Kind.RESUMED if resume else Event.Kind.HELD, at=now, by=by)
    _save(conversation)
    return conversation


@transaction.atomic
def transfer(
    conversation_id: uuid.UUID, *, by: User, now: datetime, queue: Queue | None = None, agent: User | None = None
) -> Conversation:
    """Hand an accepted conversation to another queue or agent: its agent does, or the telephone system in that name.
    Its data stays as it is."""
    conversation = locked(conversation_id)
    target = {"queue": queue.pk} if queue else {"agent": agent.pk if agent else None}
    waits_there = conversation.state == State.QUEUED and conversation.queue == queue
    offered_there = conversation.state == State.ALLOCATED and conversation.agent == agent
    if (waits_there or offered_there) and _last(conversation, Event.Kind.TRANSFERRED) == (by.pk, target):
        return conversation
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, "transfer", State.ACCEPTED)
    if conversation.agent_id != by.pk and not by.is_api_client:
        raise TakenByAnother(conversation, "transfer")
    _tell(conversation, Event.Kind.TRANSFERRED, at=now, by=by, **target)
    if queue:
        _to_queue(conversation, queue, at=now, by=by)
    elif agent:
        _to_agent(conversation, agent, at=now, by=by)
    else:
        raise ValueError(_("A transfer needs a queue or an agent."))
    _save(conversation)
    return conversation


# Ending


@transaction.atomic
def end(
    conversation_id: uuid.UUID, *, now: datetime, ended_by: str = Conversation.Party.SYSTEM, by: User | None = None
) -> Conversation:
    """End it. Accepted: what the settings keep is kept, the rest destroyed, and wrap-up begins. Otherwise: abandoned,
    or a false attempt, and everything is destroyed.

    A conversation that was accepted once and leaves while it waits again after a transfer keeps its data too; with
    no agent to wrap it up it is handled at once.
    """
    conversation = locked(conversation_id)
    if conversation.state not in ACTIVE_STATES:
        return conversation
    was_served = conversation.state == State.ACCEPTED
    # News may be late: nothing ends before it began.
    conversation.ended_at = max(now, conversation.received_at)
    conversation.ended_by = ended_by
    _leave(conversation, *Leg.Purpose, at=conversation.ended_at)
    if conversation.accepted_at:
        conversation.state = State.WRAP_UP if was_served else State.HANDLED
        conversation.handled_at = None if was_served else conversation.ended_at
        _tell(conversation, Event.Kind.ENDED, at=conversation.ended_at, by=by, ended_by=ended_by)
        keep_what_the_settings_keep(conversation, now=conversation.ended_at)
        if conversation.state == State.HANDLED:
            destroy_live_data(conversation)
    else:
        conversation.state = _unaccepted_end(conversation)
        destroy_all(conversation)
        _tell(conversation, Event.Kind.ABANDONED, at=conversation.ended_at, by=by, ended_by=ended_by)
    _save(conversation)
    tell_readers((conversation.pk, now))
    return conversation


def _unaccepted_end(conversation: Conversation) -> State:
    limit = timedelta(seconds=settings_of(conversation).false_attempt_seconds.value)
    assert conversation.ended_at  # set by end()
    waited = conversation.ended_at - conversation.received_at
    return State.FALSE_ATTEMPT if waited < limit else State.ABANDONED


@transaction.atomic
def handle(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Wrap-up is over."""
    conversation = locked(conversation_id)
    if conversation.state == State.HANDLED:
        return conversation
    if conversation.state != State.WRAP_UP:
        raise WrongState(conversation, "handle", State.WRAP_UP)
    conversation.state = State.HANDLED
    conversation.handled_at = now
    destroy_live_data(conversation)
    _tell(conversation, Event.Kind.HANDLED, at=now, by=by)
    _save(conversation)
    tell_readers((conversation.pk, now))
    return conversation


# News that arrives out of order


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
    legs = Leg.objects.filter(conversation=conversation, purpose__in=[Leg.Purpose.CUSTOMER, Leg.Purpose.QUEUE])
    _move(legs, "started_at", "connected_at", known_as=known_as, to=at)
    first = Event.objects.filter(
        conversation=conversation, kind__in=[Event.Kind.RECEIVED, Event.Kind.QUEUED], at=known_as
    )
    first.update(at=at)
    if conversation.allocated_at is None and conversation.queue_id and conversation.queue_id != queue.pk:
        conversation.channel, conversation.queue = queue.channel, queue
        legs.filter(purpose=Leg.Purpose.QUEUE).update(queue=queue)
        Event.objects.filter(conversation=conversation, kind=Event.Kind.QUEUED).update(detail={"queue": queue.pk})
    if conversation.state in _UNACCEPTED_ENDS:
        conversation.state = _unaccepted_end(conversation)
    _save(conversation)
    if not conversation.is_active:
        tell_readers((conversation.pk, at))
    return conversation


@transaction.atomic
def ended_earlier(conversation_id: uuid.UUID, *, at: datetime) -> Conversation:
    """Set the end of an unaccepted conversation, which turns out to have been earlier than was known."""
    conversation = locked(conversation_id)
    if conversation.state not in _UNACCEPTED_ENDS or not conversation.ended_at or conversation.ended_at <= at:
        return conversation
    known_as, conversation.ended_at = conversation.ended_at, max(at, conversation.received_at)
    legs = Leg.objects.filter(conversation=conversation)
    _move(legs, "ended_at", known_as=known_as, to=conversation.ended_at)
    last = Event.objects.filter(conversation=conversation, kind=Event.Kind.ABANDONED)
    last.update(at=conversation.ended_at)
    conversation.state = _unaccepted_end(conversation)
    _save(conversation)
    tell_readers((conversation.pk, at))
    return conversation


_UNACCEPTED_ENDS = (State.ABANDONED, State.FALSE_ATTEMPT)


def _move(legs: QuerySet[Leg], *fields: str, known_as: datetime, to: datetime) -> None:
    """Correct a time of legs and of their communications."""
    for field in fields:
        Communication.objects.filter(leg__in=legs, **{field: known_as}).update(**{field: to})
    for field in fields:
        legs.filter(**{field: known_as}).update(**{field: to})
