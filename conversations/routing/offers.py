"""Offering what waits: the conversation that waits longest to the agent who is available longest."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import Coalesce, RowNumber

from channels_cfg.models import AccessRight, Channel, Right
from conversations import lifecycle
from conversations.models import BUSY_STATES, AgentPresence, Conversation, Leg
from conversations.routing.matching import Agents, WaitingConversation, match

DEEPEST = 200
"""So many of each queue are looked at in one pass; the next looks at more."""

READY = Q(status=AgentPresence.Status.READY, agent__is_active=True)


def offer_waiting(*, now: datetime) -> int:
    """Offer what waits to agents who are ready, until nobody is left or nothing; return how many were offered."""
    offered = 0
    while made := _one_pass(now=now):
        offered += made
    return offered


@transaction.atomic
def _one_pass(*, now: datetime) -> int:
    """One look at all that waits and all who are ready. One at a time everywhere, so that nobody gets too much."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('conversations.routing'))")
    ready = AgentPresence.objects.filter(READY).order_by().values_list("agent", "available_since")
    since = {agent: at for agent, at in ready if at}
    if not since:
        return 0
    places = dict(Conversation.objects.waiting().order_by().values_list("queue", "channel").distinct())
    if not places:
        return 0
    room = _room(since, set(places.values()))
    serving = _serving(since, places)
    with_room = {
        queue: [agent for agent in agents if room.get((agent, places[queue]))] for queue, agents in serving.items()
    }
    waiting = _first_in_line({queue: agents for queue, agents in with_room.items() if agents}, now=now)
    return len(lifecycle.offer(list(match(waiting, Agents(since, serving, room), now=now)), now=now))


def _room(agents: Collection[int], channels: Collection[int]) -> dict[tuple[int, int], int]:
    """How many more of each channel each agent may be given; only where there is room."""
    limits = dict(Channel.objects.filter(pk__in=channels).values_list("pk", "conversations_at_once"))
    busy = Conversation.objects.filter(state__in=BUSY_STATES, agent__isnull=False).order_by()
    has = {
        (agent, channel): number
        for agent, channel, number in busy.values_list("agent", "channel").annotate(number=Count("pk"))
    }
    return {
        (agent, channel): limit - has.get((agent, channel), 0)
        for agent in agents
        for channel, limit in limits.items()
        if limit > has.get((agent, channel), 0)
    }


def _serving(agents: Collection[int], queues: Collection[int]) -> dict[int, list[int]]:
    """Which of the agents serve each of the queues; as ``Queue.objects.granting`` says of one."""
    granted = (
        AccessRight.objects.filter(right=Right.SERVE, direct_conversations_of=None)
        .annotate(place=Coalesce("queue", "queue_group__queues"), holder=Coalesce("user", "group__user"))
        .filter(place__in=list(queues), holder__isnull=False)
        .order_by()
    )
    holders = granted.values_list("place").annotate(holders=ArrayAgg("holder", distinct=True))
    return {queue: [holder for holder in found if holder in agents] for queue, found in holders}


def _first_in_line(free: dict[int, list[int]], *, now: datetime) -> list[WaitingConversation]:
    """What waits first in each queue for the agents who are free there: by priority, its own or its queue's, then by
    how long it waits. What waits for other agents is left out."""
    anybody = {agent for agents in free.values() for agent in agents}
    preferring = Q(preferred_agent__isnull=False, preferred_until__gt=now)
    requiring = Q(required_agents__isnull=False) & (Q(required_until=None) | Q(required_until__gt=now))
    order = [F("first"), F("queued_at"), F("pk")]
    rows = (
        Conversation.objects.waiting()
        .filter(queue__in=free)
        .filter(~preferring | Q(preferred_agent__in=anybody))
        .filter(~requiring | Q(required_agents__overlap=list(anybody)))
        .alias(first=Coalesce("priority", "queue__priority"))
        .alias(place=Window(RowNumber(), partition_by="queue", order_by=order))
        .filter(place__lte=DEEPEST)
        .order_by(*order)
        .values_list(
            "pk", "queue", "channel", "preferred_agent", "preferred_until", "required_agents", "required_until"
        )
    )
    found = list(rows)
    declined = _declined([row[0] for row in found])
    return [
        WaitingConversation(
            pk,
            queue,
            channel,
            preferred=preferred if preferred and preferred_until and preferred_until > now else None,
            required=frozenset(required) if required and (not required_until or required_until > now) else None,
            declined=declined.get(pk, {}),
        )
        for pk, queue, channel, preferred, preferred_until, required, required_until in found
    ]


def _declined(conversations: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[int, datetime]]:
    """Who rejected or missed each since it came into its queue, and when last."""
    there = Leg.objects.there().filter(purpose=Leg.Purpose.QUEUE, conversation__in=conversations)
    offers = Leg.objects.filter(
        purpose=Leg.Purpose.AGENT, brought_by__in=there, connected_at=None, ended_at__isnull=False
    )
    declined: dict[uuid.UUID, dict[int, datetime]] = defaultdict(dict)
    for conversation, agent, at in offers.order_by("ended_at").values_list("conversation", "agent", "ended_at"):
        if agent and at:
            declined[conversation][agent] = at
    return declined
