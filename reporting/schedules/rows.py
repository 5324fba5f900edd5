"""The rows that a run noted, and how they differ from those of another run or of the log as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet, TextChoices
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Right
from reporting.contact_log.query import LogQuery
from reporting.contact_log.table import statement_of
from reporting.models import ContactLogEntry, RunRow, ScheduledRun
from reporting.models.contact_log import ContactLogQuerySet

MOST_ROWS = 200_000
"""Of more, a run notes only how many there are."""
ROWS_SHOWN = 200

_COLUMNS = ("conversation_id", "received_at", "version", "late_changes")
_NOTE = "INSERT INTO reporting_runrow (run_id, conversation_id, received_at, version, late_changes)"


def query_of(run: ScheduledRun) -> LogQuery:
    """What a run asked. Its period is in moments, and it names its zone."""
    return LogQuery.parse(run.query, zone=ZoneInfo("UTC"), now=run.as_of)


def note_rows(run: ScheduledRun, query: LogQuery) -> tuple[int, bool]:
    """Note which rows the owner sees, and return how many there are, and whether they are noted."""
    entries = query.entries(run.schedule.owner).order_by()
    total = entries.count()
    if total > MOST_ROWS:
        return total, False
    statement, params = statement_of(entries.values_list(*_COLUMNS))
    with connection.cursor() as cursor:
        cursor.execute(f"{_NOTE} SELECT %s, noted.* FROM ({statement}) AS noted", [run.pk, *params])
        return cursor.rowcount, True


# Differences


class RowDifference(TextChoices):
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    REMOVED = "removed", _("Removed")


class RowCause(TextChoices):
    ENDED = "ended", _("New in the Contact Log")
    REPORTED = "reported", _("Reported again")
    OTHER = "other", _("Not changed itself: the report or its owner's rights were changed")


@dataclass(frozen=True)
class RowReason:
    """Why rows differ: the cause, and what of the conversations changed where they were reported again."""

    cause: RowCause
    changes: tuple[str, ...]

    def __str__(self) -> str:
        labels = [str(ContactLogEntry.LateChange(change).label) for change in self.changes]
        return f"{self.cause.label}: {', '.join(labels)}" if labels else str(self.cause.label)


@dataclass(frozen=True)
class CountedRows:
    """How many rows differ so, for one reason."""

    difference: RowDifference
    reason: RowReason
    rows: int


@dataclass(frozen=True)
class _RowSet:
    """What is compared: rows, and the period they are of."""

    rows: QuerySet[Any]
    start: datetime
    end: datetime


# What differs is looked up where it stands in the log, by the columns of its primary key, and only where the viewer may
# see it.
_DIFFERING = """
    WITH before AS MATERIALIZED ({before}),
         after AS MATERIALIZED ({after}),
         differing AS (
             SELECT coalesce(after.conversation_id, before.conversation_id) AS conversation_id,
                    coalesce(after.received_at, before.received_at) AS received_at,
                    CASE WHEN before.conversation_id IS NULL THEN 'added'
                         WHEN after.conversation_id IS NULL THEN 'removed' ELSE 'changed' END AS difference,
                    before.late_changes AS earlier
               FROM before FULL JOIN after ON after.conversation_id = before.conversation_id
              WHERE before.version IS DISTINCT FROM after.version
         ),
         caused AS (
             SELECT difference, earlier, entry.conversation_id, entry.received_at, entry.late_changes,
                    CASE WHEN difference = 'added' AND entry.first_reported_at > since.at THEN 'ended'
                         WHEN difference = 'changed' OR entry.reported_at > since.at THEN 'reported'
                         ELSE 'other' END AS cause
               FROM (SELECT %s::timestamptz AS at) AS since, differing
               LEFT JOIN ({seen}) AS entry
                 ON entry.conversation_id = differing.conversation_id AND entry.received_at = differing.received_at
         ),
         told AS (
             SELECT difference, conversation_id, received_at, cause,
                    CASE WHEN cause = 'reported' THEN
                        ARRAY(SELECT unnest(late_changes) EXCEPT SELECT unnest(earlier) ORDER BY 1) END AS changes
               FROM caused
         )
"""
_COUNTED = """
    SELECT difference, cause, changes, count(*), count(conversation_id) FROM told
     GROUP BY difference, cause, changes ORDER BY difference, count(*) DESC, cause, changes
"""
_LISTED = """
    SELECT conversation_id, cause, changes FROM told WHERE difference = %s AND conversation_id IS NOT NULL
     ORDER BY received_at DESC, conversation_id DESC LIMIT %s
