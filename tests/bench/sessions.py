"""Session metadata documents of many conversations, and what reading and writing their rows alone would take."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence

from django.db import connection

from channels_cfg.models import Queue, User
from conversations.models import Conversation, Event, Hold, Leg, Message, Session
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import read_sessions
from tests.bench.dataset import vacuum

DOCUMENTS = 5_000
BATCH = 500

_STORY = """
    WITH chosen AS (
        SELECT * FROM conversations_conversation WHERE accepted_at IS NOT NULL ORDER BY received_at DESC LIMIT %s
    ), customers AS (
        INSERT INTO conversations_leg (conversation_id, purpose, entry, started_at, connected_at, ended_at)
        SELECT id, 'customer', 'arrived', received_at, received_at, ended_at FROM chosen
    ), queues AS (
        INSERT INTO conversations_leg (conversation_id, purpose, entry, queue_id, started_at, connected_at, ended_at)
        SELECT id, 'queue', 'arrived', queue_id, queued_at, queued_at, accepted_at FROM chosen
     RETURNING id, conversation_id
    ), agents AS (
        INSERT INTO conversations_leg (
               conversation_id, purpose, entry, brought_by_id, agent_id, started_at, connected_at, ended_at)
        SELECT chosen.id, 'agent', 'queue', queues.id, agent_id, allocated_at, accepted_at, ended_at
          FROM chosen JOIN queues ON queues.conversation_id = chosen.id
    ), messages AS (
        INSERT INTO conversations_message (conversation_id, author, agent_id, messaging_channel, content_type, text,
                                           content, reply_to, external_id, sent_at, rank)
        SELECT id, CASE WHEN n %% 2 = 0 THEN 'customer' ELSE 'agent' END, CASE WHEN n %% 2 = 1 THEN agent_id END,
               messaging_channel, 'text_message', 'Hello', '{}', '', '', accepted_at + n * interval '20 s', '[]'
          FROM chosen, generate_series(0, 5) AS n
    ), events AS (
        INSERT INTO conversations_event (conversation_id, kind, at, detail, external_id)
        SELECT id, 'handled', handled_at, '{}', '' FROM chosen
    ), sessions AS (
        INSERT INTO conversations_session (conversation_id, lang, rating, told_at, told_by_id)
        SELECT id, 'en', 4, handled_at, agent_id FROM chosen
    )
    SELECT id FROM chosen
"""


def ended_chats(number: int = DOCUMENTS) -> list[uuid.UUID]:
    """Conversations of the data set, each with what a served chat leaves: legs, messages, events, a rating; ids."""
    with connection.cursor() as cursor:
        cursor.execute(_STORY, [number])
        chosen = [row[0] for row in cursor.fetchall()]
    vacuum()
    return chosen


def _batches(ids: Sequence[uuid.UUID]) -> Iterator[Sequence[uuid.UUID]]:
    return (ids[first : first + BATCH] for first in range(0, len(ids), BATCH))


def build(ids: Sequence[uuid.UUID]) -> None:
    for batch in _batches(ids):
        documents = [as_bytes(session_metadata(stored)) for stored in read_sessions(batch)]
        assert len(documents) == len(batch)


def read_and_write(ids: Sequence[uuid.UUID]) -> None:
    """The same rows as they are."""
    for batch in _batches(ids):
        rows = list(Conversation.objects.filter(pk__in=batch).values())
        for model in (Session, Leg, Hold, Message, Event):
            rows += model._default_manager.filter(conversation__in=batch).values()
        rows += [*Queue.objects.values(), *User.objects.values()]
        for row in rows:
            json.dumps(row, default=str).encode()
