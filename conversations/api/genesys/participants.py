"""Participants of a conversation and their communications, in the vendor's words.

A participant is a leg. Its id and those of its communications are made of the conversation's id and theirs, so that
none can be taken for another.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from channels_cfg.models import User
from conversations.api.visible import data_seen_by
from conversations.models import Association, Communication, Conversation, Hold, Leg, State
from conversations.pairs import as_text

PURPOSES = {
    Leg.Purpose.CUSTOMER: "customer",
    Leg.Purpose.WORKFLOW: "workflow",
    Leg.Purpose.QUEUE: "acd",
    Leg.Purpose.AGENT: "agent",
}
OF_THE_CUSTOMER = ("customer", "external")
"""The vendor's two words for the customer: one of conversations, one of analytics."""


@dataclass(frozen=True)
class MediaKind:
    """One medium, as each of the vendor's views calls it."""

    array: str
    constant: str
    analytics: str


CALL = MediaKind("calls", "CALL", "voice")
CHAT = MediaKind("chats", "CHAT", "chat")
MESSAGE = MediaKind("messages", "MESSAGE", "message")
EMAIL = MediaKind("emails", "EMAIL", "email")
MEDIA = (CALL, CHAT, MESSAGE, EMAIL)
ALIKE = ({CHAT, MESSAGE}, {CALL}, {EMAIL})
"""A chat channel carries web chats and messages alike; either word is understood."""


@dataclass(frozen=True)
class Participant:
    """A leg with all that the vendor's views say of it; ``attributes`` are there of the customer alone."""

    id: str
    leg: Leg
    purpose: str
    name: str
    communications: list[tuple[str, MediaKind, Communication]]
    attributes: dict[str, str]
    contact_id: str

    @property
    def is_customer(self) -> bool:
        return self.leg.purpose == Leg.Purpose.CUSTOMER


@dataclass(frozen=True)
class Whole:
    """A conversation with its parties; ``is_held``: the customer is on hold."""

    conversation: Conversation
    parties: list[Participant]
    is_held: bool

    @property
    def hangs_on(self) -> dict[str, str]:
        """By medium the customer's communication, which is the other leg of everybody else's."""
        customers = (party for party in self.parties if party.is_customer)
        return {medium.array: id for party in customers for id, medium, _one in party.communications}


def participant_id(leg: Leg) -> str:
    return str(uuid.uuid5(leg.conversation_id, f"participant {leg.pk}"))


def communication_id(leg: Leg, communication: Communication) -> str:
    return str(uuid.uuid5(leg.conversation_id, f"communication {communication.pk}"))


def whole(conversation: Conversation, *, seen_by: User) -> Whole:
    """Everything of one conversation; the number of queries does not depend on how many took part."""
    legs = conversation.legs.select_related("queue", "agent").prefetch_related("communications")
    association = Association.objects.filter(conversation=conversation).first()
    contact_id = str(association.contact_id) if association else ""
    pairs = data_seen_by(seen_by, [conversation])[conversation.pk]
    attributes = {key: as_text(value) for key, value in pairs.items() if value is not None}
    parties = [_party(conversation, leg, attributes, contact_id) for leg in legs]
    is_held = Hold.objects.filter(conversation=conversation, ended_at=None).exists()
    return Whole(conversation, parties, is_held)


def _party(conversation: Conversation, leg: Leg, attributes: dict[str, str], contact_id: str) -> Participant:
    is_customer = leg.purpose == Leg.Purpose.CUSTOMER
    return Participant(
        id=participant_id(leg),
        leg=leg,
        purpose=PURPOSES[Leg.Purpose(leg.purpose)],
        name=conversation.customer if is_customer else str(leg.agent or leg.queue or ""),
        communications=[
            (communication_id(leg, one), medium_of(conversation, one), one) for one in leg.communications.all()
        ],
        attributes=attributes if is_customer else {},
        contact_id=contact_id if is_customer else "",
    )


def medium_of(conversation: Conversation, communication: Communication) -> MediaKind:
    match communication.medium:
        case Communication.Medium.VOICE:
            return CALL
        case Communication.Medium.EMAIL:
            return EMAIL
    return CHAT if conversation.is_web_chat else MESSAGE


def is_alike(one: MediaKind, other: MediaKind) -> bool:
    return any({one, other} <= alike for alike in ALIKE)


def having(found: Whole, medium: MediaKind) -> Iterable[Participant]:
    """Those who take part, or took part, over the medium."""
    return (party for party in found.parties if any(is_alike(medium, one) for _id, one, _c in party.communications))


def state_of(party: Participant, communication: Communication, conversation: Conversation) -> str:
    """One of the vendor's states of a communication."""
    if communication.ended_at:
        return "disconnected"
    if communication.connected_at:
        return "connected"
    return "alerting" if conversation.state == State.ALLOCATED or party.purpose == "agent" else "offering"
