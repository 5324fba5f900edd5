"""Files of the Contact Log: written by a worker that tells how far it is, taken over from one that died."""

from __future__ import annotations

import csv
import io
import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper
from django.db.models import Case, Count, F, When
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Queue, Right, User
from channels_cfg.spreadsheets import harmless
from conversations.models import direct_agents
from reporting.contact_log.about import about
from reporting.contact_log.json_lines import json_lines
from reporting.contact_log.query import LogQuery, TooManyKeys, kept_key_names
from reporting.contact_log.table import (
    all_of,
    copied,
    csv_rows,
    headings,
    names,
    snapshot,
)
from reporting.contact_log.value_columns import value_columns
from reporting.contact_log.workbook import Workbook
from reporting.models import ReportDownload, ReportFile
from reporting.models.contact_log import ContactLogQuerySet
from reporting.models.report_file import DOWNLOADS_REMEMBERED_FOR, KEPT_FOR, report_folder

logger = logging.getLogger(__name__)

BYTE_ORDER_MARK = "\ufeff"
ROWS_BETWEEN_LOOKS = 500
BLOCK = 64 * 1024

Format = ReportFile.Format
_TELLS_TIMES_AS_TEXT = (Format.CSV, Format.JSON_LINES)


# Asking for a file


def ask_for(query: LogQuery, *, format: str, owner: User, now: datetime, **options: Any) -> ReportFile:
    """Put a file on the list of those to be written. Its period is fixed at this moment. ``options`` are those of
    ``ReportFile`` for CSV: ``delimiter`` and ``byte_order_mark``."""
    last = (query.end - timedelta(microseconds=1)).astimezone(query.zone)
    days = f"{query.start.astimezone(query.zone):%Y-%m-%d}_{last:%Y-%m-%d}"
    return ReportFile.objects.create(
        owner=owner,
        format=format,
        query=query.frozen().as_params(),
        name=f"contact-log_{days}_{str(query.zone).replace('/', '-')}.{format}",
        created_at=now,
        **options,
    )


def cancel(file: ReportFile) -> bool:
    """Stop the work on a file; say whether there was any. Its writer notices within a second or so."""
    unfinished = ReportFile.objects.unfinished().filter(pk=file.pk)
    cancelled = {"state": ReportFile.State.CANCELLED, "finished_at": timezone.now(), "holder": None}
    return bool(unfinished.update(**cancelled, **ReportFile.input_erased))


def may_download(user: User, file: ReportFile) -> bool:
    """Whether the user still holds the right on every place that the file's rows come from."""
    channel_of_queue = dict(Queue.objects.granting(Right.VIEW_REPORTS, to=user).values_list("pk", "channel"))
    return (
        set(file.queues) <= set(channel_of_queue)
        and set(file.direct_agents) <= set(direct_agents(Right.VIEW_REPORTS, user))
        and set(file.ivr_channels) <= set(channel_of_queue.values())
    )


def note_download(file: ReportFile, *, by: User, address: str | None, now: datetime) -> None:
    """Remember who fetched the file, for longer than there is one."""
    ReportDownload.objects.create(
        file=file, name=file.name, rows=file.rows_total or 0, user=by, address=address, fetched_at=now
    )


# Writing it


def write(file: ReportFile) -> None:
    """Write a file that the caller holds. Raises ``NoLongerHeld`` and ``GiveUp``."""
    try:
        _Writer(file).write()
    except TooManyKeys as refused:
        raise jobs.GiveUp(" ".join(refused.messages)) from refused
    finally:
        remove(file.draft)


