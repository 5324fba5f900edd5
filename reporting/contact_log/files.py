"""Files of the Contact Log: written by a worker that tells how far it is, taken over from one that died."""

from __future__ import annotations

import csv
import io
import json
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper
from django.db.models import Case, Count, F, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.models import Queue, Right, User
from channels_cfg.spreadsheets import TextSheet, TextWorkbook, harmless
from conversations import jobs
from conversations.models import direct_agents
from reporting.contact_log.asked import PARAMETERS
from reporting.contact_log.query import LogQuery, TooManyKeys, kept_key_names
from reporting.contact_log.table import (
    all_of,
    copied,
    csv_rows,
    fetched,
    headings,
    names,
    snapshot,
    typed_rows,
)
from reporting.models import ReportFile
from reporting.models.contact_log import ContactLogQuerySet
from reporting.models.report_file import KEPT_FOR, report_folder

logger = logging.getLogger(__name__)

BYTE_ORDER_MARK = "\ufeff"
ROWS_BETWEEN_LOOKS = 500
SECONDS_BETWEEN_LOOKS = 1.0
BLOCK = 64 * 1024


# Asking for a file


def ask_for(query: LogQuery, *, format: str, owner: User, now: datetime) -> ReportFile:
    """Put a file on the list of those to be written. Its period is fixed at this moment."""
    last = (query.end - timedelta(microseconds=1)).astimezone(query.zone)
    days = f"{query.start.astimezone(query.zone):%Y-%m-%d}_{last:%Y-%m-%d}"
    return ReportFile.objects.create(
        owner=owner,
        format=format,
        query=query.frozen().as_params(),
        name=f"contact-log_{days}_{str(query.zone).replace('/', '-')}.{format}",
        created_at=now,
    )


def cancel(file: ReportFile) -> bool:
    """Stop the work on a file; say whether there was any. Its writer notices within a second or so."""
    unfinished = ReportFile.objects.unfinished().filter(pk=file.pk)
    cancelled = {"state": ReportFile.State.CANCELLED, "finished_at": timezone.now(), "holder": None}
    return bool(unfinished.update(**cancelled, **ReportFile.input_erased))


def may_download(user: User, file: ReportFile) -> bool:
    """Whether the user still holds the right on every place that the file's rows come from."""
    queues = Queue.objects.granting(Right.VIEW_REPORTS, to=user).values_list("pk", flat=True)
    return set(file.queues) <= set(queues) and set(file.direct_agents) <= set(direct_agents(Right.VIEW_REPORTS, user))


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
        self.seen_at = time.monotonic()

    def write(self) -> None:
        report_folder().mkdir(parents=True, exist_ok=True)
        report_folder().chmod(0o700)
        self.file.draft.touch(mode=0o600)
        is_csv = self.file.format == ReportFile.Format.CSV
        with snapshot(zone=self.query.zone if is_csv else None) as cursor:
            total = self._look_around(cursor)
            keys = _keys(cursor, self.query, self.entries)
            rows = self._write_csv(cursor, keys) if is_csv else self._write_xlsx(cursor, keys, total)
        self._finish(rows)

    def _look_around(self, cursor: CursorWrapper) -> int:
        """Note how many rows there will be and where they come from, and return how many."""
        direct = Case(When(queue=None, then=F("agent_id")))
        places = all_of(cursor, self.entries.order_by().values_list("queue_id", direct).annotate(Count("pk")))
        self.file.queues = sorted({queue for queue, _agent, _rows in places if queue is not None})
        self.file.direct_agents = sorted({agent for _queue, agent, _rows in places if agent is not None})
        total = sum(rows for _queue, _agent, rows in places)
        jobs.note(self.file, rows_total=total)
        return total

    def _write_csv(self, cursor: CursorWrapper, keys: Sequence[str]) -> int:
        rows = 0
        with self.file.draft.open("wb") as out:
            out.write((BYTE_ORDER_MARK if self.file.byte_order_mark else "").encode())
            out.write(_csv_line(headings(keys, zone=self.query.zone)))
            for rows, line in enumerate(copied(cursor, csv_rows(self.entries, keys, for_people=True)), 1):
                out.write(line)
                if not rows % ROWS_BETWEEN_LOOKS:
                    self._tell(rows)
        return rows

    def _write_xlsx(self, cursor: CursorWrapper, keys: Sequence[str], total: int) -> int:
        scratch = self.file.draft.with_suffix(".parts")
        scratch.mkdir(mode=0o700)
        try:
            workbook = _Workbook(self.file, self.query, keys, scratch)
            rows = 0
            for rows, row in enumerate(fetched(cursor, typed_rows(self.entries, keys, zone=self.query.zone)), 1):
                workbook.add(row)
                if not rows % ROWS_BETWEEN_LOOKS:
                    self._tell(rows)
            workbook.close(rows)
            return rows
        finally:
            remove(scratch)

    def _tell(self, rows: int) -> None:
        """Once a second, tell how far we are; stop where the file is no longer ours."""
        if time.monotonic() - self.seen_at >= SECONDS_BETWEEN_LOOKS:
            self.seen_at = time.monotonic()
            jobs.note(self.file, rows_done=rows)

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
                expires_at=timezone.now() + KEPT_FOR,
            )
        except jobs.NoLongerHeld:
            if ReportFile.objects.filter(pk=self.file.pk, state=ReportFile.State.CANCELLED).exists():
                remove(self.file.path)
            raise


