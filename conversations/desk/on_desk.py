"""Which conversations lie on an agent's desk, and how to tell cheaply whether anything there has changed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from channels_cfg.models import Right, User
from conversations.models import Conversation, Message, State
from conversations.models.conversation import ConversationQuerySet

MINE = (State.ALLOCATED, State.ACCEPTED, State.WRAP_UP)
MOST_WAITING = 100


def on_desk_of(agent: User) -> ConversationQuerySet:
    """What waits in the agent's queues, and what is offered to, served or wrapped up by the agent."""
    served = Conversation.objects.granting(Right.SERVE, to=agent).with_places()
    return served.filter(Q(state=State.QUEUED) | Q(agent=agent, state__in=MINE))


@dataclass(frozen=True)
class Desk:
    """The lists of the desk. ``more_wait``: more wait than are shown. ``token`` changes with any of it."""

    mine: Sequence[Conversation]
    waiting: Sequence[Conversation]
    more_wait: bool
    token: str


def desk_of(agent: User) -> Desk:
    """Own work first, then what waits, the longest waiting first; two queries beside those for the rights."""
    last_said = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at").values("sent_at")[:1]
    all_of_it = on_desk_of(agent).annotate(last_message_at=Subquery(last_said))
    mine = list(all_of_it.exclude(state=State.QUEUED).order_by("received_at", "id"))
    mine.sort(key=lambda conversation: MINE.index(State(conversation.state)))
    waiting = list(all_of_it.filter(state=State.QUEUED).order_by("received_at", "id")[: MOST_WAITING + 1])
    return Desk(mine, waiting[:MOST_WAITING], len(waiting) > MOST_WAITING, _list_token([*mine, *waiting]))


def _list_token(conversations: Iterable[Conversation]) -> str:
    rows = ((row.pk, row.version, row.customer, row.last_message_at) for row in conversations)  # type: ignore[attr-defined]
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()[:16]


_TOKENS = """
    SELECT md5(concat(version, state, agent_id, queue_id, customer_name, customer_address,
                      (SELECT string_agg(key, ',' ORDER BY key)
                         FROM conversations_livedatum datum WHERE conversation_id = conversation.id),
                      (SELECT max(id) FROM channels_cfg_settingsversion))),
           md5(concat(version, (SELECT string_agg(datum::text, ',' ORDER BY key)
                                  FROM conversations_livedatum datum WHERE conversation_id = conversation.id),
                      (SELECT max(id) FROM channels_cfg_settingsversion))),
           md5((SELECT string_agg(concat(message::text, status.status, status.reason_code), ',' ORDER BY message.id)
                  FROM conversations_message message
                  LEFT JOIN conversations_externalreference reference ON reference.id = message.reference_id
                  LEFT JOIN conversations_deliverystatus status
                         ON status.service_id = reference.service_id
                        AND status.message_external_id = message.external_id
                 WHERE message.conversation_id = conversation.id))
      FROM conversations_conversation conversation
     WHERE id = %s
"""


@dataclass(frozen=True)
class Tokens:
    """Each changes when the part of the page changes that it stands for."""

    head: str
    data: str
    messages: str


def tokens_of(conversation_id: uuid.UUID) -> Tokens:
    """One query that reads a few rows by index and returns digests only."""
    with connection.cursor() as cursor:
        cursor.execute(_TOKENS, [conversation_id])
        return Tokens(*(token or "none" for token in cursor.fetchone() or ("", "", "")))
