"""The Contact Log as a workbook: sheets as long as Excel allows, and one about them.

Its rows are written in slices, by several processes where there are many; the file is the same however many do so.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from django.conf import settings
from django.db.backends.utils import CursorWrapper
from django.db.models import Window
from django.db.models.functions import Mod, RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.spreadsheets import ROOM, TextSheet, TextWorkbook, cut_note
from channels_cfg.zip_pieces import Piece, add_pieces, piece_of
from conversations.keyset import beyond
from reporting.contact_log.about import about
from reporting.contact_log.query import LogQuery
from reporting.contact_log.slices import SharedSnapshot, Slice, SliceWriter, WrittenSlice
from reporting.contact_log.table import all_of, headings, sql_of, typed_rows
from reporting.models import ReportFile
from reporting.models.contact_log import ContactLogQuerySet

ROWS_PER_SHEET = 1_048_575
"""What Excel can hold, less the headings."""

ROWS_PER_SLICE = ROWS_PER_SHEET // 25

NEWEST_FIRST = ("received_at", "conversation_id")


class Workbook:
    """An Excel file of the entries, which are ``total`` as the cursor sees them."""

    def __init__(
        self, file: ReportFile, query: LogQuery, entries: ContactLogQuerySet, keys: Sequence[str], total: int
    ) -> None:
        self.file, self.query, self.entries, self.keys, self.total = file, query, entries, keys, total
        self.headings = headings(keys, zone=query.zone)

    def write(self, cursor: CursorWrapper, scratch: Path, *, tell: Callable[[int], None]) -> None:
        """Write it to the file's draft, with parts of it in the folder ``scratch`` meanwhile. ``tell`` is told of more
        rows, and may stop the work by raising."""
        without_rows = scratch / "without_rows.xlsx"
        book = TextWorkbook(str(without_rows), tmpdir=str(scratch))
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheets = [self._add_sheet(book, number) for number in range(-(-self.total // ROWS_PER_SHEET) or 1)]
        writer = SliceWriter(
            SharedSnapshot.of(cursor), self.keys, book.plain_text._get_xf_index(), moment._get_xf_index(), cut_note()
        )
        slices = self._slices(cursor, scratch)
        written = list(writer.write(slices, processes=settings.REPORT_PROCESSES, tell=tell))
        self._add_about(book, len(sheets), cut=sum(one.cut for one in written))
        book.close()
        written.sort(key=lambda one: (one.slice.sheet, one.slice.first))
        _put_in(written, without_rows, self.file.draft, scratch)

    def _add_sheet(self, book: TextWorkbook, number: int) -> TextSheet:
        name = _("Contact Log %(number)s") % {"number": number + 1} if number else _("Contact Log")
        rows = min(self.total - number * ROWS_PER_SHEET, ROWS_PER_SHEET)
        columns = len(self.headings)
        sheet: TextSheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 0, 38)
        sheet.set_column(1, 4, 19)
        sheet.set_column(5, columns - 2, 16)
        sheet.set_column(columns - 1, columns - 1, 48)
        for column, heading in enumerate(self.headings):
            sheet.write_text(0, column, heading, book.heading)
        sheet.leave_room(rows, columns)
        sheet.autofilter(0, 0, rows, columns - 1)
        return sheet

    def _slices(self, cursor: CursorWrapper, folder: Path) -> list[Slice]:
        """Each ends where the next begins, and at the end of its sheet."""
        place = Window(RowNumber(), order_by=[f"-{name}" for name in NEWEST_FIRST]) - 1
        into_slice = Mod(Mod(place, ROWS_PER_SHEET), ROWS_PER_SLICE)
        firsts = self.entries.annotate(place=place, into_slice=into_slice).filter(into_slice=0).order_by("place")
        begin = all_of(cursor, firsts.values_list("place", *NEWEST_FIRST))
        slices = []
        for (row, *first), following in zip_longest(begin, begin[1:]):
            rows = beyond(self.entries, "<=", tuple(first), NEWEST_FIRST)
            if following:
                rows = beyond(rows, ">", tuple(following[1:]), NEWEST_FIRST)
            statement = sql_of(cursor, typed_rows(rows, self.keys, zone=self.query.zone))
            sheet, row_of_sheet = divmod(row, ROWS_PER_SHEET)
            slices.append(Slice(sheet, row_of_sheet + 2, statement, folder / f"{row}.deflated"))
        return slices

    def _add_about(self, book: TextWorkbook, sheets: int, *, cut: int) -> None:
        about = book.add_worksheet(_("About"))
        about.set_column(0, 0, 24)
        about.set_column(1, 1, 90)
        for row, (name, value) in enumerate(self._about(sheets, cut + book.cut)):
            about.write_text(row, 0, name, book.heading)
            about.write_text(row, 1, value, book.plain_text)

    def _about(self, sheets: int, cut: int) -> Iterator[tuple[str, str]]:
        yield from about(self.file, self.query, self.total)
        if sheets > 1:
            yield _("Sheets of rows"), str(sheets)
        if cut:
            yield (
                _("Cut"),
                ngettext(
                    "%(count)d text is longer than an Excel cell and ends with a note. The CSV file has it whole.",
                    "%(count)d texts are longer than an Excel cell and end with a note. The CSV file has them whole.",
                    cut,
                )
                % {"count": cut},
            )


def _put_in(written: Sequence[WrittenSlice], without_rows: Path, target: Path, scratch: Path) -> None:
    """Write the workbook to the target with the rows where there is room for them."""
    pieces: dict[str, list[Piece]] = defaultdict(list)
    for one in written:
        pieces[f"xl/worksheets/sheet{one.slice.sheet + 1}.xml"].append(one.piece)
    with (
        zipfile.ZipFile(without_rows) as book,
        target.open("wb") as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole,
    ):
        for part in book.infolist():
            before, room, after = book.read(part).partition(ROOM.encode())
            if room:
                rows = pieces[part.filename]
                ends = [piece_of(text, scratch / name) for text, name in ((before, "before"), (after, "after"))]
                add_pieces(whole, out, part, [ends[0], *rows, ends[1]])
            else:
                whole.writestr(part, before)