def _keys(cursor: CursorWrapper, query: LogQuery, entries: ContactLogQuerySet) -> list[str]:
    return query.key_columns(lambda: [key for (key,) in all_of(cursor, kept_key_names(entries))])


def _csv_line(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(harmless, cells))
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


# The workbook

ROWS_PER_SHEET = 1_048_575
"""What Excel can hold, less the headings."""

COUNTED_BY = gettext_lazy("Conversations by the time they were received; each once, also after a transfer.")


class _Workbook:
    """An Excel file that is written row by row: sheets of rows, each as long as Excel allows, and one about them."""

    def __init__(self, file: ReportFile, query: LogQuery, keys: Sequence[str], scratch: Path) -> None:
        self.file, self.query, self.keys = file, query, keys
        self.headings = headings(keys, zone=query.zone)
        self.book = TextWorkbook(str(file.draft), tmpdir=str(scratch))
        self.moment = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.sheets: list[TextSheet] = []
        self.row = ROWS_PER_SHEET
        self._next_sheet()

    def _next_sheet(self) -> None:
        number = len(self.sheets) + 1
        sheet = self.book.add_worksheet(
            _("Contact Log") if number == 1 else _("Contact Log %(number)s") % {"number": number}
        )
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 0, 38)
        sheet.set_column(1, 4, 19)
        sheet.set_column(5, len(self.headings) - 2, 16)
        sheet.set_column(len(self.headings) - 1, len(self.headings) - 1, 48)
        for column, heading in enumerate(self.headings):
            sheet.write_text(0, column, heading, self.book.heading)
        self.sheets.append(sheet)
        self.row = 0

    def add(self, row: tuple[Any, ...]) -> None:
        if self.row == ROWS_PER_SHEET:
            self._end_sheet()
            self._next_sheet()
        self.row += 1
        *fixed, kept_data, reasons = row
        kept = json.loads(kept_data)
        values = (*fixed, *(kept.get(key) for key in self.keys), reasons)
        self.sheets[-1].write_values(self.row, values, plain=self.book.plain_text, moment=self.moment)

    def _end_sheet(self) -> None:
        self.sheets[-1].autofilter(0, 0, self.row, len(self.headings) - 1)

    def close(self, rows: int) -> None:
        """Add the sheet about the file, and put everything together."""
        self._end_sheet()
        about = self.book.add_worksheet(_("About"))
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 90)
        for row, (name, value) in enumerate(self._about(rows)):
            about.write_text(row, 0, name, self.book.heading)
            about.write_text(row, 1, value, self.book.plain_text)
        self.book.close()

    def _about(self, rows: int) -> Iterator[tuple[str, str]]:
        zone = self.query.zone
        yield _("Report"), _("Contact Log")
        yield _("From"), f"{self.query.start.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        yield _("To before"), f"{self.query.end.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        yield _("Time zone"), str(zone)
        yield _("Counted by"), str(COUNTED_BY)
        yield (
            _("Rows"),
            ngettext("%(rows)s on %(count)d sheet", "%(rows)s on %(count)d sheets", len(self.sheets))
            % {"rows": rows, "count": len(self.sheets)},
        )
        if self.book.cut:
            yield (
                _("Cut"),
                ngettext(
                    "%(count)d text is longer than an Excel cell and ends with a note. The CSV file has it whole.",
                    "%(count)d texts are longer than an Excel cell and end with a note. The CSV file has them whole.",
                    self.book.cut,
                )
                % {"count": self.book.cut},
            )
        for name, values in self.query.as_params().items():
            if name not in ("received_after", "received_before", "zone", "column"):
                yield _("Asked for: %(name)s") % {"name": PARAMETERS[name]}, ", ".join(values)
        yield (
            _("Made"),
            _("%(moment)s for %(owner)s")
            % {"moment": f"{timezone.now().astimezone(zone):%Y-%m-%d %H:%M:%S}", "owner": self.file.owner},
        )
        yield _("File"), str(self.file.pk)


# Clearing away


def clear_away(*, now: datetime) -> None:
    """Delete files past their time, with what was asked for, and whatever else lies there: what killed writers left,
    and what belonged to somebody who was deleted."""
    for file in ReportFile.objects.past_their_time(now=now):
        remove(file.path)
        ReportFile.objects.filter(pk=file.pk).update(state=ReportFile.State.EXPIRED, query={})
    ReportFile.objects.gone(now=now).delete()
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
