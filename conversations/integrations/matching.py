"""Which integrations answer an event of a conversation, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels_cfg.models import Channel, Integration
from conversations.models import Event

MOST_AT_ONCE = 3
"""So many are asked for one event (facts, Ordinal)."""

Answered = Integration.AnsweredEvent
_EVENTS = {
    Event.Kind.RECEIVED: Answered.RECEIVED,
    Event.Kind.QUEUED: Answered.QUEUED,
    Event.Kind.ALLOCATED: Answered.ALLOCATED,
    Event.Kind.ACCEPTED: Answered.ACCEPTED,
    Event.Kind.REJECTED: Answered.REJECTED,
    Event.Kind.WITHDRAWN: Answered.REJECTED,
    Event.Kind.TRANSFERRED: Answered.TRANSFERRED,
    Event.Kind.ENDED: Answered.ENDED,
    Event.Kind.ABANDONED: Answered.ENDED,
}


@dataclass(frozen=True)
class Occasion:
    """What happened, as far as it decides who answers. Without a queue a conversation is a direct one."""

    event: str
    kind: str
    direction: str
    queue_id: int | None


@dataclass(frozen=True)
class Match:
    """Whether an integration answers, and else why not."""

    integration: Integration
    why_not: str = ""


def events_of(kind: str, *, is_forwarded: bool) -> list[str]:
    """What integrations call an event of the timeline; a change of queues is told as Forwarded too."""
    event = _EVENTS.get(Event.Kind(kind))
    if event is None:
        return []
    return [Answered.FORWARDED, event] if event == Answered.QUEUED and is_forwarded else [event]


def verdicts(integrations: Iterable[Integration], occasion: Occasion) -> list[Match]:
    """One of each, in the order in which they are asked. Their queues are at hand where they were prefetched."""
    found: list[Match] = []
    answering = 0
    for integration in sorted(integrations, key=lambda one: (one.ordinal, one.name)):
        why_not = _why_not(integration, occasion)
        if not why_not:
            answering += 1
            if answering > MOST_AT_ONCE:
                why_not = _("%(most)s with a lower ordinal answer it already.") % {"most": MOST_AT_ONCE}
        found.append(Match(integration, why_not))
    return found


def _why_not(integration: Integration, occasion: Occasion) -> str:
    if not integration.enabled:
        return _("It is switched off.")
    if occasion.event not in integration.events:
        return _("It does not answer the event %(event)s.") % {"event": Answered(occasion.event).label}
    if integration.direction not in (Integration.ConversationDirection.BOTH, occasion.direction):
        label = Integration.ConversationDirection(integration.direction).label.lower()
        return _("It is for %(direction)s conversations.") % {"direction": label}
    if integration.channels and occasion.kind not in integration.channels:
        kinds = ", ".join(str(Channel.Kind(kind).label) for kind in integration.channels)
        return _("It is for these channels: %(kinds)s.") % {"kinds": kinds}
    if occasion.queue_id is None:
        return "" if integration.direct else _("It is not for direct conversations.")
    if integration.all_queues or occasion.queue_id in {queue.pk for queue in integration.queues.all()}:
        return ""
    return _("It is not for this queue.")
