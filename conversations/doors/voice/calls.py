"""A call arrives: once, however often it is told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from channels_cfg.models import Channel, IvrDefinition, Queue, Right, Source, User
from channels_cfg.prepared import first_row
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.doors import references
from conversations.doors.voice import ivr
from conversations.doors.voice.good_pairs import attach_good_pairs
from conversations.doors.voice.sip_headers import pairs_in
from conversations.models import Conversation, Event, ExternalReference, Session, State
from conversations.models.consent import tidied_customer
from conversations.models.conversation import ConversationQuerySet
from conversations.models.granted import GRANTED

DOOR = "voice"

HEARD_BY_ITSELF = timedelta(minutes=1)
"""An event that is told no later is a sign of life by its own time."""


def door_of(telephone_system: User) -> str:
    """Each names its calls by itself: what another calls so is another call."""
    return f"{DOOR}:{telephone_system.pk}"


def references_of_call(call_id: str) -> QuerySet[ExternalReference]:
    """All that telephone systems call so."""
    return ExternalReference.objects.filter(door__startswith=f"{DOOR}:", external_id=call_id)


@dataclass(frozen=True)
class NewCall:
    """What is told of a call, and where it goes: to an IVR, a queue, an agent, or an agent in the queue's name."""

    call_id: str
    channel: Channel
    queue: Queue | None = None
    agent: User | None = None
    ivr: IvrDefinition | None = None
    customer_address: str = ""
    direction: str = Conversation.Direction.INBOUND
    centre_number: str = ""
    """The number that the customer called or, outbound, from which the customer is called."""
    attached_data: Mapping[str, Any] = field(default_factory=dict)
    sip_headers: Mapping[str, str] = field(default_factory=dict)


def calls_of(user: User) -> ConversationQuerySet:
    """Calls on which the user serves, and those that the user told of and that neither queue nor agent has."""
    return told_by(user).filter(channel__kind=Channel.Kind.VOICE)


def told_by(user: User) -> ConversationQuerySet:
    """Conversations of which the user may tell something: those that the user serves, and calls that the user told of
    and that neither queue nor agent has."""
    served = Conversation.objects.granting(Right.SERVE, to=user)
    return served | Conversation.objects.filter(queue=None, agent=None, reference__door=door_of(user))


_FACTS = ("id", "channel_id", "queue_id", "state", "agent_id", "version")  # in the order of the model
_AGENT = ("id", "username", "is_api_client")  # likewise
_CALL = f"""
    SELECT reference.external_id, {", ".join(f"conversation.{name}" for name in _FACTS)},
           {", ".join(f'agent."{name}"' for name in _AGENT)}
      FROM conversations_conversation AS conversation
      JOIN channels_cfg_channel AS channel ON channel.id = conversation.channel_id AND channel.kind = 'voice'
      LEFT JOIN conversations_externalreference AS reference ON reference.id = conversation.reference_id
      LEFT JOIN channels_cfg_user AS agent ON agent.id = conversation.agent_id
     WHERE conversation.id = %(id)s
       AND (conversation.queue_id IS NULL AND conversation.agent_id IS NULL AND reference.door = %(door)s OR {GRANTED})
"""


def call_of(conversation_id: uuid.UUID, user: User) -> tuple[Conversation, str | None]:
    """One of ``calls_of`` the user with its agent, as far as is to be known before it is held; and what its telephone
    system calls it, None where none told of it. Raises ``Conversation.DoesNotExist`` where it is no such call."""
    asked = {"id": conversation_id, "door": door_of(user), "right": str(Right.SERVE), "user": user.pk}
    row = first_row(_CALL, asked)
    if row is None:
        raise Conversation.DoesNotExist
    call_id, *values = row
    call = Conversation.from_db("default", _FACTS, values[: len(_FACTS)])
    if call.agent_id:
        call.agent = User.from_db("default", _AGENT, values[len(_FACTS) :])
    return call, call_id


def calls_of_nobody(telephone_system: User) -> ConversationQuerySet:
    """What it told of and what is still with an IVR."""
    own = ExternalReference.objects.filter(door=door_of(telephone_system))
    return Conversation.objects.filter(state=State.RECEIVED, queue=None, agent=None, reference__in=own)


def told_before(call_id: str, *, by: User) -> Conversation | None:
    """The call of this id, which that telephone system has told of."""
    reference = ExternalReference.objects.filter(door=door_of(by), external_id=call_id)
    return Conversation.objects.filter(reference__in=reference).order_by("received_at").last()


@transaction.atomic
def take_in(call: NewCall, *, by: User, now: datetime) -> tuple[Conversation, bool]:
    """Register the call, and say whether it is new: told again, nothing changes.

    Raises ``RefusedPairs`` about ``attached_data``; a SIP header that is no good pair is left out.
    """
    reference = references.hold(door_of(by), call.call_id)
    if known := Conversation.objects.filter(reference=reference).order_by("received_at").last():
        return known, False
    conversation = lifecycle.receive(
        channel=call.channel,
        now=now,
        direction=call.direction,
        by=by,
        reference=reference,
        customer_address=tidied_customer(call.customer_address),
    )
    if call.centre_number:
        _note_number(conversation, call.centre_number, at=now, by=by)
    _attach(conversation, call, at=now, by=by)
    if call.ivr:
        ivr.enter(conversation, call.ivr, now=now, by=by)
    if call.queue:
        lifecycle.enqueue(conversation.pk, queue=call.queue, now=now, by=by)
    conversation = lifecycle.locked(conversation.pk)
    if call.agent and conversation.is_active:
        conversation = lifecycle.allocate(conversation.pk, agent=call.agent, now=now, by=by)
    return conversation, True


def _note_number(conversation: Conversation, number: str, *, at: datetime, by: User) -> None:
    is_outbound = conversation.direction == Conversation.Direction.OUTBOUND
    named = {"outbound_number" if is_outbound else "support_number": number}
    Session.objects.create(conversation=conversation, told_at=at, told_by=by, **named)


def _attach(conversation: Conversation, call: NewCall, *, at: datetime, by: User) -> None:
    """What headers and body say; the body counts where both name a key."""
    prefix = conversation.channel.sip_header_prefix
    if call.attached_data:
        attach_data(conversation, call.attached_data, source=Source.CUSTOMER, at=at, by=by)
    carried = dict(pairs_in(call.sip_headers, prefix=prefix).values())
    attach_good_pairs(conversation, carried, at=at, by=by, overwrites=False)


def moment_of(conversation: Conversation, told: datetime | None, *, now: datetime) -> datetime:
    """When something happened to the call, which the caller holds: as told, but neither later than now nor before the
    latest change, so that the times of a call never run backwards."""
    if told is None or told >= now:
        return now
    latest = Event.objects.filter(conversation=conversation).aggregate(at=Max("at"))["at"]
    return max(told, min(latest or conversation.received_at, now))


def note_sign_of_life(conversation_id: uuid.UUID, *, now: datetime) -> None:
    """The telephone system told of it, though the timeline may not show that, or not by now's time."""
    ExternalReference.objects.filter(Q(heard_at=None) | Q(heard_at__lt=now), conversations=conversation_id).update(
        heard_at=now
    )
