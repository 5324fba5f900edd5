"""Who takes part: legs, which others call participants, and what each holds by medium.

Callers hold the conversation's row lock. ``which`` are fields of a leg: ``purpose=…``, ``entry=…``, also with several
values, ``purpose=[…, …]``; without any, everybody who is there is meant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, F, OuterRef, Sum, Value
from django.db.models.functions import Greatest

from channels_cfg.models import Channel
from channels_cfg.prepared import PreparedQuery, rows, write
from conversations.models import Communication, Conversation, Hold, IvrRun, Leg

_MEDIUM = {
    Channel.Kind.CHAT: Communication.Medium.MESSAGE,
    Channel.Kind.VOICE: Communication.Medium.VOICE,
    Channel.Kind.EMAIL: Communication.Medium.EMAIL,
}


_ENTRY_BY = {Leg.Purpose.QUEUE: Leg.Entry.QUEUE, Leg.Purpose.AGENT: Leg.Entry.TRANSFER}


def entry_by(brought_by: Leg | None, *, otherwise: Leg.Entry) -> Leg.Entry:
    """How somebody comes in whom this leg brings: from a queue, or by an agent's transfer."""
    return _ENTRY_BY.get(Leg.Purpose(brought_by.purpose), otherwise) if brought_by else otherwise


_OPEN_HOLDS = Hold.objects.filter(leg=OuterRef("pk"), ended_at=None)
WHO_IS_THERE = PreparedQuery(
    lambda conversation_id: (
        Leg.objects.there().filter(conversation=conversation_id).annotate(is_holding=Exists(_OPEN_HOLDS))  # type: ignore[no-redef]
    )
)


def there(conversation: Conversation, **which: Any) -> list[Leg]:
    """Those who have not left, the first to come first; ``is_holding`` says for whom the customer is on hold.

    Read once, and kept up as they come and go.
    """
    if conversation.legs_there is None:
        conversation.legs_there = WHO_IS_THERE.all(conversation.pk)
    return [leg for leg in conversation.legs_there if _is(leg, which)]


def _is(leg: Leg, which: dict[str, Any]) -> bool:
    return all(
        getattr(leg, name) in wanted if isinstance(wanted, list) else getattr(leg, name) == wanted
        for name, wanted in which.items()
    )


_JOIN = """
    WITH leg AS (
        INSERT INTO conversations_leg (
               conversation_id, purpose, entry, brought_by_id, queue_id, agent_id, started_at, connected_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
     RETURNING id, started_at, connected_at
    )
    INSERT INTO conversations_communication (leg_id, medium, started_at, connected_at)
    SELECT id, %s, started_at, connected_at FROM leg
 RETURNING leg_id
"""


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
    before = there(conversation)
    leg = Leg(
        conversation=conversation,
        purpose=purpose,
        entry=entry,
        brought_by=brought_by,
        started_at=at,
        connected_at=at if connected else None,
        **who,
    )
    facts = [leg.conversation_id, str(purpose), str(entry), leg.brought_by_id, leg.queue_id, leg.agent_id]
    [(leg.pk,)] = rows(_JOIN, [*facts, at, leg.connected_at, str(medium_of(conversation))])
    leg._state.adding = False
    conversation.legs_there = sorted([*before, leg], key=lambda leg: (leg.started_at, leg.pk))
    return leg


def medium_of(conversation: Conversation) -> Communication.Medium:
    return _MEDIUM[Channel.Kind(conversation.channel.kind)]


_CONNECT = """
    WITH legs AS (
        UPDATE conversations_leg
           SET connected_at = greatest(started_at, %(at)s)
         WHERE id = ANY(%(legs)s) AND ended_at IS NULL AND connected_at IS NULL
    )
    UPDATE conversations_communication
       SET connected_at = greatest(started_at, %(at)s)
     WHERE leg_id = ANY(%(legs)s) AND ended_at IS NULL AND connected_at IS NULL
"""


