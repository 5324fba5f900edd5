"""Agents say whether they take offers; who is not seen any more is away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from channels_cfg.models import PauseReason, SystemSettings, User
from conversations import lifecycle
from conversations.lifecycle.news import tell_routing
from conversations.models import AgentPresence, Conversation, State

SEEN_TO_THE = timedelta(seconds=10)

Status = AgentPresence.Status
Cause = AgentPresence.Cause


def presence_of(agent: User) -> AgentPresence | None:
    """None where the agent has never said anything, which is as good as away."""
    return AgentPresence.objects.select_related("reason").filter(agent=agent).first()


def set_presence(
    agent: User,
    *,
    status: str,
    now: datetime,
    reason: PauseReason | None = None,
    cause: AgentPresence.Cause = Cause.CHOSEN,
) -> None:
    """From now on the agent is ``ready``, ``paused`` or ``away``. Offers to who goes away go on to others. Raises
    ``ValueError`` for a reason of anything but a pause."""
    if reason and status != Status.PAUSED:
        raise ValueError("a pause alone has a reason")
    is_news = AgentPresence.objects.change(agent.pk, Status(status), now=now, reason=reason, cause=cause)
    seen(agent, now=now)
    if is_news and status == Status.READY:
        tell_routing()
    if status == Status.AWAY:
        # Its own transactions: whoever changes a conversation holds that first and the presence second.
        offered = Conversation.objects.filter(state=State.ALLOCATED, agent=agent)
        for conversation_id in offered.values_list("pk", flat=True):
            lifecycle.withdraw(conversation_id, now=now)


def seen(agent: User, *, now: datetime) -> None:
    """The agent's desk is open. Costs one read by index while that was noted a moment ago."""
    AgentPresence.objects.filter(agent=agent, seen_at__lt=now - SEEN_TO_THE).update(seen_at=now)


def note_sign_out(user: User | None, **_: Any) -> None:
    """Who signs out is away, on Django's signal."""
    if user:
        sign_out(user, now=timezone.now())


def sign_out(agent: User, *, now: datetime) -> None:
    """Who signs out and had said anything is away."""
    if AgentPresence.objects.filter(agent=agent).exclude(status=Status.AWAY).exists():
        set_presence(agent, status=Status.AWAY, now=now, cause=Cause.SIGNED_OUT)


def leave_unseen(*, now: datetime) -> int:
    """Have those be away whose desk was not seen for as long as the system settings say; return how many."""
    limit = timedelta(seconds=SystemSettings.load().away_after_seconds)
    unseen = list(AgentPresence.objects.not_seen_since(now - limit).select_related("agent"))
    for presence in unseen:
        AgentPresence.objects.change(presence.agent_id, Status.AWAY, now=now, cause=Cause.NOT_SEEN)
        # the sweep of stale offers takes theirs back
    return len(unseen)
