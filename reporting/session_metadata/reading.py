"""What is stored of sessions, read for many at once in a number of queries that does not depend on theirs."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, Q
from django.db.models.fields.json import KT

from channels_cfg.keys.effective_settings import effective_settings
from channels_cfg.models import Channel, Queue, SystemSettings, User
from conversations.models import Conversation, Event, Hold, Leg, Message, Session

KINDS = (Channel.Kind.VOICE, Channel.Kind.CHAT)
"""Of channels whose conversations are sessions."""


@dataclass(frozen=True)
class CountedMessage:
    """A message, as far as it is counted."""

    author: str
    agent_id: int | None
    sent_at: datetime


@dataclass(frozen=True)
class StoredSession:
    """Everything that the document of one conversation is made of; ``user_ids`` are those of named users."""

    conversation: Conversation
    told: Session
    shows_kept_data: bool
    changed_at: datetime
    turned_away: str = ""
    legs: list[Leg] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    messages: list[CountedMessage] = field(default_factory=list)
    user_ids: dict[str, int] = field(default_factory=dict)

    @property
    def is_call(self) -> bool:
        return self.conversation.channel.kind == Channel.Kind.VOICE


def read_sessions(ids: Collection[uuid.UUID]) -> list[StoredSession]:
    """In the order of the ids; what is no voice or chat conversation is left out."""
    sessions = Conversation.objects.filter(pk__in=ids, channel__kind__in=KINDS)
    found = {row.pk: row for row in sessions.select_related("channel", "queue", "queue__channel", "agent", "session")}
    if not found:
        return []
    told = {pk: _told_of(row) for pk, row in found.items()}
    legs = _by_conversation(_with_whom(list(Leg.objects.filter(conversation__in=found).order_by("pk"))))
    holds = _by_conversation(Hold.objects.filter(conversation__in=found).order_by("pk"))
    messages = _messages([row for row in found.values() if row.channel.kind == Channel.Kind.CHAT])
    events = _events(found)
    user_ids = _user_ids(told.values())
    system = SystemSettings.load()
    return [
        StoredSession(
            conversation=row,
            told=told[pk],
            shows_kept_data=_shows_kept_data(row, system),
            changed_at=_latest(row, told[pk], events[pk]["at"] if pk in events else None),
            turned_away=(events[pk]["why"] or "") if pk in events else "",
            legs=legs[pk],
            holds=holds[pk],
            messages=messages[pk],
            user_ids=user_ids,
        )
        for pk in ids
        if (row := found.get(pk))
    ]


def _told_of(conversation: Conversation) -> Session:
    return getattr(conversation, "session", None) or Session(conversation=conversation)


def _with_whom(legs: list[Leg]) -> list[Leg]:
    """With their agents and queues, each of which is read once however many legs it has."""
    agents = User.objects.in_bulk({leg.agent_id for leg in legs if leg.agent_id})
    queues = Queue.objects.in_bulk({leg.queue_id for leg in legs if leg.queue_id})
    for leg in legs:
        leg.agent = agents[leg.agent_id] if leg.agent_id else None
        leg.queue = queues[leg.queue_id] if leg.queue_id else None
    return legs


def _by_conversation(rows: Iterable[Any]) -> defaultdict[uuid.UUID, list[Any]]:
    grouped: defaultdict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.conversation_id].append(row)
    return grouped


def _messages(chats: Collection[Conversation]) -> defaultdict[uuid.UUID, list[CountedMessage]]:
    grouped: defaultdict[uuid.UUID, list[CountedMessage]] = defaultdict(list)
    if chats:
        said = Message.objects.filter(conversation__in=chats).exclude(author=Message.Author.SYSTEM)
        facts = said.order_by("sent_at", "pk").values_list("conversation", "author", "agent", "sent_at")
        for pk, author, agent, sent_at in facts:
            grouped[pk].append(CountedMessage(author, agent, sent_at))
    return grouped


def _events(conversations: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """When the latest was, and why a queue turned it away."""
    events = Event.objects.filter(conversation__in=conversations).order_by().values("conversation")
    why = Max(KT("detail__why"), filter=Q(kind=Event.Kind.TURNED_AWAY))
    rows: Iterable[Any] = events.annotate(at=Max("at"), why=why)
    return {row["conversation"]: row for row in rows}


def _latest(conversation: Conversation, told: Session, event_at: datetime | None) -> datetime:
    known = (event_at, told.told_at, conversation.ended_at, conversation.handled_at)
    return max([conversation.received_at, *(at for at in known if at)])


def _user_ids(told: Iterable[Session]) -> dict[str, int]:
    """Of users whom telephone systems and others named."""
    names = {name for session in told for name in _named(session)}
    return dict(User.objects.filter(username__in=names).values_list("username", "pk")) if names else {}


def _named(session: Session) -> Iterator[str]:
    for item in (*session.in_call_sms, *session.wait_time_sms, *session.dispositions):
        if "agent" in item:
            yield item["agent"]
    for recording in session.recordings:
        for redaction in recording.get("redaction_times", []):
            yield from (redaction[name] for name in ("start_agent", "end_agent") if name in redaction)


def _shows_kept_data(conversation: Conversation, system: SystemSettings) -> bool:
    counts = effective_settings(channel=conversation.channel, queue=conversation.queue, system=system)
    return counts.session_metadata_with_kept_data.value