def connect(
    conversation: Conversation, *, at: datetime, medium: Communication.Medium | None = None, **which: Any
) -> None:
    """They are connected: over a medium, which they hold from now on, or over all that they hold."""
    legs = there(conversation, **which)
    ids = [leg.pk for leg in legs]
    if medium:
        added = [Communication(leg=leg, medium=medium, started_at=at) for leg in legs]
        Communication.objects.bulk_create(added, ignore_conflicts=True)
        write(f"{_CONNECT} AND medium = %(medium)s", {"at": at, "legs": ids, "medium": str(medium)})
    else:
        write(_CONNECT, {"at": at, "legs": ids})
    for leg in legs:
        leg.connected_at = leg.connected_at or max(leg.started_at, at)


_END = """
    WITH legs AS (
        UPDATE conversations_leg
           SET ended_at = greatest(started_at, connected_at, %(at)s)
         WHERE id = ANY(%(legs)s) AND ended_at IS NULL
    )
    UPDATE conversations_communication
       SET ended_at = greatest(started_at, connected_at, %(at)s)
     WHERE leg_id = ANY(%(legs)s) AND ended_at IS NULL
"""
_END_HOLDS = """
    UPDATE conversations_hold
       SET ended_at = greatest(started_at, %(at)s)
     WHERE leg_id = ANY(%(legs)s) AND ended_at IS NULL
"""


def leave(
    conversation: Conversation, *, at: datetime, medium: Communication.Medium | None = None, **which: Any
) -> list[Leg]:
    """They leave a medium and, with the last one, the conversation; without a medium, all at once. Returns the legs of
    those who have left the conversation, the first to come first. Nothing ends before it began: news may be late.

    With an agent the hold ends that counts for that agent's leg; time in the IVR adds up on the conversation, and what
    the caller entered there is destroyed.
    """
    legs = there(conversation, **which)
    if medium:
        legs = _with_no_medium_but(medium, legs, at=at)
    if not legs:
        return legs
    write(_END, {"at": at, "legs": [leg.pk for leg in legs]})
    end_holds(legs, at=at)
    conversation.legs_there = [leg for leg in there(conversation) if leg not in legs]
    if any(leg.purpose == Leg.Purpose.WORKFLOW for leg in legs):
        IvrRun.objects.filter(conversation=conversation).delete()
        add_up_ivr(conversation)
    return legs


def _with_no_medium_but(medium: Communication.Medium, legs: list[Leg], *, at: datetime) -> list[Leg]:
    """All leave the medium; those who have no other now."""
    held = Communication.objects.filter(leg__in=legs, ended_at=None)
    held.filter(medium=medium).update(ended_at=not_before_it_began(at))
    others = set(held.values_list("leg", flat=True))
    return [leg for leg in legs if leg.pk not in others]


def add_up_ivr(conversation: Conversation) -> None:
    left = conversation.legs.filter(purpose=Leg.Purpose.WORKFLOW, ended_at__isnull=False)
    conversation.time_in_ivr = left.aggregate(sum=Sum(F("ended_at") - F("started_at")))["sum"] or timedelta()
    conversation.save(update_fields=["time_in_ivr"])


def end_holds(legs: list[Leg], *, at: datetime) -> bool:
    """The customer is on hold no longer for these agents; whether that was so."""
    holding = [leg for leg in legs if leg.is_holding]
    if holding:
        write(_END_HOLDS, {"at": at, "legs": [leg.pk for leg in holding]})
    for leg in holding:
        leg.is_holding = False
    return bool(holding)


def not_before_it_began(at: datetime) -> Greatest:
    """The end of a leg or communication."""
    return Greatest(F("started_at"), F("connected_at"), Value(at, DateTimeField()))


def leg_of_agent(conversation: Conversation) -> Leg | None:
    """The leg of the agent who has the conversation."""
    own = there(conversation, purpose=Leg.Purpose.AGENT, agent_id=conversation.agent_id)
    return next((leg for leg in reversed(own) if leg.entry != Leg.Entry.CONSULTATION), None)
