"""The reporting job: brings the Contact Log up to what ended or changed since it last ran."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.models import Right, User
from conversations.models import ENDED_STATES, UNACCEPTED_ENDS, Conversation, ReportableChange, State
from reporting.contact_log.partitions import is_for_want_of_a_month, make_months
from reporting.models import MovedEntry, ReportRun
from reporting.models.contact_log import ANSWERED_ON_TIME

logger = logging.getLogger(__name__)

CHANGES_PER_BATCH = settings.REPORT_BATCH_ROWS

LONGEST_SECONDS = 2**31 - 1
"""What a column of seconds holds. One conversation that claims to have waited longer must not stop all others."""

# One statement sees one state of the database: the change and the conversation it tells of. Changes that another run
# has in hand are passed over; should the two hold the same conversation, the later version stays, whoever comes last.
# Conversations are written in one order, so that two runs never wait for each other in a circle: by id, which follows
# time, as indexes like it. The arrays make PostgreSQL choose once, and then walk by primary key, however much is
# stored.
_REPORT_BATCH = """
    WITH claimed AS (
        DELETE FROM conversations_reportablechange
         WHERE id = ANY (ARRAY(
                   SELECT id FROM conversations_reportablechange
                    WHERE id > %(after)s ORDER BY id LIMIT %(changes)s FOR UPDATE SKIP LOCKED
               ))
        RETURNING id, conversation_id
    ), reported AS (
        INSERT INTO reporting_contactlogentry AS entry (
               conversation_id, channel_id, queue_id, agent_id, messaging_channel, direction, state, ended_in_ivr,
               received_at, accepted_at, ended_at, handled_at, waited_seconds, handling_seconds,
               ivr_seconds, hold_seconds, within_service_level, disposition,
               kept_data, kept_sources, dropped_keys, judged_keys, settings_version, version,
               first_reported_at, reported_at)
        SELECT id, channel_id, queue_id, agent_id, messaging_channel, direction, state,
               queue_id IS NULL AND allocated_at IS NULL AND state = ANY (%(unaccepted)s),
               received_at, accepted_at, ended_at, handled_at,
               least(extract(epoch FROM waited), %(longest)s)::int,
               extract(epoch FROM handled_at - accepted_at)::int,
               least(extract(epoch FROM time_in_ivr), %(longest)s)::int,
               least(coalesce(extract(epoch FROM held.time), 0), %(longest)s)::int,
               CASE WHEN queue_id IS NOT NULL AND direction = %(inbound)s AND state <> %(false_attempt)s
                    THEN accepted_at IS NOT NULL AND waited <= make_interval(secs => %(on_time)s) END,
               disposition,
               kept_data, kept_sources, dropped_keys, judged_keys, settings_version, version, %(now)s, %(now)s
          FROM conversations_conversation
          LEFT JOIN (SELECT conversation_id, sum(ended_at - started_at) AS time
                       FROM conversations_hold
                      WHERE conversation_id = ANY (ARRAY(SELECT conversation_id FROM claimed))
                      GROUP BY conversation_id) AS held ON held.conversation_id = id
         WHERE id = ANY (ARRAY(SELECT conversation_id FROM claimed)) AND state = ANY (%(ended)s)
         ORDER BY id
            ON CONFLICT (conversation_id, received_at) DO UPDATE
           SET channel_id = excluded.channel_id, queue_id = excluded.queue_id, agent_id = excluded.agent_id,
               state = excluded.state, ended_in_ivr = excluded.ended_in_ivr,
               messaging_channel = excluded.messaging_channel, direction = excluded.direction,
               accepted_at = excluded.accepted_at, ended_at = excluded.ended_at, handled_at = excluded.handled_at,
               waited_seconds = excluded.waited_seconds, handling_seconds = excluded.handling_seconds,
               ivr_seconds = excluded.ivr_seconds, hold_seconds = excluded.hold_seconds,
               within_service_level = excluded.within_service_level, disposition = excluded.disposition,
               kept_data = excluded.kept_data, kept_sources = excluded.kept_sources,
               dropped_keys = excluded.dropped_keys, judged_keys = excluded.judged_keys,
               settings_version = excluded.settings_version, version = excluded.version,
               reported_at = excluded.reported_at,
               late_changes = array_remove(ARRAY[
                   CASE WHEN 'kept_data' = ANY (entry.late_changes)
                          OR entry.kept_data || excluded.kept_data <> entry.kept_data THEN 'kept_data' END,
                   CASE WHEN 'disposition' = ANY (entry.late_changes)
                          OR entry.disposition <> excluded.disposition THEN 'disposition' END,
                   CASE WHEN 'handling' = ANY (entry.late_changes)
                          OR (entry.channel_id, entry.queue_id, entry.agent_id, entry.state, entry.accepted_at,
                              entry.ended_at, entry.handled_at, entry.waited_seconds, entry.ivr_seconds,
                              entry.hold_seconds)
                             IS DISTINCT FROM
                             (excluded.channel_id, excluded.queue_id, excluded.agent_id, excluded.state,
                              excluded.accepted_at, excluded.ended_at, excluded.handled_at, excluded.waited_seconds,
                              excluded.ivr_seconds, excluded.hold_seconds) THEN 'handling' END,
                   CASE WHEN 'anonymised' = ANY (entry.late_changes)
                          OR entry.kept_data - ARRAY(SELECT jsonb_object_keys(excluded.kept_data)) <> '{}'
                        THEN 'anonymised' END
               ], NULL)
         WHERE excluded.version >= entry.version
     RETURNING date_trunc('month', received_at AT TIME ZONE 'UTC')::date AS month,
               (received_at AT TIME ZONE 'UTC')::date AS day, kept_data
    ), named AS (
        INSERT INTO reporting_keptkeyname (month, name)
        SELECT DISTINCT month, jsonb_object_keys(kept_data)
          FROM reported
          LEFT JOIN (SELECT month, array_agg(name::text) AS names FROM reporting_keptkeyname GROUP BY month) AS known
         USING (month)
         WHERE kept_data - coalesce(names, '{}') <> '{}'
         ORDER BY 1, 2
            ON CONFLICT (month, name) DO NOTHING
    ), changed AS (
        INSERT INTO reporting_changedday (day) SELECT DISTINCT day FROM reported
    )
    SELECT (SELECT max(id) FROM claimed), (SELECT count(*) FROM reported)
