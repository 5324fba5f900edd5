"""Who takes part: legs, which others call participants, and what each holds by medium.

Callers hold the conversation's row lock. ``which`` are fields of a leg: ``purpose=…``, ``agent=…``, ``entry=…``;
without any, everybody who is there is meant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, F, OuterRef, Sum, Value
from django.db.models.functions import Greatest

from channels_cfg.models import Channel
from conversations.models import Communication, Conversation, Hold, Leg

_MEDIUM = {
    Channel.Kind.CHAT: Communication.Medium.MESSAGE,
    Channel.Kind.VOICE: Communication.Medium.VOICE,
    Channel.Kind.EMAIL: Communication.Medium.EMAIL,
}


_ENTRY_BY = {Leg.Purpose.QUEUE: Leg.Entry.QUEUE, Leg.Purpose.AGENT: Leg.Entry.TRANSFER}


def entry_by(brought_by: Leg | None, *, otherwise: Leg.Entry) -> Leg.Entry:
    """How somebody comes in whom this leg brings: from a queue, or by an agent's transfer."""
    return _ENTRY_BY.get(Leg.Purpose(brought_by.purpose), otherwise) if brought_by else otherwise


def join(
    conversation: Conversation,
    purpose: Leg.Purpose,
    *,
    at: datetime,
    connected: bool,
    entry: Leg.Entry,
    brought_by: Leg | None = None,
    **who: Any,
) -> Leg:
    """Somebody comes in over the medium of the channel. ``connect`` adds others."""
    leg = Leg.objects.create(
        conversation=conversation,
        purpose=purpose,
        entry=entry,
        brought_by=brought_by,
        started_at=at,
        connected_at=at if connected else None,
        **who,
    )
    medium = _MEDIUM[Channel.Kind(conversation.channel.kind)]
    Communication.objects.create(leg=leg, medium=medium, started_at=at, connected_at=leg.connected_at)
    return leg


def connect(
    conversation: Conversation, *, at: datetime, medium: Communication.Medium | None = None, **which: Any
) -> None:
    """They are connected: over a medium, which they hold from now on, or over all that they hold."""
    legs = conversation.legs.there().filter(**which)
    held = Communication.objects.filter(leg__in=legs, ended_at=None, connected_at=None)
    if medium:
        added = [Communication(leg=leg, medium=medium, started_at=at) for leg in legs]
        Communication.objects.bulk_create(added, ignore_conflicts=True)
        held = held.filter(medium=medium)
    connected_at = Greatest(F("started_at"), Value(at, DateTimeField()))
    held.update(connected_at=connected_at)
    legs.filter(connected_at=None).update(connected_at=connected_at)


def leave(
    conversation: Conversation, *, at: datetime, medium: Communication.Medium | None = None, **which: Any
) -> list[Leg]:
    """They leave a medium and, with the last one, the conversation; without a medium, all at once. Returns the legs of
    those who have left the conversation, the first to come first.

    With an agent the hold ends that counts for that agent's leg; time in the IVR adds up on the conversation.
    """
    legs = list(conversation.legs.there().filter(**which))
    if not legs:
        return legs
    held = Communication.objects.filter(leg__in=legs, ended_at=None)
    (held.filter(medium=medium) if medium else held).update(ended_at=not_before_it_began(at))
    if medium:
        legs = list(Leg.objects.filter(~Exists(held.filter(leg=OuterRef("pk"))), pk__in=[leg.pk for leg in legs]))
    Leg.objects.filter(pk__in=[leg.pk for leg in legs]).update(ended_at=not_before_it_began(at))
    if any(leg.purpose == Leg.Purpose.AGENT for leg in legs):
        end_holds(conversation, at=at, leg__in=legs)
    if any(leg.purpose == Leg.Purpose.WORKFLOW for leg in legs):
        add_up_ivr(conversation)
    return legs


def add_up_ivr(conversation: Conversation) -> None:
    left = conversation.legs.filter(purpose=Leg.Purpose.WORKFLOW, ended_at__isnull=False)
    conversation.time_in_ivr = left.aggregate(sum=Sum(F("ended_at") - F("started_at")))["sum"] or timedelta()
    conversation.save(update_fields=["time_in_ivr"])


def end_holds(conversation: Conversation, *, at: datetime, **which: Any) -> bool:
    """The customer is on hold no longer; whether that was so."""
    there = Hold.objects.filter(conversation=conversation, ended_at=None, **which)
    return there.update(ended_at=Greatest(F("started_at"), Value(at, DateTimeField()))) > 0


def not_before_it_began(at: datetime) -> Greatest:
    """The end of a leg or communication. News may be late: nothing ends before it began."""
    return Greatest(F("started_at"), F("connected_at"), Value(at, DateTimeField()))


def leg_of_agent(conversation: Conversation) -> Leg | None:
    """The leg of the agent who has the conversation."""
    legs = conversation.legs.there().filter(purpose=Leg.Purpose.AGENT, agent=conversation.agent)
    return legs.exclude(entry=Leg.Entry.CONSULTATION).last()
