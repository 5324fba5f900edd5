"""What became of deliveries is written down: many in one statement, as long as their claim stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from channels_cfg import jobs
from channels_cfg.metadata_destinations.store import MetadataFile
from channels_cfg.models import MetadataDestination
from channels_cfg.models.metadata_destination import FILES
from reporting.models import FileDelivery
from reporting.session_metadata.manifests import day_of, note_changed
from reporting.session_metadata.planning import BETWEEN_DELIVERIES

# What changed or was asked for since the claim is due again. Rows are locked in the order in which they are planned.
_FINISH = """
    WITH done AS (
        SELECT told.*,
               (held.changed_at IS DISTINCT FROM told.changed_at
                OR held.forced_at IS DISTINCT FROM told.forced_at) AS is_due_again
          FROM unnest(%(id)s::bigint[], %(state)s::varchar[], %(reason)s::varchar[], %(is_our_error)s::boolean[],
                      %(retry_at)s::timestamptz[], %(changed_at)s::timestamptz[], %(forced_at)s::timestamptz[],
                      %(name)s::varchar[], %(sha256)s::varchar[], %(size)s::int[], %(revision)s::int[])
               AS told (id, state, reason, is_our_error, retry_at, changed_at, forced_at, name, sha256, size, revision)
          JOIN reporting_filedelivery AS held
            ON held.id = told.id AND held.holder = %(holder)s AND held.finished_at IS NULL
         ORDER BY held.conversation_id
           FOR UPDATE OF held
    )
    UPDATE reporting_filedelivery AS delivery
       SET state = CASE WHEN is_due_again THEN 'waiting' ELSE done.state END,
           reason = done.reason, is_our_error = done.is_our_error, holder = NULL,
           finished_at = CASE WHEN done.state <> 'waiting' AND NOT is_due_again THEN %(now)s END,
           held_until = CASE WHEN done.state = 'waiting' THEN done.retry_at
                             WHEN is_due_again THEN %(now)s + %(between)s END,
           due_at = CASE WHEN done.state <> 'waiting' AND is_due_again THEN %(now)s + %(between)s
                         ELSE delivery.due_at END,
           attempts = CASE WHEN done.state <> 'waiting' AND is_due_again THEN 0 ELSE delivery.attempts END,
           changed_at = CASE WHEN done.state IN ('waiting', 'failed') OR is_due_again THEN delivery.changed_at END,
           forced_at = CASE WHEN done.state IN ('waiting', 'failed')
                              OR delivery.forced_at IS DISTINCT FROM done.forced_at THEN delivery.forced_at END,
           name = coalesce(done.name, delivery.name), sha256 = coalesce(done.sha256, delivery.sha256),
           size = coalesce(done.size, delivery.size), revision = coalesce(done.revision, delivery.revision),
           delivered_at = CASE WHEN done.revision IS NOT NULL THEN %(now)s ELSE delivery.delivered_at END
      FROM done
     WHERE delivery.id = done.id
"""

_RESERVE = """
    UPDATE reporting_filedelivery AS delivery
       SET name = told.name
      FROM unnest(%(id)s::bigint[], %(name)s::varchar[]) AS told (id, name)
     WHERE delivery.id = told.id AND delivery.holder = %(holder)s AND delivery.name = ''
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery that was claimed. ``file`` is what lies at the destination now, where it was put;
    ``pause`` how long one waits that is tried again; ``is_refused`` where it is known that nothing was put."""

    delivery: FileDelivery
    state: str
    reason: str = ""
    is_our_error: bool = False
    is_refused: bool = False
    file: MetadataFile | None = None
    pause: timedelta = timedelta()

    def row(self, now: datetime) -> dict[str, Any]:
        file, delivery = self.file, self.delivery
        is_name_free = self.is_refused and not delivery.revision
        return {
            "id": delivery.pk,
            "state": self.state,
            "reason": self.reason[: jobs.LONGEST_REASON],
            "is_our_error": self.is_our_error,
            "retry_at": now + self.pause,
            "changed_at": delivery.changed_at,
            "forced_at": delivery.forced_at,
            "name": "" if is_name_free else file and file.name,
            "sha256": file and file.sha256,
            "size": file and len(file.content),
            "revision": file and file.revision,
        }


def reserve_names(ready: Sequence[tuple[FileDelivery, MetadataFile]]) -> None:
    """Write down under which names files of one claim will lie, before they do: whoever takes over from a worker that
    died finds what it may have put, also where the template would give another name by then."""
    new = {delivery.pk: file.name for delivery, file in ready if not delivery.name}
    if new:
        facts: dict[str, Any] = {"id": list(new), "name": list(new.values()), "holder": ready[0][0].holder}
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, facts)


def finish(outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write down what became of deliveries of one claim. Those that another worker has taken over stay as they are."""
    if not outcomes:
        return
    rows = [outcome.row(now) for outcome in outcomes]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    facts: dict[str, Any] = {"holder": outcomes[0].delivery.holder, "now": now, "between": BETWEEN_DELIVERIES}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_FINISH, columns | facts)
        _note_days([outcome.delivery for outcome in outcomes if outcome.file], now=now)


def _note_days(delivered: Sequence[FileDelivery], *, now: datetime) -> None:
    """Where a manifest is kept, that of each day on which one of these conversations ended is due."""
    if not delivered:
        return
    kept = MetadataDestination.objects.filter(deliveries=delivered[0], kind__in=FILES).first()
    if kept:
        note_changed(kept.pk, {day_of(delivery.ended_at) for delivery in delivered}, now=now)


def hand_back(deliveries: Sequence[FileDelivery], *, now: datetime) -> int:
    """Let go of those that were not tried, as if they had not been claimed; return how many.

    Where a rebuild came in between, their attempts count anew already.
    """
    held = FileDelivery.objects.held_by(*deliveries).order_by()
    return held.update(holder=None, held_until=now, attempts=Greatest(F("attempts") - 1, 0))
