"""Delivering the files of a period anew: a job that puts them on the list of deliveries, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination, User
from conversations.models import ENDED_STATES
from reporting.models import DeliveryRebuild, FileDelivery
from reporting.session_metadata.reading import KINDS

Which = DeliveryRebuild.Which

_CHOSEN = """
      FROM conversations_conversation AS told
      JOIN channels_cfg_channel AS channel ON channel.id = told.channel_id AND channel.kind = ANY (%(kinds)s)
      LEFT JOIN reporting_filedelivery AS known
        ON known.conversation_id = told.id AND known.destination_id = %(destination)s
     WHERE told.state = ANY (%(ended)s) AND told.ended_at >= %(start)s AND told.ended_at < %(end)s
       AND CASE %(which)s WHEN 'missing' THEN coalesce(known.revision, 0) = 0
                          WHEN 'parked' THEN known.state = 'failed'
                          ELSE true END
"""
# One that a worker holds only learns that it is asked for, and is then due again.
_PLAN = f"""
    INSERT INTO reporting_filedelivery AS delivery (
           conversation_id, destination_id, destination_name, state, ended_at,
           due_at, held_until, forced_at, rebuild_id)
    SELECT told.id, %(destination)s, %(name)s, 'waiting', told.ended_at, %(now)s, %(now)s, %(now)s, %(rebuild)s
    {_CHOSEN}
     ORDER BY told.id
        ON CONFLICT (conversation_id, destination_id) DO UPDATE
       SET forced_at = excluded.forced_at, rebuild_id = excluded.rebuild_id, ended_at = excluded.ended_at,
           state = 'waiting', finished_at = NULL, attempts = 0, reason = '', is_our_error = false,
           due_at = CASE WHEN delivery.finished_at IS NULL THEN delivery.due_at ELSE excluded.due_at END,
           held_until = CASE WHEN delivery.holder IS NULL THEN excluded.held_until ELSE delivery.held_until END
"""
_COUNT = f"SELECT count(*) {_CHOSEN}"


def ask_for_rebuild(
    destination: MetadataDestination,
    *,
    start: datetime,
    end: datetime,
    which: str = Which.ALL,
    by: User | None,
    now: datetime,
) -> DeliveryRebuild:
    """Have the files of conversations that ended from ``start`` on and before ``end`` delivered there, whether or not
    they lie there already. Raises Django's ``ValidationError``."""
    rebuild = DeliveryRebuild(
        destination=destination,
        destination_name=destination.name,
        start=start,
        end=end,
        which=which,
        asked_by=by,
        asked_at=now,
    )
    rebuild.full_clean()
    rebuild.save()
    jobs.announce(DeliveryRebuild)
    return rebuild


def count(rebuild: DeliveryRebuild) -> int:
    """Of how many conversations it would deliver files."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _facts(rebuild))
        return int(cursor.fetchone()[0])


def plan(rebuild: DeliveryRebuild) -> None:
    """Put the files on the list of deliveries. Raises ``GiveUp`` and ``NoLongerHeld``."""
    if rebuild.destination_id is None:
        raise jobs.GiveUp(_("Its destination was deleted."))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_PLAN, _facts(rebuild) | {"now": timezone.now(), "rebuild": rebuild.pk})
            total = cursor.rowcount
        jobs.finish(rebuild, total=total)
    jobs.announce(FileDelivery)


def _facts(rebuild: DeliveryRebuild) -> dict[str, Any]:
    return {
        "destination": rebuild.destination_id,
        "name": rebuild.destination_name,
        "kinds": [kind.value for kind in KINDS],
        "ended": [state.value for state in ENDED_STATES],
        "start": rebuild.start,
        "end": rebuild.end,
        "which": rebuild.which,
    }


@dataclass(frozen=True)
class RebuildProgress:
    """Of the files that a rebuild put on the list of deliveries, what became of them."""

    total: int
    waiting: int
    parked: int
    is_planned: bool

    @property
    def done(self) -> int:
        return max(self.total - self.waiting - self.parked, 0)

    @property
    def is_open(self) -> bool:
        """Whether there is something that could be cancelled."""
        return self.waiting > 0 or not self.is_planned


def progress(rebuild: DeliveryRebuild) -> RebuildProgress:
    counted = rebuild.deliveries.filter(forced_at__isnull=False).aggregate(
        waiting=Count("pk", filter=Q(finished_at=None)), parked=Count("pk", filter=Q(state=FileDelivery.State.FAILED))
    )
    return RebuildProgress(total=rebuild.total or 0, is_planned=not rebuild.is_unfinished, **counted)


@transaction.atomic
def cancel(rebuild: DeliveryRebuild, *, now: datetime) -> bool:
    """Take back what it put on the list and nobody delivered yet; say whether there was anything to stop.

    What waits for another reason, since something changed, goes on waiting. What is delivered stays delivered.
    """
    cancelled = {"state": DeliveryRebuild.State.CANCELLED, "finished_at": now, "holder": None, "held_until": None}
    stopped = DeliveryRebuild.objects.filter(pk=rebuild.pk).exclude(state=DeliveryRebuild.State.CANCELLED)
    open_ones = FileDelivery.objects.unfinished().filter(rebuild=rebuild.pk, holder=None, forced_at__isnull=False)
    was_planning = stopped.unfinished().exists()
    if not was_planning and not open_ones.exists():
        return False
    stopped.update(**cancelled)
    only_asked_for = open_ones.filter(changed_at=None)
    only_asked_for.filter(revision=0)._raw_delete("default")
    only_asked_for.update(
        state=FileDelivery.State.DONE, finished_at=now, held_until=None, forced_at=None, reason="", rebuild=None
    )
    open_ones.update(forced_at=None, rebuild=None)
    return True