"""


class RunComparison:
    """The rows that an earlier run noted beside those of a later one, or of the log now where ``after`` is None.

    Compared are the rows of the part that the two periods have in common; told are those that the owner sees now.
    """

    def __init__(self, before: ScheduledRun, after: ScheduledRun | None) -> None:
        self.before, self.after = before, after
        self._earlier, self._later = _noted(before), _noted(after) if after else _now(before)
        self.start = max(self._earlier.start, self._later.start)
        self.end = min(self._earlier.end, self._later.end)

    @property
    def has_common_period(self) -> bool:
        return self.start < self.end

    @property
    def asks_otherwise(self) -> bool:
        """Whether the report had other conditions at the one than at the other, so that rows differ for that alone."""
        return self.after is not None and _conditions(self.before) != _conditions(self.after)

    @cached_property
    def _counts(self) -> list[tuple[Any, ...]]:
        return self._asked(_COUNTED) if self.has_common_period else []

    @property
    def total(self) -> int:
        """How many rows differ, told or not."""
        return sum(count for *_what, count, _told in self._counts)

    @property
    def untold(self) -> int:
        """How many of them the owner does not see now, or are elsewhere in the log or no longer in it."""
        return sum(count - told for *_what, count, told in self._counts)

    def counts(self) -> list[CountedRows]:
        return [
            CountedRows(RowDifference(difference), _reason(cause, changes), told)
            for difference, cause, changes, _count, told in self._counts
            if told
        ]

    def rows(self, difference: RowDifference) -> list[tuple[ContactLogEntry, RowReason]]:
        """The newest ``ROWS_SHOWN`` of those that differ so."""
        if not self.has_common_period:
            return []
        found = {pk: _reason(cause, changes) for pk, cause, changes in self._asked(_LISTED, difference, ROWS_SHOWN)}
        entries = self._seen().filter(pk__in=found).select_related("channel", "queue", "agent").newest_first()
        return [(entry, found[entry.pk]) for entry in entries]

    def _seen(self) -> ContactLogQuerySet:
        owner = self.before.schedule.owner
        entries = ContactLogEntry.objects.granting(Right.VIEW_REPORTS, to=owner)
        return entries.received_during(self.start, self.end)

    def _asked(self, question: str, *params: Any) -> list[tuple[Any, ...]]:
        common = {"received_at__gte": self.start, "received_at__lt": self.end}
        before, after = (side.rows.filter(**common).values(*_COLUMNS) for side in (self._earlier, self._later))
        facts = ("conversation_id", "received_at", "late_changes", "first_reported_at", "reported_at")
        parts = [statement_of(rows) for rows in (before, after, self._seen().order_by().values(*facts))]
        (before_sql, before_params), (after_sql, after_params), (seen_sql, seen_params) = parts
        with_parts = _DIFFERING.replace("{before}", before_sql).replace("{after}", after_sql)
        statement = with_parts.replace("{seen}", seen_sql) + question
        since = self.before.reported_up_to
        with connection.cursor() as cursor:
            cursor.execute(statement, [*before_params, *after_params, since, *seen_params, *params])
            return cursor.fetchall()


def rows_changed_since(run: ScheduledRun) -> int:
    """How many rows a run of the same period would add, change or remove now."""
    if run.has_rows:
        return RunComparison(run, None).total
    return query_of(run).entries(run.schedule.owner).filter(reported_at__gt=run.reported_up_to).count()


def erased_rows(run: ScheduledRun) -> int:
    """How many of the rows that it noted are gone since, with their conversations."""
    return (run.rows_total or 0) - RunRow.objects.filter(run=run).count() if run.has_rows else 0


def _noted(run: ScheduledRun) -> _RowSet:
    query = query_of(run)
    return _RowSet(RunRow.objects.filter(run=run), query.start, query.end)


def _conditions(run: ScheduledRun) -> tuple[Any, ...]:
    query = query_of(run)
    fields = {name: {*values} for name, values in query.fields.items()}
    return fields, {*query.kept}, {*query.missing}, {*query.late}, {*query.others}, query.at


def _now(run: ScheduledRun) -> _RowSet:
    query = query_of(run)
    return _RowSet(query.entries(run.schedule.owner).order_by(), query.start, query.end)


def _reason(cause: str, changes: Sequence[str] | None) -> RowReason:
    return RowReason(RowCause(cause), tuple(changes or ()))
