"""What kind of session it was, and what became of it: in the file's words."""

from __future__ import annotations

from conversations.models import Conversation, State
from conversations.session_facts import STATUS_CODES
from reporting.session_metadata.legs import SessionLegs
from reporting.session_metadata.reading import StoredSession

_LEGACY = {
    "Voice Inbound (IVR using Mobile)": "Voice Inbound (IVR using App)",
    "Voice Inbound (Mobile)": "Voice Inbound (App)",
    "Messaging Inbound (Mobile Chat)": "Messaging Inbound (App Chat)",
    "Messaging Inbound (SMS)": "Messaging (SMS)",
}
"""The older name of a type, where it has another."""


def session_type(stored: StoredSession) -> str:
    """As told, else by channel and direction. Channels for which there is no type, such as RCS, count as apps."""
    if stored.told.session_type_v2:
        return stored.told.session_type_v2
    conversation = stored.conversation
    is_outbound = conversation.direction == Conversation.Direction.OUTBOUND
    if stored.is_call:
        return "Voice Outbound" if is_outbound else "Voice Inbound (IVR)"
    match conversation.messaging_channel:
        case "" | "WEB_CHAT":
            return "Messaging Inbound (Web Chat)"
        case "WHATSAPP":
            return "Messaging (WhatsApp)"
        case "SMS" | "MMS":
            return "Messaging Outbound (SMS)" if is_outbound else "Messaging Inbound (SMS)"
    return "Messaging Inbound (Mobile Chat)"


def legacy_type(session_type: str) -> str:
    return _LEGACY.get(session_type, session_type)


def status(stored: StoredSession, legs: SessionLegs) -> str:
    """As told, else where the conversation is in its life."""
    if stored.told.status:
        return stored.told.status
    if stored.conversation.is_active:
        return _status_so_far(stored, legs)
    if stored.conversation.accepted_at or (had_virtual_agent(stored) and not stored.turned_away):
        return "finished"
    if stored.turned_away:
        return "deflected"
    if stored.is_call:
        return "failed"
    return "canceled" if stored.conversation.ended_by == Conversation.Party.CUSTOMER else "no_response"


def _status_so_far(stored: StoredSession, legs: SessionLegs) -> str:
    match stored.conversation.state:
        case State.ALLOCATED:
            return "assigned"
        case State.ACCEPTED:
            return "connected" if stored.is_call else "assigned"
    if open_ones := [item for item in stored.told.virtual_agents if "ended_at" not in item]:
        return "va_connected" if "connected_at" in open_ones[-1] else "va_assigned"
    if stored.is_call and stored.conversation.state == State.RECEIVED:
        is_in_menu = any(leg.ended_at is None for leg in legs.menus)
        return "selecting" if is_in_menu else "scheduled" if stored.told.scheduled_at else "queued"
    return "queued"


def status_code(status: str) -> int | None:
    return STATUS_CODES.get(status)


def had_virtual_agent(stored: StoredSession) -> bool:
    return bool(stored.told.virtual_agents)


def answer_type(stored: StoredSession, legs: SessionLegs) -> str:
    """Who answered: a person (``manual``), a virtual agent alone (``auto``); of chats also how else it went."""
    if not legs.serving and had_virtual_agent(stored):
        return "auto"
    if not stored.is_call and deflection(stored) != "no_deflection":
        return "deflection"
    is_outbound = stored.conversation.direction == Conversation.Direction.OUTBOUND
    return "outbound" if not stored.is_call and is_outbound else "manual"


def deflection(stored: StoredSession) -> str:
    """As told, else what a queue did that turned it away."""
    turned_away = {"queue_closed": "after_hours_message_only", "queue_full": "over_capacity_message_only"}
    return stored.told.deflection or turned_away.get(stored.turned_away, "no_deflection")


def disconnected_by(stored: StoredSession) -> str:
    parties = {Conversation.Party.CUSTOMER.value: "end_user", Conversation.Party.AGENT.value: "agent"}
    return f"disconnected_by_{parties.get(stored.conversation.ended_by, 'unknown')}"


def fail_reason(stored: StoredSession, legs: SessionLegs, status: str) -> str | None:
    """As told, else why nobody accepted it."""
    if stored.told.fail_reason:
        return stored.told.fail_reason
    if not stored.is_call:
        return "after_hours" if stored.turned_away == "queue_closed" else None
    if status != "failed":
        return "nothing"
    conversation = stored.conversation
    by_customer = conversation.ended_by == Conversation.Party.CUSTOMER
    if conversation.direction == Conversation.Direction.OUTBOUND:
        return "ag_canceled" if conversation.ended_by == Conversation.Party.AGENT else "eu_no_answer"
    if not by_customer:
        return "expired"
    return "eu_in_menu_abandoned" if legs.menus and not legs.waiting else "eu_abandoned"
