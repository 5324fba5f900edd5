"""An agent consults a colleague, who may join the conversation."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from channels_cfg.models import Queue, User
from channels_cfg.prepared import written_together
from conversations.lifecycle.changes import TakenByAnother, WrongChannel, WrongState, locked, save, tell
from conversations.lifecycle.holding import put_on_hold, take_off_hold
from conversations.lifecycle.participants import connect, join, leave, leg_of_agent
from conversations.models import Conversation, Event, Leg, State
from conversations.models.leg import LegQuerySet


class NobodyConsulted(WrongState):
    """Only somebody who accepted a consultation can join the conversation."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__(conversation, State.ACCEPTED)
        self.args = (_("Nobody has accepted a consultation about this conversation."),)


@transaction.atomic
@written_together()
def consult(
    conversation_id: uuid.UUID, *, by: User, now: datetime, queue: Queue | None = None, agent: User | None = None
) -> Conversation:
    """Ask a colleague, or whoever takes it from a queue, while the customer is on hold. Asking another ends the
    consultation before."""
    conversation = locked(conversation_id)
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)
    if queue and queue.channel_id != conversation.channel_id:
        raise WrongChannel(conversation, queue)
    if not queue and agent in (None, conversation.agent):
        raise ValueError(_("A consultation needs a queue or another agent."))
    asked = Q(queue=queue) | Q(brought_by__queue=queue) if queue else Q(agent=agent)
    if _consulted(conversation).filter(asked).exists():
        return conversation
    leave(conversation, at=now, entry=Leg.Entry.CONSULTATION)
    put_on_hold(conversation, at=now, by=by)
    join(
        conversation,
        Leg.Purpose.QUEUE if queue else Leg.Purpose.AGENT,
        at=now,
        connected=queue is not None,
        entry=Leg.Entry.CONSULTATION,
        brought_by=leg_of_agent(conversation),
        **({"queue": queue} if queue else {"agent": agent}),
    )
    whom = {"queue": queue.pk} if queue else {"agent": agent.pk if agent else None}
    tell(conversation, Event.Kind.CONSULTED, at=now, by=by, **whom)
    save(conversation)
    return conversation


def _consulted(conversation: Conversation) -> LegQuerySet:
    return conversation.legs.there().filter(entry=Leg.Entry.CONSULTATION)


@transaction.atomic
@written_together()
def accept_consultation(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """The agent who is asked accepts, or, of a queue that is asked, whoever is first."""
    conversation = locked(conversation_id)
    asked = _consulted(conversation).first()
    if asked is None or asked.agent_id not in (None, by.pk):
        raise TakenByAnother(conversation)
    if asked.connected_at and asked.purpose == Leg.Purpose.AGENT:
        return conversation
    if asked.purpose == Leg.Purpose.AGENT:
        connect(conversation, at=now, pk=asked.pk)
    else:
        leave(conversation, at=now, pk=asked.pk)
        _join(conversation, by, Leg.Entry.CONSULTATION, brought_by=asked, at=now)
    tell(conversation, Event.Kind.ANSWERED, at=now, by=by)
    save(conversation)
    return conversation


@transaction.atomic
@written_together()
def end_consultation(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Back to the customer: whoever is consulted leaves, also who has not accepted yet."""
    conversation = locked(conversation_id)
    if leave(conversation, at=now, entry=Leg.Entry.CONSULTATION):
        tell(conversation, Event.Kind.CAME_BACK, at=now, by=by)
        take_off_hold(conversation, at=now, by=by)
        save(conversation)
    return conversation


@transaction.atomic
@written_together()
def conference(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Whoever is consulted, and has accepted, joins the customer and the agent, on a leg of its own."""
    conversation = locked(conversation_id)
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)
    consulted = _consulted(conversation).filter(purpose=Leg.Purpose.AGENT, connected_at__isnull=False).first()
    if consulted is None or consulted.agent is None:
        if conversation.legs.there().filter(entry=Leg.Entry.CONFERENCE).exists():
            return conversation
        raise NobodyConsulted(conversation)
    leave(conversation, at=now, pk=consulted.pk)
    _join(conversation, consulted.agent, Leg.Entry.CONFERENCE, brought_by=consulted, at=now)
    tell(conversation, Event.Kind.CONFERENCE, at=now, by=by, agent=consulted.agent_id)
    take_off_hold(conversation, at=now, by=by)
    save(conversation)
    return conversation


def _join(conversation: Conversation, agent: User, entry: Leg.Entry, *, brought_by: Leg, at: datetime) -> None:
    join(conversation, Leg.Purpose.AGENT, at=at, connected=True, entry=entry, brought_by=brought_by, agent=agent)
