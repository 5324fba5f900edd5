"""Routing at 500 agents, 200 queues and 2,000 conversations that wait."""

from __future__ import annotations

import time

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import AccessRight, Channel, Queue, Right, User
from conversations.models import AgentPresence
from conversations.routing.offers import offer_waiting
from tests.bench.dataset import vacuum

AGENTS, QUEUES, TEAMS, WAITING = 500, 200, 50, 2_000
QUEUES_OF_A_TEAM = 20

_STORED = """
    INSERT INTO conversations_leg (conversation_id, purpose, entry, queue_id, started_at, connected_at, ended_at)
    SELECT id, 'queue', 'arrived', queue_id, received_at, received_at, ended_at FROM conversations_conversation;
    INSERT INTO conversations_leg (conversation_id, purpose, entry, agent_id, started_at, connected_at, ended_at)
    SELECT id, 'agent', 'queue', agent_id, received_at, received_at, ended_at FROM conversations_conversation
     WHERE agent_id IS NOT NULL;
    INSERT INTO conversations_event (conversation_id, kind, at, detail, external_id)
    SELECT id, kind, received_at, '{}', '' FROM conversations_conversation, unnest(ARRAY['received', 'ended']) AS kind
"""
_WAITING = """
    INSERT INTO conversations_conversation (
        id, channel_id, queue_id, messaging_channel, direction, state, customer_address, customer_name, received_at,
        queued_at, ended_by, kept_data, kept_sources, kept_times, kept_flags, dropped_keys, version)
    SELECT gen_random_uuid(), %(channel)s, (%(queues)s::bigint[])[1 + n %% %(number)s], 'WHATSAPP', 'inbound',
           'queued', '358401234567', '', at, at, '', '{}', '{}', '{}', '{}', '{}', 2
      FROM (SELECT n, now() - n * interval '1 s' AS at FROM generate_series(1, %(waiting)s) AS n) AS numbered
"""
_LEGS = """
    INSERT INTO conversations_leg (conversation_id, purpose, entry, queue_id, started_at, connected_at)
    SELECT id, 'queue', 'arrived', queue_id, queued_at, queued_at FROM conversations_conversation
     WHERE state = 'queued'
"""
_BACK = """
    DELETE FROM conversations_hold;
    DELETE FROM conversations_communication;
    DELETE FROM conversations_leg WHERE purpose = 'agent' AND ended_at IS NULL;
    DELETE FROM conversations_event WHERE kind = 'allocated';
    UPDATE conversations_conversation SET state = 'queued', agent_id = NULL WHERE state = 'allocated'
"""


def prepare() -> None:
    """A centre and what waits in it, beside whatever is stored in the database that is filled."""
    channel = _centre()
    queues = list(channel.queues.values_list("pk", flat=True))
    _execute(_STORED)
    _execute(_WAITING, channel=channel.pk, queues=queues, number=len(queues), waiting=WAITING)
    _execute(_LEGS)
    vacuum()
    _check_plans()


def offers_per_second() -> float:
    """One round; afterwards all is as before."""
    vacuum()
    start = time.perf_counter()
    offered = offer_waiting(now=timezone.now())
    taken = time.perf_counter() - start
    assert offered > WAITING * 0.9  # the last may find their agents full
    _execute(_BACK)
    return offered / taken


def _centre() -> Channel:
    """Teams of ten, each of which serves twenty queues; everybody is ready and has room for four."""
    channel = Channel.objects.create(name="Routed chat", kind=Channel.Kind.CHAT, conversations_at_once=4)
    queues = Queue.objects.bulk_create(Queue(name=f"Routed {number}", channel=channel) for number in range(QUEUES))
    agents = User.objects.bulk_create(User(username=f"routed{number}", password="!") for number in range(AGENTS))
    teams = Group.objects.bulk_create(Group(name=f"Routed {number}") for number in range(TEAMS))
    User.groups.through.objects.bulk_create(
        User.groups.through(user=agent, group=teams[number % TEAMS]) for number, agent in enumerate(agents)
    )
    AccessRight.objects.bulk_create(
        AccessRight(group=team, right=Right.SERVE, queue=queues[(number * 4 + step) % QUEUES])
        for number, team in enumerate(teams)
        for step in range(QUEUES_OF_A_TEAM)
    )
    now = timezone.now()
    AgentPresence.objects.bulk_create(
        AgentPresence(agent=agent, status="ready", since=now, available_since=now, seen_at=now) for agent in agents
    )
    return channel


def _check_plans() -> None:
    """No question of a pass walks a whole table of what happened."""
    with CaptureQueriesContext(connection) as asked, transaction.atomic():
        offer_waiting(now=timezone.now())
        transaction.set_rollback(True)
    for query in asked.captured_queries:
        if query["sql"].startswith("SELECT"):
            how = "(GENERIC_PLAN)" if "$1" in query["sql"] else ""
            plan = "\n".join(line for (line,) in _execute(f"EXPLAIN {how} {query['sql']}"))
            assert "Seq Scan on conversations_conversation" not in plan, plan
            assert "Seq Scan on conversations_leg" not in plan, plan


def _execute(sql: str, **parameters: object) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []
