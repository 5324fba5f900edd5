"""What a visitor sees of the own chat, and whether any of it is new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.attachments.public import public_address
from conversations.doors.web_chat.tokens import DOOR_NAME, BadToken, digest_of
from conversations.models import Conversation, ExternalReference, Message, State, VisitorPresence
from conversations.topics import topics

SEEN_EVERY = timedelta(seconds=15)
MOST_AT_ONCE = 200

PROCEEDING, CONNECTED, COMPLETED = "proceeding", "connected", "completed"
_AUTHORS = {Message.Author.CUSTOMER: "visitor", Message.Author.AGENT: "agent", Message.Author.SYSTEM: "system"}


def chat_of(token: str, *, now: datetime) -> Conversation:
    """The chat that the token opens, its visitor and its places. Raises ``Conversation.DoesNotExist``, also for one
    that ended long ago."""
    try:
        digest = digest_of(token)
    except BadToken:
        raise Conversation.DoesNotExist from None
    reference = ExternalReference.objects.filter(door=DOOR_NAME, external_id=digest, service=None)
    chat = Conversation.objects.with_places().select_related("visitor").get(reference__in=reference)
    if chat.ended_at and chat.ended_at < now - settings.VISITOR_MAY_READ_FOR:
        raise Conversation.DoesNotExist
    return chat


def state_of(chat: Conversation) -> str:
    """As ``cvc`` calls it."""
    if not chat.is_active:
        return COMPLETED
    return CONNECTED if chat.state == State.ACCEPTED else PROCEEDING


@dataclass(frozen=True)
class Known:
    """What the page has: the last message, and a mark of everything else."""

    message: int = 0
    mark: str = ""

    @classmethod
    def read(cls, written: str) -> Known:
        """Of ``17:connected.4.``; anything else is nothing."""
        number, _colon, mark = written.partition(":")
        return cls(int(number), mark[:100]) if number.isascii() and number.isdigit() and len(number) < 19 else cls()


def news_of(chat: Conversation, known: Known, *, base: str) -> dict[str, Any] | None:
    """What is new to a page that knows so much; None where nothing is."""
    now = timezone.now()
    mark = _mark(chat, now=now)
    messages = _messages(chat, after=known.message)
    if mark == known.mark and not messages:
        return None
    last = messages[-1].pk if messages else known.message
    return {
        **_standing(chat, now=now),
        "messages": [message_json(message, chat, base=base) for message in messages],
        "knows": f"{last}:{mark}",
        "more": len(messages) == MOST_AT_ONCE,
    }


def waits_for(chat: Conversation) -> str:
    """What is heard once there is something new."""
    return topics(conversation=[chat.pk]) if chat.is_active else ""


def _mark(chat: Conversation, *, now: datetime) -> str:
    typing = _agent_types_until(chat.visitor, now=now)
    return f"{state_of(chat)}.{chat.agent_id or ''}.{int(typing.timestamp()) if typing else ''}"


def _agent_types_until(visitor: VisitorPresence, *, now: datetime) -> datetime | None:
    until = visitor.agent_typing_until
    return until if until and until > now else None


def _messages(chat: Conversation, *, after: int) -> list[Message]:
    said = Message.objects.filter(conversation=chat, pk__gt=after).select_related("agent", "attachment")
    return list(said.order_by("pk")[:MOST_AT_ONCE])


def _standing(chat: Conversation, *, now: datetime) -> dict[str, Any]:
    until = _agent_types_until(chat.visitor, now=now)
    is_served = chat.state == State.ACCEPTED
    return {
        "id": str(chat.pk),
        "state": state_of(chat),
        "agent": name_of_agent(chat) if is_served else None,
        "ended_by": {"customer": "visitor"}.get(chat.ended_by, chat.ended_by) or None,
        "read_to": chat.visitor.read_to,
        "typing_seconds": max(0, round((until - now).total_seconds())) if until and is_served else 0,
    }


def name_of_agent(chat: Conversation) -> str:
    """What visitors call the agent: no surname, and no name to sign in with."""
    return (chat.agent.first_name if chat.agent else "") or _("Agent")


def message_json(message: Message, chat: Conversation, *, base: str) -> dict[str, Any]:
    """One message, as the page shows it. ``client_id`` is the page's own id of what its visitor wrote."""
    held = message.held
    return {
        "id": message.pk,
        "client_id": message.external_id if message.author == Message.Author.CUSTOMER else None,
        "author": _AUTHORS[Message.Author(message.author)],
        "name": _name(message, chat),
        "text": message.text,
        "at": message.sent_at.isoformat(),
        "file": {
            "url": public_address(held, now=timezone.now(), base=base),
            "name": held.name,
            "type": held.media_type,
            "size": held.size,
        }
        if held
        else None,
    }


def _name(message: Message, chat: Conversation) -> str:
    if message.author == Message.Author.CUSTOMER:
        return chat.customer
    if message.author == Message.Author.AGENT:
        return (message.agent.first_name if message.agent else "") or _("Agent")
    return ""


def details_of(chat: Conversation, *, base: str) -> dict[str, Any]:
    """Who takes part, and everything that was said."""
    messages = list(Message.objects.filter(conversation=chat).select_related("agent", "attachment").order_by("pk"))
    participants = [{"role": "visitor", "name": chat.customer}]
    if chat.state == State.ACCEPTED:
        participants.append({"role": "agent", "name": name_of_agent(chat)})
    last = messages[-1].pk if messages else 0
    now = timezone.now()
    return {
        **_standing(chat, now=now),
        "participants": participants,
        "transcript": [message_json(message, chat, base=base) for message in messages],
        "knows": f"{last}:{_mark(chat, now=now)}",
    }


def note_seen(chat: Conversation, known: Known, *, now: datetime) -> None:
    """The page is there, and has what it says it has. Written seldom."""
    visitor = VisitorPresence.objects.filter(pk=chat.pk)
    if now - chat.visitor.seen_at > SEEN_EVERY:
        visitor.update(seen_at=now)
    if known.message > chat.visitor.delivered_to and (last := _last_to_visitor(chat, until=known.message)):
        visitor.filter(delivered_to__lt=last).update(delivered_to=last)


def _last_to_visitor(chat: Conversation, *, until: int) -> int | None:
    written = Message.objects.filter(conversation=chat, pk__gt=chat.visitor.delivered_to, pk__lte=until)
    authors: Iterable[str] = [Message.Author.AGENT, Message.Author.SYSTEM]
    return written.filter(author__in=authors).order_by("-pk").values_list("pk", flat=True).first()
