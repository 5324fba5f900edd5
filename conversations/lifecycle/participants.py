"""Who takes part: legs, which others call participants, and their communications by medium."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from channels_cfg.models import Channel
from conversations.models import Communication, Conversation, Leg

_MEDIUM = {
    Channel.Kind.CHAT: Communication.Medium.MESSAGE,
    Channel.Kind.VOICE: Communication.Medium.VOICE,
    Channel.Kind.EMAIL: Communication.Medium.EMAIL,
}


def join(conversation: Conversation, purpose: Leg.Purpose, *, at: datetime, connected: bool, **who: Any) -> Leg:
    leg = Leg.objects.create(
        conversation=conversation, purpose=purpose, started_at=at, connected_at=at if connected else None, **who
    )
    Communication.objects.create(
        leg=leg, medium=_MEDIUM[Channel.Kind(conversation.channel.kind)], started_at=at, connected_at=leg.connected_at
    )
    return leg


def connect(conversation: Conversation, purpose: Leg.Purpose, *, at: datetime) -> None:
    legs = Leg.objects.filter(conversation=conversation, purpose=purpose, ended_at=None)
    Communication.objects.filter(leg__in=legs, connected_at=None).update(connected_at=at)
    legs.filter(connected_at=None).update(connected_at=at)


def leave(conversation: Conversation, *purposes: Leg.Purpose, at: datetime) -> None:
    legs = Leg.objects.filter(conversation=conversation, purpose__in=purposes, ended_at=None)
    Communication.objects.filter(leg__in=legs, ended_at=None).update(ended_at=at)
    legs.update(ended_at=at)