"""

# A run that began before the correction may still write an entry to the old place, so that it is looked at for a while.
_REMOVE_MOVED = """
    DELETE FROM reporting_contactlogentry AS entry
     USING reporting_movedentry AS moved, conversations_conversation AS conversation
     WHERE entry.conversation_id = moved.conversation_id AND entry.received_at = moved.received_at
       AND conversation.id = moved.conversation_id AND conversation.received_at <> moved.received_at
"""
LOOKED_AT_FOR = timedelta(hours=1)

MOST_AT_ONCE = 4
"""Batches that one run reports at the same time. More have PostgreSQL wait for its disk."""


def run_reporting_job() -> ReportRun:
    """Report every conversation that ended or changed, batch by batch, and return the run.

    Each batch is one transaction: a run that fails or is killed leaves what it had reported and loses nothing; the
    next run takes the rest. Two runs at once share the work.
    """
    now = timezone.now()
    ReportRun.objects.silent(now=now).update(outcome=ReportRun.Outcome.INTERRUPTED)
    run = ReportRun.objects.create(started_at=now, seen_at=now)
    try:
        _report_all(run)
    except DatabaseError as error:
        _fail(run, error)
        return run
    _finish(run)
    return run


def _report_all(run: ReportRun) -> None:
    """Several batches at once where there are several."""
    waiting = ReportableChange.objects.all()[: CHANGES_PER_BATCH * MOST_AT_ONCE].count()
    at_once = min(settings.REPORT_PROCESSES, -(-waiting // CHANGES_PER_BATCH))
    if at_once <= 1:
        _report_batches(run)
        return
    with ThreadPoolExecutor(at_once) as threads:
        for done in [threads.submit(_report_batches_elsewhere, run, after) for after in _far_apart(at_once)]:
            done.result()


def _far_apart(number: int) -> list[int]:
    """After which changes so many begin. Close together they would wait for each other to make room in one month."""
    waiting = ReportableChange.objects.aggregate(first=Min("id"), last=Max("id"))
    first, last = waiting["first"] or 0, waiting["last"] or 0  # another run may have taken them all
    return [max(0, first - 1) + (last - first) * place // number for place in range(number)]


def _report_batches_elsewhere(run: ReportRun, after: int) -> None:
    """The same in a thread, which has a connection of its own."""
    try:
        _report_batches(run, after)
    finally:
        connection.close()


def _report_batches(run: ReportRun, after: int = 0) -> None:
    """Batch by batch until nothing is left, before or after, each from where the last ended: what was removed before is
    still in the index, and would be passed over row by row each time."""
    while (last := _report_batch(run, after)) or after:
        after = last


def _report_batch(run: ReportRun, after: int) -> int:
    """Report the next changes after one, and return the last of them; 0 where there are none."""
    try:
        return _write_batch(run, after)
    except IntegrityError as refused:
        if not is_for_want_of_a_month(refused):
            raise
    make_months()
    return _write_batch(run, after)


@transaction.atomic
def _write_batch(run: ReportRun, after: int) -> int:
    now = timezone.now()
    with connection.cursor() as cursor:
        # What a power cut undoes of the last batches, the changes with the entries, the next run reports again.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        if MovedEntry.objects.exists():
            cursor.execute(_REMOVE_MOVED)
        cursor.execute(
            _REPORT_BATCH,
            {
                "changes": CHANGES_PER_BATCH,
                "after": after,
                "now": now,
                "ended": [state.value for state in ENDED_STATES],
                "unaccepted": [state.value for state in UNACCEPTED_ENDS],
                "false_attempt": State.FALSE_ATTEMPT.value,
                "inbound": Conversation.Direction.INBOUND.value,
                "on_time": ANSWERED_ON_TIME,
                "longest": LONGEST_SECONDS,
            },
        )
        last, reported = cursor.fetchone()
    if reported:
        this = ReportRun.objects.filter(pk=run.pk)
        this.update(conversations=F("conversations") + reported, seen_at=now)
    return last or 0


def _finish(run: ReportRun) -> None:
    run.refresh_from_db(fields=["conversations"])
    run.outcome, run.finished_at = ReportRun.Outcome.DONE, timezone.now()
    run.save(update_fields=["outcome", "finished_at"])
    MovedEntry.objects.filter(moved_at__lt=run.started_at - LOOKED_AT_FOR).delete()
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
