"""Many waiting conversations are offered at once, each to the agent whom routing chose."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from conversations.lifecycle.news import Happened, tell_followers
from conversations.lifecycle.participants import medium_of
from conversations.models import AgentPresence, Communication, Conversation, Event, Leg


@dataclass(frozen=True)
class Offer:
    """A waiting conversation, for whom it is, and why: ``longest``, ``preferred`` or ``required``."""

    conversation_id: uuid.UUID
    agent_id: int
    why: str


# As lifecycle.allocate does to one.
_ALLOCATE = """
    UPDATE conversations_conversation conversation
       SET state = 'allocated', agent_id = offer.agent_id, version = version + 1,
           allocated_at = coalesce(allocated_at, %s)
      FROM unnest(%s::uuid[], %s::bigint[]) AS offer (id, agent_id)
     WHERE conversation.id = offer.id
"""


@transaction.atomic
def offer(chosen: Sequence[Offer], *, now: datetime) -> list[Offer]:
    """Offer each to its agent, and return which were: those that still wait and are held by nobody, to agents who are
    still ready. A handful of statements, however many there are."""
    presences = AgentPresence.objects.select_for_update(skip_locked=True, no_key=True)
    agents = {one.agent_id for one in chosen}
    ready = set(
        presences.filter(agent__in=agents, status=AgentPresence.Status.READY).values_list("agent_id", flat=True)
    )
    wanted = [one.conversation_id for one in chosen if one.agent_id in ready]
    locked = Conversation.objects.select_for_update(skip_locked=True, of=["self"]).filter(pk__in=wanted)
    waiting = {row.pk: row for row in locked.waiting().select_related("channel").order_by("pk")}
    made = [one for one in chosen if one.conversation_id in waiting]
    if made:
        with connection.cursor() as cursor:
            pairs = [(one.conversation_id, one.agent_id) for one in made]
            cursor.execute(_ALLOCATE, [now, *map(list, zip(*pairs, strict=True))])
        _join(made, waiting, at=now)
        AgentPresence.objects.available_since([one.agent_id for one in made], now)
    return made


def _join(made: Sequence[Offer], waiting: dict[uuid.UUID, Conversation], *, at: datetime) -> None:
    """The agents' legs with their media, and the timeline."""
    there = Leg.objects.there().filter(conversation__in=[one.conversation_id for one in made])
    queue_legs = {leg.conversation_id: leg for leg in there.filter(purpose=Leg.Purpose.QUEUE)}
    legs = Leg.objects.bulk_create(
        Leg(
            conversation_id=one.conversation_id,
            purpose=Leg.Purpose.AGENT,
            entry=Leg.Entry.QUEUE,
            brought_by=queue_legs.get(one.conversation_id),
            agent_id=one.agent_id,
            started_at=at,
        )
        for one in made
    )
    Communication.objects.bulk_create(
        Communication(leg=leg, medium=medium_of(waiting[leg.conversation_id]), started_at=at) for leg in legs
    )
    Event.objects.bulk_create(
        Event(
            conversation_id=one.conversation_id,
            kind=Event.Kind.ALLOCATED,
            at=at,
            detail={"agent": one.agent_id, "why": one.why},
        )
        for one in made
    )
    tell_followers(
        [
            Happened(row, Event.Kind.ALLOCATED, at, queue_id=row.queue_id, agent_id=one.agent_id)
            for one in made
            for row in [waiting[one.conversation_id]]
        ]
    )
