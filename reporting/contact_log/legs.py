"""The legs of the conversations that a query asks for: what a transferred conversation, which counts once, had of each
queue and agent.

They are read where they are: a copy of them in the log would cost the reporting job as much as the log itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum

from channels_cfg.models import Queue, Right, User
from conversations.models import Leg
from reporting.contact_log.counts import Rest
from reporting.contact_log.query import LogQuery
from reporting.contact_log.small_groups import number_shown, smallest_shown

_LASTED = ExpressionWrapper(F("ended_at") - F("started_at"), DurationField())
_SUMS = {
    "legs": Count("pk"),
    "connected": Count("connected_at"),
    "transfer": Count("pk", filter=Q(entry=Leg.Entry.TRANSFER)),
    "ended": Count("ended_at"),
    "lasted": Sum(_LASTED),
}


@dataclass(frozen=True)
class LegCount:
    """Legs of a queue or an agent, by id, or of the others."""

    of: int | Rest
    legs: int
    connected: int
    transfer: int
    """How many came by a transfer."""
    lasted: timedelta | None
    """On average; None where none has ended."""


@dataclass(frozen=True)
class LegCounts:
    """Of queues or of agents, the most legs first; the others come last."""

    counts: Sequence[LegCount]
    smallest: int = 0
    """Who had legs in fewer conversations is among the others; 0: nobody."""
    is_hidden: bool = False
    """Whether nothing is shown, since all together had legs in fewer conversations."""


def leg_counts(query: LogQuery, user: User) -> dict[Leg.Purpose, LegCounts]:
    """For queues and for agents what legs they had in these conversations, without small groups.

    Legs in queues on which the user does not hold the right are left out, with whoever they were of.
    """
    legs, smallest = _legs(query, user), smallest_shown()
    sizes = {"conversations": Count("conversation", distinct=True)} if smallest else {}
    groups: Any = legs.values("purpose", "queue", "agent").annotate(**_SUMS, **sizes)
    found = list(groups.order_by("-legs", "purpose", "queue", "agent"))
    return {
        purpose: _shown([group for group in found if group["purpose"] == purpose], name, legs, smallest)
        for purpose, name in ((Leg.Purpose.QUEUE, "queue"), (Leg.Purpose.AGENT, "agent"))
    }


def _legs(query: LogQuery, user: User) -> QuerySet[Leg]:
    seen = Queue.objects.granting(Right.VIEW_REPORTS, to=user).values("pk")
    return Leg.objects.filter(
        Q(purpose=Leg.Purpose.AGENT) | Q(purpose=Leg.Purpose.QUEUE, queue__in=seen),
        Q(queue=None) | Q(queue__in=seen),
        conversation__in=query.entries(user).order_by().values("conversation"),
    ).order_by()


def _shown(groups: Sequence[dict[str, Any]], name: str, legs: QuerySet[Leg], smallest: int) -> LegCounts:
    counts = [_count(group[name], [group]) for group in groups]
    if not smallest or not groups:
        return LegCounts(counts, smallest)
    by_size = sorted(groups, key=lambda group: -group["conversations"])

    def together(most: int) -> int:
        """Of how many conversations all but so many are, at least. One may be of several, and counts once."""
        if by_size[most]["conversations"] >= smallest:
            return int(by_size[most]["conversations"])
        others = legs.filter(**{f"{name}__in": [group[name] for group in by_size[most:]]})
        return others.values("conversation").distinct().count()

    most = number_shown([group["conversations"] for group in by_size], smallest, together)
    if not most and together(0) < smallest:
        return LegCounts([], smallest, is_hidden=True)
    kept, others = {group[name] for group in by_size[:most]}, by_size[most:]
    counts = [count for count in counts if count.of in kept]
    return LegCounts([*counts, *([_count(Rest.OTHERS, others)] if others else [])], smallest)


def _count(of: int | Rest, groups: Sequence[dict[str, Any]]) -> LegCount:
    sums = {name: sum(group[name] for group in groups) for name in ("legs", "connected", "transfer", "ended")}
    lasted = sum((group["lasted"] for group in groups if group["lasted"] is not None), timedelta())
    ended = sums.pop("ended")
    return LegCount(of, **sums, lasted=lasted / ended if ended else None)
