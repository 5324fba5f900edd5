"""How a file of the Contact Log is written: by a worker that tells how far it is, taken over from one that died."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.backends.utils import CursorWrapper
from django.db.models import Case, Count, F, When
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from reporting.contact_log import slices
from reporting.contact_log.comparison import compared_with
from reporting.contact_log.count_files import counts_as_file
from reporting.contact_log.files import columns_of, forget_parts, may_download, remove
from reporting.contact_log.fill import complete_up_to
from reporting.contact_log.layouts import Csv, JsonLines, Layout, WrittenPart
from reporting.contact_log.parquet import Parquet
from reporting.contact_log.part_processes import end_idle_processes
from reporting.contact_log.query import LogQuery, TooManyKeys
from reporting.contact_log.table import all_of, one_moment, snapshot
from reporting.contact_log.workbook import Workbook
from reporting.models import ReportFile
from reporting.models.contact_log import ContactLogQuerySet
from reporting.models.report_file import KEPT_FOR, make_report_folder

Format = ReportFile.Format
LAYOUTS: dict[str, type[Layout]] = {
    Format.CSV: Csv,
    Format.XLSX: Workbook,
    Format.PARQUET: Parquet,
    Format.JSON_LINES: JsonLines,
}


def build(file: ReportFile) -> None:
    """Write a file that the caller holds. Raises ``NoLongerHeld`` and ``GiveUp``, and what goes wrong."""
    try:
        _Building(file).build()
    except TooManyKeys as refused:
        raise jobs.GiveUp(" ".join(refused.messages)) from refused
    finally:
        remove(file.scratch)
        end_idle_processes()
        if not ReportFile.objects.unfinished().filter(pk=file.pk).exists():
            forget_parts(file)


class _Building:
    """Builds one claimed file: its parts first, then the whole, which takes the file's place."""

    def __init__(self, file: ReportFile) -> None:
        self.file = file
        # The period is in moments, and the query names its zone, so that neither “now” nor a default matters.
        self.query = LogQuery.parse(file.query, zone=ZoneInfo("UTC"), now=file.created_at)
        self.entries = self.query.entries(file.owner)
        self.progress = jobs.Progress(file)
        self.rows = 0

    def build(self) -> None:
        make_report_folder()
        self.file.scratch.mkdir(mode=0o700)
        draft = self.file.scratch / "file"
        draft.touch(mode=0o600)
        self._finish(self._write_counts(draft) if Format(self.file.format).is_of_counts else self._write_rows(draft))

    def _write_counts(self, draft: Path) -> int:
        """Write what the report counts, and return of how many conversations that is. Numbers, and the places they are
        from, are of one moment."""
        with one_moment() as cursor:
            asked = [self.query, *([compared_with(self.query)] if self.query.compare else [])]
            own, *_beside = self._look_around(cursor, [query.entries(self.file.owner) for query in asked])
            content = counts_as_file(self.file, self.query)
        draft.write_bytes(content)
        return own

    def _write_rows(self, draft: Path) -> int:
        complete = complete_up_to()  # before: what is read is as complete as that, at least
        with snapshot() as cursor:
            (total,) = self._look_around(cursor, [self.entries])
            jobs.note(self.file, rows_total=total)
            columns = columns_of(cursor, self.query, self.entries)
            layout = LAYOUTS[self.file.format](self.file, self.query, self.entries, columns, cursor, complete)
            if total <= settings.REPORT_SLICE_ROWS:
                parts = [self._whole(cursor, layout)]
            else:
                parts = self._sliced(cursor, layout)
        layout.join(parts, draft, tell=self._count)
        return total

    def _look_around(self, cursor: CursorWrapper, entries: Sequence[ContactLogQuerySet]) -> list[int]:
        """Note where entries of the log come from, and return how many there are."""
        direct, ivr = Case(When(queue=None, then=F("agent_id"))), Case(When(ended_in_ivr=True, then=F("channel_id")))
        found = [
            all_of(cursor, some.order_by().values_list("queue_id", direct, ivr).annotate(Count("pk")))
            for some in entries
        ]
        places = [*chain.from_iterable(found)]
        parts = [sorted({place[part] for place in places} - {None}) for part in range(3)]
        self.file.queues, self.file.direct_agents, self.file.ivr_channels = parts
        return [sum(rows for *_place, rows in some) for some in found]

    def _plan(self, cursor: CursorWrapper, layout: Layout) -> dict[str, Any]:
        """How parts are read and written."""
        rows = layout.rows(slices.bounded(self.entries))
        return slices.plan_of(cursor, rows, zone=layout.zone, how=layout.how)

    def _whole(self, cursor: CursorWrapper, layout: Layout) -> WrittenPart:
        """All rows as one part."""
        everything, path = slices.bounds(None, None), self.file.scratch / "rows"
        first = layout.first_rows([0])[0]
        plan = self._plan(cursor, layout)
        part = slices.part_of(plan, path, format=self.file.format, within=everything, first_row=first)
        return WrittenPart(path, slices.write_part(part, apart=layout.needs_much, tell=self._count))

    def _sliced(self, cursor: CursorWrapper, layout: Layout) -> list[WrittenPart]:
        self.file.parts.mkdir(mode=0o700, exist_ok=True)
        plan = self._plan(cursor, layout)
        slices.plan_slices(self.file, plan, cursor, self.entries, first_rows=layout.first_rows)
        parts = slices.have_written(self.file, progress=self.progress)
        self.rows = sum(part.facts["rows"] for part in parts)
        return parts

    def _count(self, rows: int) -> None:
        self.rows += rows
        self.progress.tell(rows_done=self.rows)

    def _finish(self, rows: int) -> None:
        if not may_download(self.file.owner, self.file):
            raise jobs.GiveUp(_("Your rights changed while it was written. Ask for a new one."))
        jobs.note(self.file, rows_done=rows)
        (self.file.scratch / "file").replace(self.file.path)
        try:
            jobs.finish(
                self.file,
                ReportFile.State.READY,
                plan=None,
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
