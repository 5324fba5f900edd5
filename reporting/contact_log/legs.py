"""The legs of the conversations that a query asks for: what a transferred conversation, which counts once, had of each
queue and agent.

They are read where they are: a copy of them in the log would cost the reporting job as much as the log itself.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q

from channels_cfg.models import Queue, Right, User
from conversations.models import Leg
from reporting.contact_log.query import LogQuery

_LASTED = ExpressionWrapper(F("ended_at") - F("started_at"), DurationField())


def leg_counts(query: LogQuery, user: User) -> list[dict[str, Any]]:
    """One dict for each queue and each agent with a leg in these conversations, the most legs first: ``purpose``,
    ``queue`` and ``agent`` by id, ``legs``, how many of them ``connected``, how many came by a ``transfer``, and how
    long they lasted on average (``lasted``, a timedelta).

    Legs in queues on which the user does not hold the right are left out, with whoever they were of.
    """
    seen = Queue.objects.granting(Right.VIEW_REPORTS, to=user).values("pk")
    legs = Leg.objects.filter(
        Q(purpose=Leg.Purpose.AGENT) | Q(purpose=Leg.Purpose.QUEUE, queue__in=seen),
        Q(queue=None) | Q(queue__in=seen),
        conversation__in=query.entries(user).order_by().values("conversation"),
    )
    counts = (
        legs.order_by()
        .values("purpose", "queue", "agent")
        .annotate(
            legs=Count("pk"),
            connected=Count("connected_at"),
            transfer=Count("pk", filter=Q(entry=Leg.Entry.TRANSFER)),
            lasted=Avg(_LASTED),
        )
    )
    return [dict(count) for count in counts.order_by("-legs", "purpose", "queue", "agent")]
