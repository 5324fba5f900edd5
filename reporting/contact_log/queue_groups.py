"""Queue groups as a grouping and a filter. A queue may be in several: entries are grouped by all of them together, so
that each is counted once."""

from __future__ import annotations

from django.db.models import F, Func, Q, TextField
from django.db.models.expressions import Combinable

from channels_cfg.models import Queue
from conversations.filters import is_id

ONLY = "only:"
"""Before a combination: the queues that are in these groups and in no other."""
BETWEEN = "_"


def combination(queue: str) -> Combinable:
    """The ids of all groups that the queue is in, as in ``3_7``; null where it is in none, and without a queue.

    The database reads the groups of all queues once for a statement, not once a row.
    """
    memberships = (
        f"SELECT queue_id, string_agg(queuegroup_id::text, '{BETWEEN}' ORDER BY queuegroup_id) AS groups"
        f" FROM {Queue.groups.through._meta.db_table} GROUP BY queue_id"
    )
    return Func(
        F(queue),
        template=f"((SELECT jsonb_object_agg(queue_id, groups) FROM ({memberships}) AS of_queues)"
        " ->> (%(expressions)s)::text)",
        output_field=TextField(),
    )


def ids_in(combined: str) -> list[str]:
    """The ids of the groups in ``3_7``, also in ``only:3_7``."""
    return [part for part in combined.removeprefix(ONLY).split(BETWEEN) if is_id(part)]


def in_queue_group(value: str) -> Q:
    """What a filter asks for: a group by id or name, or a combination of which the queue is in all groups and no
    other."""
    if value.startswith(ONLY):
        exactly = Queue.objects.alias(_groups=combination("pk")).filter(_groups=value.removeprefix(ONLY))
        return Q(queue__in=exactly.values("pk"))
    of_group = {"groups": int(value)} if is_id(value) else {"groups__name": value}
    return Q(queue__in=Queue.objects.filter(**of_group).values("pk"))


def in_no_queue_group() -> Q:
    return ~Q(queue__in=Queue.objects.filter(groups__isnull=False).values("pk"))
