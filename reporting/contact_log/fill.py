"""The reporting job: brings the Contact Log up to what ended or changed since it last ran."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.models import Right, User
from conversations.models import ENDED_STATES, UNACCEPTED_ENDS, Conversation, ReportableChange
from reporting.models import ReportRun

logger = logging.getLogger(__name__)

CHANGES_PER_BATCH = 20_000

LONGEST_SECONDS = 2**31 - 1
"""What a column of seconds holds. One conversation that claims to have waited longer must not stop all others."""

# One statement sees one state of the database: the change and the conversation it tells of. Changes that another run
# has in hand are passed over; should the two hold the same conversation, the later version stays, whoever comes last.
# Conversations are written in one order, so that two runs never wait for each other in a circle; by time, which the
# indexes like. The arrays make PostgreSQL choose once, and then walk by primary key, however much is stored.
_REPORT_BATCH = """
    WITH claimed AS (
        DELETE FROM conversations_reportablechange
         WHERE id = ANY (ARRAY(
                   SELECT id FROM conversations_reportablechange ORDER BY id LIMIT %(changes)s FOR UPDATE SKIP LOCKED
               ))
        RETURNING conversation_id
    )
    INSERT INTO reporting_contactlogentry AS entry (
           conversation_id, channel_id, queue_id, agent_id, messaging_channel, direction, state, ended_in_ivr,
           received_at, accepted_at, ended_at, handled_at, waited_seconds, handling_seconds,
           kept_data, kept_sources, dropped_keys, judged_keys, settings_version, version, reported_at)
    SELECT id, channel_id, queue_id, agent_id, messaging_channel, direction, state,
           queue_id IS NULL AND allocated_at IS NULL AND state = ANY (%(unaccepted)s),
           received_at, accepted_at, ended_at, handled_at,
           least(extract(epoch FROM waited), %(longest)s)::int,
           extract(epoch FROM handled_at - accepted_at)::int,
           kept_data, kept_sources, dropped_keys, judged_keys, settings_version, version, %(now)s
      FROM conversations_conversation
     WHERE id = ANY (ARRAY(SELECT conversation_id FROM claimed)) AND state = ANY (%(ended)s)
     ORDER BY received_at, id
        ON CONFLICT (conversation_id) DO UPDATE
       SET queue_id = excluded.queue_id, agent_id = excluded.agent_id, state = excluded.state,
           ended_in_ivr = excluded.ended_in_ivr,
           messaging_channel = excluded.messaging_channel, direction = excluded.direction,
           received_at = excluded.received_at, accepted_at = excluded.accepted_at,
           ended_at = excluded.ended_at, handled_at = excluded.handled_at,
           waited_seconds = excluded.waited_seconds, handling_seconds = excluded.handling_seconds,
           kept_data = excluded.kept_data, kept_sources = excluded.kept_sources,
           dropped_keys = excluded.dropped_keys, judged_keys = excluded.judged_keys,
           settings_version = excluded.settings_version, version = excluded.version,
           reported_at = excluded.reported_at
     WHERE excluded.version >= entry.version
"""


def run_reporting_job() -> ReportRun:
    """Report every conversation that ended or changed, batch by batch, and return the run.

    Each batch is one transaction: a run that fails or is killed leaves what it had reported and loses nothing; the
    next run takes the rest. Two runs at once share the work.
    """
    now = timezone.now()
    ReportRun.objects.silent(now=now).update(outcome=ReportRun.Outcome.INTERRUPTED)
    run = ReportRun.objects.create(started_at=now, seen_at=now)
    try:
        while _report_batch(run):
            pass
    except DatabaseError as error:
        _fail(run, error)
        return run
    _finish(run)
    return run


@transaction.atomic
def _report_batch(run: ReportRun) -> bool:
    """Report one batch, and say whether it reported anything."""
    now = timezone.now()
    with connection.cursor() as cursor:
        # What a power cut undoes of the last batches, the changes with the entries, the next run reports again.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(
            _REPORT_BATCH,
            {
                "changes": CHANGES_PER_BATCH,
                "now": now,
                "ended": [state.value for state in ENDED_STATES],
                "unaccepted": [state.value for state in UNACCEPTED_ENDS],
                "longest": LONGEST_SECONDS,
            },
        )
        reported = cursor.rowcount
    if reported:
        run.conversations += reported
        run.seen_at = now
        run.save(update_fields=["conversations", "seen_at"])
    return reported > 0


def _finish(run: ReportRun) -> None:
    run.outcome, run.finished_at = ReportRun.Outcome.DONE, timezone.now()
    run.save(update_fields=["outcome", "finished_at"])
    # Beat asks every minute: of the runs that found nothing the latest says it all.
    ReportRun.objects.filter(outcome=ReportRun.Outcome.DONE, conversations=0, pk__lt=run.pk).delete()
    if run.conversations:
        logger.info("Reporting job %s reported %s conversations", run.pk, run.conversations)


def _fail(run: ReportRun, error: DatabaseError) -> None:
    """Say why, in words that hold no data: the database's own text may quote a value."""
    reason = type(error.__cause__ or error).__name__
    connection.close_if_unusable_or_obsolete()
    run.refresh_from_db(fields=["conversations"])  # what was counted in the failed batch is undone
    run.outcome, run.finished_at = ReportRun.Outcome.FAILED, timezone.now()
    run.error = _(
        "The database refused a batch (%(reason)s). Nothing of that batch changed; the next run takes it again."
    ) % {"reason": reason}
    run.save(update_fields=["outcome", "finished_at", "error"])
    logger.error("Reporting job %s failed: %s", run.pk, reason)


def complete_up_to() -> datetime | None:
    """The moment up to which the Contact Log tells everything; None before the first successful run."""
    latest = ReportRun.objects.latest_complete()
    if latest is None:
        return None
    oldest = ReportableChange.objects.order_by("id").values_list("made_at", flat=True).first()
    return min(latest.started_at, oldest) if oldest else latest.started_at


def waiting_conversations(user: User) -> int:
    """How many conversations that the user may see in reports wait for the next run."""
    granted = Conversation.objects.granting(Right.VIEW_REPORTS, to=user)
    return granted.filter(pk__in=ReportableChange.objects.values("conversation")).count()
