"""Which conversations lie on an agent's desk, and how to tell cheaply whether anything there has changed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.lookups import Exact

from channels_cfg.models import Channel, PauseReason, Queue, Right, User
from conversations.desk.contact_information import contact_information_of
from conversations.models import AgentPresence, Conversation, Leg, Message, State
from conversations.models.conversation import ConversationQuerySet
from conversations.models.told import SAID_BY_CUSTOMER
from conversations.routing.presence import presence_of
from conversations.topics import topics

MINE = (State.ACCEPTED, State.WRAP_UP)
MOST_WAITING = 100


def on_desk_of(agent: User) -> ConversationQuerySet:
    """What waits in the agent's queues, what is offered to, served or wrapped up by the agent, and about what the agent
    is consulted: with ``is_asked`` for the last, and with ``offered_at``."""
    there = Leg.objects.there().filter(purpose=Leg.Purpose.AGENT)
    asked = there.filter(agent=agent, entry__in=[Leg.Entry.CONSULTATION, Leg.Entry.CONFERENCE]).values("conversation")
    offered = there.filter(conversation=OuterRef("pk"), agent=OuterRef("agent")).order_by("-pk").values("started_at")
    served = Conversation.objects.granting(Right.SERVE, to=agent).with_places()
    served = served.annotate(is_asked=Q(state=State.ACCEPTED, pk__in=asked), offered_at=Subquery(offered[:1]))
    return served.filter(Q(state=State.QUEUED) | Q(agent=agent, state__in=[State.ALLOCATED, *MINE]) | Q(is_asked=True))


def topics_of_desk(agent: User, open_id: uuid.UUID | None) -> str:
    """What the desk waits for while nothing on it is new."""
    queues = Queue.objects.granting(Right.SERVE, to=agent).values_list("pk", flat=True)
    return topics(agent=[agent.pk], conversation=[open_id] if open_id else [], queue=queues)


@dataclass(frozen=True)
class Desk:
    """The lists of the desk. ``more_wait``: more wait than are shown. ``token`` changes with any of it."""

    presence: AgentPresence | None
    offers: Sequence[Conversation]
    mine: Sequence[Conversation]
    waiting: Sequence[Conversation]
    more_wait: bool
    token: str

    @property
    def pause_reasons(self) -> QuerySet[PauseReason]:
        return PauseReason.objects.all()

    @property
    def asks_me(self) -> int:
        """How many conversations the agent is to accept or decline: offered, or of a colleague who asks."""
        return len(self.offers) + sum(bool(row.asks_me) for row in self.mine)  # type: ignore[attr-defined]

    @property
    def waits_for_me(self) -> int:
        """How many wait for this agent: those, and customers who are not answered yet."""
        return self.asks_me + sum(bool(row.is_to_be_answered) for row in self.mine)  # type: ignore[attr-defined]


def desk_of(agent: User) -> Desk:
    """Own work first, then what waits, the longest waiting first; three queries beside those for the rights and
    for what is told of offers."""
    last = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-pk")
    asking = Leg.objects.there().filter(entry=Leg.Entry.CONSULTATION, connected_at=None, agent=agent)
    all_of_it = on_desk_of(agent).annotate(
        asks_me=Q(state=State.ACCEPTED, pk__in=asking.values("conversation")),
        last_message_at=Subquery(last.values("sent_at")[:1]),
        is_to_be_answered=Q(agent=agent, state=State.ACCEPTED, channel__kind=Channel.Kind.CHAT)
        & Q(Exact(Subquery(last.values("author")[:1]), Value(Message.Author.CUSTOMER))),
    )
    own = list(all_of_it.exclude(state=State.QUEUED).order_by("received_at", "id"))
    offers = [row for row in own if row.state == State.ALLOCATED]
    mine = [row for state in MINE for row in own if row.state == state]
    waiting = list(all_of_it.filter(state=State.QUEUED).order_by("queued_at", "id")[: MOST_WAITING + 1])
    shown = waiting[:MOST_WAITING]
    presence = presence_of(agent)
    told = contact_information_of(offers)
    for row in offers:
        row.contact_information = told.get(row.pk, "")  # type: ignore[attr-defined]
    token = _list_token([*own, *waiting], presence, *told.values())
    return Desk(presence, offers, mine, shown, len(waiting) > MOST_WAITING, token)


def _list_token(conversations: Iterable[Conversation], presence: AgentPresence | None, *told: str) -> str:
    status = (presence.status, presence.reason_id, presence.since) if presence else ()
    rows = ((row.pk, row.version, row.customer, row.last_message_at) for row in conversations)  # type: ignore[attr-defined]
    return hashlib.sha256(repr([status, *rows, *told]).encode()).hexdigest()[:16]


_TOKENS = f"""
    SELECT md5(concat(version, state, agent_id, queue_id, customer_name, customer_address,
                      (SELECT max(consent.id)
                         FROM conversations_consent consent
                         JOIN conversations_externalreference reference ON reference.id = conversation.reference_id
                        WHERE {SAID_BY_CUSTOMER}),
                      (SELECT string_agg(key, ',' ORDER BY key)
                         FROM conversations_livedatum datum WHERE conversation_id = conversation.id),
                      (SELECT max(id) FROM channels_cfg_settingsversion))),
           md5(concat(version, (SELECT string_agg(datum::text, ',' ORDER BY key)
                                  FROM conversations_livedatum datum WHERE conversation_id = conversation.id),
                      (SELECT string_agg(concat(id, state, outcome), ',' ORDER BY id)
                         FROM conversations_integrationrun run WHERE conversation_id = conversation.id),
                      (SELECT max(id) FROM channels_cfg_settingsversion))),
           md5(concat((SELECT string_agg(concat(message::text, status.status, status.reason_code, media.state,
                                         outbound.state, outbound.reason, outbound.posting_since,
                                         CASE WHEN outbound.finished_at IS NULL THEN pause.until END),
                                  ',' ORDER BY message.id)
                  FROM conversations_message message
                  LEFT JOIN conversations_externalreference reference ON reference.id = message.reference_id
                  LEFT JOIN conversations_deliverystatus status
                         ON status.service_id = reference.service_id
                        AND status.message_external_id = message.external_id
                  LEFT JOIN conversations_mediafetch media ON media.message_id = message.id
                  LEFT JOIN conversations_outboundmessage outbound ON outbound.message_id = message.id
                  LEFT JOIN conversations_sendingpause pause ON pause.service_id = reference.service_id
                 WHERE message.conversation_id = conversation.id),
                (SELECT concat(delivered_to, ' ', read_to)
                   FROM conversations_visitorpresence visitor WHERE visitor.conversation_id = conversation.id))),
           md5(concat((SELECT visitor_typing_until
                         FROM conversations_visitorpresence visitor WHERE visitor.conversation_id = conversation.id),
                      (SELECT until FROM conversations_customertyping typing
                        WHERE typing.reference_id = conversation.reference_id)))
      FROM conversations_conversation conversation
     WHERE id = %s
"""


@dataclass(frozen=True)
class Tokens:
    """Each changes when the part of the page changes that it stands for."""

    head: str
    data: str
    messages: str
    typing: str


def tokens_of(conversation_id: uuid.UUID) -> Tokens:
    """One query that reads a few rows by index and returns digests only."""
    with connection.cursor() as cursor:
        cursor.execute(_TOKENS, [conversation_id])
        return Tokens(*(token or "none" for token in cursor.fetchone() or ("", "", "", "")))
