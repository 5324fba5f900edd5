"""Files of the Contact Log: asked for, fetched, cleared away; and all rows at once, for machines."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from channels_cfg.models import Right, User
from conversations.filters import GrantedPlaces
from reporting.contact_log.columns import LogColumn, names
from reporting.contact_log.layouts import csv_line
from reporting.contact_log.query import LogQuery, kept_key_names
from reporting.contact_log.table import all_of, copied, csv_rows, snapshot
from reporting.models import DatasetDay, ReportDownload, ReportFile, ReportFileSlice
from reporting.models.contact_log import ContactLogQuerySet
from reporting.models.report_file import DOWNLOADS_REMEMBERED_FOR, report_folder

BLOCK = 64 * 1024


# Asking for a file


def ask_for(query: LogQuery, *, format: str, owner: User, now: datetime, **options: Any) -> ReportFile:
    """Put a file on the list of those to be written. Its period is fixed at this moment. ``options`` are those of
    ``ReportFile`` for CSV: ``delimiter`` and ``byte_order_mark``."""
    asked = query if ReportFile.Format(format).is_of_counts else query.drilled()
    return ReportFile.objects.create(
        owner=owner,
        format=format,
        query=asked.frozen().as_params(),
        name=_name(query, ReportFile.Format(format)),
        created_at=now,
        **options,
    )


def _name(query: LogQuery, format: ReportFile.Format) -> str:
    first, last = query.days
    of = "counts" if format.is_of_counts else "contact-log"
    return f"{of}_{first}_{last}_{str(query.zone).replace('/', '-')}.{format.suffix}"


def cancel(file: ReportFile) -> bool:
    """Stop the work on a file; say whether there was any. Its writers notice within a second or so."""
    unfinished = ReportFile.objects.unfinished().filter(pk=file.pk)
    cancelled = {"state": ReportFile.State.CANCELLED, "finished_at": timezone.now(), "holder": None}
    if not unfinished.update(**cancelled, **ReportFile.input_erased):
        return False
    forget_parts(file)
    return True


def may_download(user: User, file: ReportFile) -> bool:
    """Whether the user still holds the right on every place that the file's rows come from."""
    return lies_in(file, GrantedPlaces(user, [Right.VIEW_REPORTS]))


def lies_in(file: ReportFile, places: GrantedPlaces) -> bool:
    """Whether all rows of the file come from these places."""
    return (
        places.queue_ids.issuperset(file.queues)
        and places.direct_agents.issuperset(file.direct_agents)
        and set(places.channel_of_queue.values()).issuperset(file.ivr_channels)
    )


def note_download(file: ReportFile, *, by: User, address: str | None, now: datetime) -> None:
    """Remember who fetched the file, for longer than there is one."""
    ReportDownload.objects.create(
        file=file, name=file.name, rows=file.rows_total or 0, user=by, address=address, fetched_at=now
    )


# For machines


def csv_stream(query: LogQuery, *, to: User) -> Iterator[bytes]:
    """All rows as CSV for a machine, in blocks, in constant memory. The first line names the columns.

    The first block is there when this returns, so that what cannot be answered is refused before anything is sent.
    """
    blocks = _csv_blocks(query, to)
    first = next(blocks)

    def all_blocks() -> Iterator[bytes]:
        yield first
        yield from blocks

    return all_blocks()


def _csv_blocks(query: LogQuery, to: User) -> Iterator[bytes]:
    entries = query.entries(to)
    with snapshot(zone=query.zone) as cursor:
        columns = columns_of(cursor, query, entries)
        block = bytearray(csv_line(names(columns)))
        for line in copied(cursor, csv_rows(entries, columns, for_people=False)):
            block += line
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)


def columns_of(cursor: CursorWrapper, query: LogQuery, entries: ContactLogQuerySet) -> list[LogColumn]:
    """The columns, as the cursor sees the entries. Raises ``TooManyKeys``."""
    return query.shown_columns(lambda: kept_key_names(query, entries, read=partial(all_of, cursor)))


# Clearing away


def clear_away(*, now: datetime) -> None:
    """Delete files past their time, with what was asked for, and whatever else lies there: what killed writers left,
    and what belonged to somebody who was deleted."""
    for file in ReportFile.objects.past_their_time(now=now):
        remove(file.path)
        ReportFile.objects.filter(pk=file.pk).update(state=ReportFile.State.EXPIRED, query={})
    ReportFile.objects.gone(now=now).delete()
    ReportFileSlice.objects.exclude(file__finished_at=None).delete()
    ReportDownload.objects.filter(fetched_at__lte=now - DOWNLOADS_REMEMBERED_FOR).delete()
    if report_folder().is_dir():
        found = set(report_folder().iterdir())  # before it is asked who writes: who begins afterwards is not found
        for path in found - _in_use(now):
            remove(path)


def _in_use(now: datetime) -> set[Path]:
    """Finished files, what living writers write, and the parts of those that go on where a dead one stopped."""
    ready = ReportFile.objects.filter(state=ReportFile.State.READY)
    unfinished = ReportFile.objects.unfinished()
    held = [*ReportFile.objects.held(now=now), *DatasetDay.objects.held(now=now)]
    return {
        *(file.path for file in [*ready, *unfinished]),
        *(file.parts for file in unfinished),
        *(job.scratch for job in held),
    }


def forget_parts(file: ReportFile) -> None:
    """Delete the slices of a finished file with what they were written to."""
    file.slices.all().delete()
    remove(file.parts)


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, where it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
