"""The Contact Log as a dataset of Parquet files in the company's storage: a file of each day, in folders of months.

Which days changed is noted with the change itself (``ChangedDay``). ``plan`` has their files written anew at each
destination that has a dataset, ``write`` writes one: as a whole, under the same name, so that a reader finds exactly
one version of each day. A day that lost all its rows keeps a file without rows.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.metadata_destinations.store import FileStore, StoreRefused, StoreUnreachable
from channels_cfg.metadata_destinations.stores import store_of
from channels_cfg.models import MetadataDestination
from reporting.contact_log import dataset_file
from reporting.contact_log.part_processes import end_idle_processes
from reporting.models import DatasetDay, DeliveryPause

logger = logging.getLogger(__name__)

WRITTEN_AFTER = timedelta(minutes=5)
"""So long after the first change of a day its file is written, with what else has changed until then."""

_TAKE_CHANGED = """
    WITH taken AS (
        DELETE FROM reporting_changedday
         WHERE id = ANY (ARRAY(SELECT id FROM reporting_changedday FOR UPDATE SKIP LOCKED))
        RETURNING day
    )
    SELECT DISTINCT day FROM taken
"""
_ALL_DAYS = """
    SELECT DISTINCT (received_at AT TIME ZONE 'UTC')::date FROM reporting_contactlogentry
     UNION
    SELECT day FROM reporting_datasetday WHERE destination_id = %s
"""
# A worker that is at one goes on and learns from ``changed_at`` that it takes another turn.
_HAVE_WRITTEN = """
    INSERT INTO reporting_datasetday AS known (destination_id, day, place, state, changed_at, due_at, held_until)
    SELECT %(destination)s, day, %(place)s, 'waiting', %(now)s, %(at)s, %(at)s
      FROM unnest(%(days)s::date[]) AS day ORDER BY day
        ON CONFLICT (destination_id, day) DO UPDATE
       SET changed_at = excluded.changed_at, place = excluded.place, state = 'waiting', finished_at = NULL,
           due_at = CASE WHEN known.finished_at IS NULL THEN known.due_at ELSE excluded.due_at END,
           held_until = CASE WHEN known.finished_at IS NULL THEN known.held_until ELSE excluded.held_until END,
           attempts = CASE WHEN known.finished_at IS NULL THEN known.attempts ELSE 0 END
"""


# Planning


@transaction.atomic
def plan(*, now: datetime) -> int:
    """Have the files of changed days written; all of them at a destination that has come to have a dataset, or has it
    in another place than before. Returns how many that concerns.

    Several may plan at once: a change goes in the transaction that plans it.
    """
    days = _rows(_TAKE_CHANGED)
    DatasetDay.objects.filter(destination__dataset_folder="").delete()
    planned = 0
    for destination in MetadataDestination.objects.exclude(dataset_folder="").order_by("pk"):
        if DatasetDay.objects.filter(destination=destination, place=_place(destination)).exists():
            _have_written(destination, days, now=now, at=now + WRITTEN_AFTER)
            planned += len(days)
        else:
            planned += write_all_anew(destination, now=now)
    return planned


@transaction.atomic
def write_all_anew(destination: MetadataDestination, *, now: datetime) -> int:
    """Have the files of all days written, at once, also of days that have lost their rows; return how many."""
    days = _rows(_ALL_DAYS, [destination.pk])
    _have_written(destination, days, now=now, at=now)
    DatasetDay.objects.filter(destination=destination).have_written(now=now)
    jobs.announce(DatasetDay)
    logger.info("All %s days of the dataset are written anew at destination %s", len(days), destination.pk)
    return len(days)


def _place(destination: MetadataDestination) -> str:
    return f"{destination.where}/{destination.dataset_folder}"


def _rows(statement: str, params: list[Any] | None = None) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [day for (day,) in cursor.fetchall()]


def _have_written(destination: MetadataDestination, days: Collection[date], *, now: datetime, at: datetime) -> None:
    facts: dict[str, Any] = {
        "destination": destination.pk,
        "place": _place(destination),
        "days": list(days),
        "now": now,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HAVE_WRITTEN, facts)


# Writing


def write(part: DatasetDay) -> None:
    """Write the file of a day that the caller holds. Raises ``TryLater``, ``GiveUp`` and ``NoLongerHeld``."""
    destination = part.destination
    file = _made(part)
    name = file_name(destination.dataset_folder, part.day)
    # Under which name a worker that dies may have put it; and one that was taken for dead puts nothing old over new.
    jobs.note(part, name=name)
    try:
        with store_of(destination) as store:
            assert isinstance(store, FileStore)  # no other kind of destination has a dataset
            store.put_dataset_file(name, file.content)
    except StoreRefused as refused:
        raise jobs.GiveUp(str(refused)) from None
    except StoreUnreachable as failure:
        DeliveryPause.objects.begin(destination, now=timezone.now(), reason=str(failure), after=failure.after)
        raise jobs.TryLater(str(failure), after=part.pause) from None
    DeliveryPause.objects.over(destination)
    _finish(part, file)


def file_name(folder: str, day: date) -> str:
    """Below the destination's folder. A month has no leading zero, so that engines take it for a number."""
    return f"{folder}/year={day.year}/month={day.month}/day-{day.isoformat()}.parquet"


def _made(part: DatasetDay) -> dataset_file.DayFile:
    try:
        return dataset_file.day_file(part)
    except dataset_file.DayTooLarge:
        raise jobs.GiveUp(_("The day has more rows than fit into a file that destinations take.")) from None
    finally:
        if not DatasetDay.objects.waiting(now=timezone.now()).exists():
            end_idle_processes()


def _finish(part: DatasetDay, file: dataset_file.DayFile) -> None:
    """It is written, unless more changed since it was claimed: then it is due again."""
    now = timezone.now()
    held = DatasetDay.objects.held_by(part)
    facts: dict[str, Any] = {"row_count": file.rows, "size": len(file.content), "written_at": now, "holder": None}
    done = held.filter(changed_at=part.changed_at)
    if done.update(state=DatasetDay.State.DONE, finished_at=now, held_until=None, reason="", **facts):
        return
    later = now + WRITTEN_AFTER
    if not held.update(due_at=later, held_until=later, reason="", **facts):
        # Another worker has it, and may have put a newer file before this one came to lie over it.
        DatasetDay.objects.filter(pk=part.pk).have_written(now=now)
        raise jobs.NoLongerHeld