class _Writer:
    """Writes one claimed file: to a draft first, which takes the file's place when it is whole."""

    def __init__(self, file: ReportFile) -> None:
        self.file = file
        # The period is in moments, and the query names its zone, so that neither “now” nor a default matters.
        self.query = LogQuery.parse(file.query, zone=ZoneInfo("UTC"), now=file.created_at)
        self.entries = self.query.entries(file.owner)
        self.progress = jobs.Progress(file)
        self.rows = 0

    def write(self) -> None:
        report_folder().mkdir(parents=True, exist_ok=True)
        report_folder().chmod(0o700)
        self.file.draft.touch(mode=0o600)
        with snapshot(zone=self.query.zone if self.file.format in _TELLS_TIMES_AS_TEXT else None) as cursor:
            total = self._look_around(cursor)
            keys = _keys(cursor, self.query, self.entries)
            writers = {
                Format.CSV: self._write_csv,
                Format.XLSX: self._write_xlsx,
                Format.PARQUET: self._write_parquet,
                Format.JSON_LINES: self._write_json_lines,
            }
            writers[Format(self.file.format)](cursor, keys, total)
        self._finish(total)

    def _look_around(self, cursor: CursorWrapper) -> int:
        """Note how many rows there will be and where they come from, and return how many."""
        direct, ivr = Case(When(queue=None, then=F("agent_id"))), Case(When(ended_in_ivr=True, then=F("channel_id")))
        places = all_of(cursor, self.entries.order_by().values_list("queue_id", direct, ivr).annotate(Count("pk")))
        found = [sorted({place[part] for place in places} - {None}) for part in range(3)]
        self.file.queues, self.file.direct_agents, self.file.ivr_channels = found
        total = sum(rows for *_place, rows in places)
        jobs.note(self.file, rows_total=total)
        return total

    def _write_csv(self, cursor: CursorWrapper, keys: Sequence[str], total: int) -> None:
        mark = BYTE_ORDER_MARK if self.file.byte_order_mark else ""
        headline = _csv_line(headings(keys, zone=self.query.zone), delimiter=self.file.delimiter)
        rows = csv_rows(self.entries, keys, for_people=True)
        self._write_lines(mark.encode() + headline, copied(cursor, rows, delimiter=self.file.delimiter))

    def _write_json_lines(self, cursor: CursorWrapper, keys: Sequence[str], total: int) -> None:
        self._write_lines(b"", json_lines(cursor, self.entries, keys, are_chosen=self.query.columns is not None))

    def _write_lines(self, first: bytes, lines: Iterable[bytes]) -> None:
        with self.file.draft.open("wb") as out:
            out.write(first)
            for rows, line in enumerate(lines, 1):
                out.write(line)
                if not rows % ROWS_BETWEEN_LOOKS:
                    self.progress.tell(rows_done=rows)

    def _write_parquet(self, cursor: CursorWrapper, keys: Sequence[str], total: int) -> None:
        # pyarrow takes 60 MB, which a process that writes no such file need not have.
        from reporting.contact_log.parquet import write_parquet

        write_parquet(
            self.file.draft,
            cursor,
            self.entries,
            value_columns(cursor, self.entries, keys),
            zone=self.query.zone,
            about=dict(about(self.file, self.query, total)),
            tell=self._count,
        )

    def _write_xlsx(self, cursor: CursorWrapper, keys: Sequence[str], total: int) -> None:
        scratch = self.file.draft.with_suffix(".parts")
        scratch.mkdir(mode=0o700)
        try:
            Workbook(self.file, self.query, self.entries, keys, total).write(cursor, scratch, tell=self._count)
        finally:
            remove(scratch)

    def _count(self, rows: int) -> None:
        self.rows += rows
        self.progress.tell(rows_done=self.rows)

    def _finish(self, rows: int) -> None:
        jobs.note(self.file, rows_done=rows)
        self.file.draft.replace(self.file.path)
        try:
            jobs.finish(
                self.file,
                ReportFile.State.READY,
                rows_total=rows,
                queues=self.file.queues,
                direct_agents=self.file.direct_agents,
                ivr_channels=self.file.ivr_channels,
                expires_at=timezone.now() + KEPT_FOR,
            )
        except jobs.NoLongerHeld:
            if ReportFile.objects.filter(pk=self.file.pk, state=ReportFile.State.CANCELLED).exists():
                remove(self.file.path)
            raise


def _keys(cursor: CursorWrapper, query: LogQuery, entries: ContactLogQuerySet) -> list[str]:
    return query.key_columns(lambda: kept_key_names(query, entries, read=partial(all_of, cursor)))


def _csv_line(cells: Iterable[str], *, delimiter: str = ",") -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n", delimiter=delimiter).writerow(map(harmless, cells))
    return line.getvalue().encode()


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
        keys = _keys(cursor, query, entries)
        block = bytearray(_csv_line(names(keys)))
        for line in copied(cursor, csv_rows(entries, keys, for_people=False)):
            block += line
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)


# Clearing away


def clear_away(*, now: datetime) -> None:
    """Delete files past their time, with what was asked for, and whatever else lies there: what killed writers left,
    and what belonged to somebody who was deleted."""
    for file in ReportFile.objects.past_their_time(now=now):
        remove(file.path)
        ReportFile.objects.filter(pk=file.pk).update(state=ReportFile.State.EXPIRED, query={})
    ReportFile.objects.gone(now=now).delete()
    ReportDownload.objects.filter(fetched_at__lte=now - DOWNLOADS_REMEMBERED_FOR).delete()
    if report_folder().is_dir():
        found = set(report_folder().iterdir())  # before it is asked who writes: who begins afterwards is not found
        for path in found - _in_use(now):
            remove(path)


def _in_use(now: datetime) -> set[Path]:
    """Finished files, and what living writers write."""
    ready = ReportFile.objects.filter(state=ReportFile.State.READY)
    writing = ReportFile.objects.filter(state=ReportFile.State.WRITING)
    held = writing.filter(held_until__gt=now)
    return {
        *(file.path for file in [*ready, *writing]),
        *(path for file in held for path in (file.draft, file.draft.with_suffix(".parts"))),
    }


def remove(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, where it exists."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
