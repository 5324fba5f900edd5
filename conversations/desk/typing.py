"""Who is typing: the customer to the agent, and the agent to the visitor of a web chat."""

from __future__ import annotations

from datetime import datetime

from channels_cfg.models import User
from conversations.models import TYPING_LASTS, Conversation, CustomerTyping, State, VisitorPresence


def seconds_of_customer(conversation: Conversation, *, now: datetime) -> int:
    """So long the customer is known to be typing; 0: not."""
    if not conversation.is_active:
        return 0
    if conversation.is_web_chat:
        visitor = VisitorPresence.objects.filter(pk=conversation.pk, visitor_typing_until__gt=now)
        until = visitor.values_list("visitor_typing_until", flat=True).first()
    else:
        typing = CustomerTyping.objects.filter(pk=conversation.reference_id, until__gt=now)
        until = typing.values_list("until", flat=True).first()
    return max(1, round((until - now).total_seconds())) if until else 0


def agent_types(conversation: Conversation, *, agent: User, is_typing: bool, now: datetime) -> None:
    """Who serves the visitor is typing, for a while or until told otherwise."""
    if conversation.is_web_chat and conversation.state == State.ACCEPTED and conversation.agent_id == agent.pk:
        until = now + TYPING_LASTS if is_typing else None
        VisitorPresence.objects.types(conversation.pk, field="agent_typing_until", until=until)
