"""The Contact Log as a workbook: parts of rows, compressed each on its own, become sheets."""

from __future__ import annotations

import itertools
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.spreadsheets import ROOM, TextSheet, TextWorkbook, cut_note
from channels_cfg.zip_pieces import Piece, add_pieces, piece_of
from reporting.contact_log.about import about_rows
from reporting.contact_log.columns import EMPTY_BECAUSE, TIMES, headings
from reporting.contact_log.layouts import Layout, WrittenPart
from reporting.contact_log.parts import Tell
from reporting.contact_log.table import typed_rows
from reporting.models.contact_log import ContactLogQuerySet

ROWS_PER_SHEET = 1_048_575
"""What Excel can hold, less the headings."""
_WIDTHS = {"conversation_id": 38, **dict.fromkeys(TIMES, 19), EMPTY_BECAUSE: 48}


class Workbook(Layout):
    """An Excel file: sheets as long as Excel allows, and one about them."""

    @cached_property
    def headings(self) -> list[str]:
        return headings(self.columns, zone=self.query.zone)

    @property
    def how(self) -> Mapping[str, Any]:
        with _Book(BytesIO()) as book:
            return {"cells": self._cells, **book.styles, "note": cut_note()}

    @property
    def _cells(self) -> list[int | str]:
        """For each column its place among those that are no keys, or the key."""
        places = itertools.count()
        return [column.name if column.is_key else next(places) for column in self.columns]

    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        return typed_rows(entries, self.columns, zone=self.query.zone)

    def first_rows(self, counts: Iterable[int]) -> list[int]:
        return [first for _sheet, first in _places(counts)]

    def join(self, parts: Sequence[WrittenPart], target: Path, *, tell: Tell) -> None:
        counts = [part.facts["rows"] for part in parts]
        sheets: dict[int, list[WrittenPart]] = defaultdict(list)
        for part, (sheet, _first) in zip(parts, _places(counts), strict=True):
            sheets[sheet].append(part)
        without_rows = target.with_name("without_rows")
        with _Book(str(without_rows), tmpdir=str(target.parent)) as book:
            for number, of_sheet in sheets.items():
                self._add_sheet(book, number, sum(part.facts["rows"] for part in of_sheet))
            cut = sum(part.facts["cut"] for part in parts)
            self._add_about(book, len(sheets), sum(counts), cut=cut)
        pieces = {_sheet_path(number): list(map(_piece, of_sheet)) for number, of_sheet in sheets.items()}
        _put_in(pieces, without_rows, target, tell)

    def _add_sheet(self, book: TextWorkbook, number: int, rows: int) -> None:
        name = _("Contact Log %(number)s") % {"number": number + 1} if number else _("Contact Log")
        columns = len(self.headings)
        sheet: TextSheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, (column, heading) in enumerate(zip(self.columns, self.headings, strict=True)):
            sheet.set_column(place, place, 16 if column.is_key else _WIDTHS.get(column.name, 16))
            sheet.write_text(0, place, heading, book.heading)
        sheet.leave_room(rows, columns)
        sheet.autofilter(0, 0, rows, columns - 1)

    def _add_about(self, book: TextWorkbook, sheets: int, rows: int, *, cut: int) -> None:
        book.add_facts(_("About"), self._about(sheets, rows, cut + book.cut))

    def _about(self, sheets: int, rows: int, cut: int) -> Iterator[tuple[str, str]]:
        yield from about_rows(self.file, self.query, self.columns, rows, complete_up_to=self.complete_up_to)
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


class _Book(TextWorkbook):
    def __init__(self, target: Any, **options: Any) -> None:
        super().__init__(target, **options)
        moment = self.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # Numbers are given out in the order in which they are asked for: these are the same in every book.
        self.styles = {"plain": self.plain_text._get_xf_index(), "moment": moment._get_xf_index()}


def _places(counts: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The sheet of each part with so many rows, counted from 0, and where it begins there, behind the headings. What
    does not fit on a sheet goes to the next."""
    sheet, first = 0, 2
    for count in counts:
        if first > 2 and first - 2 + count > ROWS_PER_SHEET:
            sheet, first = sheet + 1, 2
        yield sheet, first
        first += count


def _sheet_path(number: int) -> str:
    return f"xl/worksheets/sheet{number + 1}.xml"


def _piece(part: WrittenPart) -> Piece:
    return Piece(part.path, part.facts["size"], part.facts["checksum"])


def _put_in(pieces: Mapping[str, Sequence[Piece]], without_rows: Path, target: Path, tell: Tell) -> None:
    """Write the workbook to the target with the rows where there is room for them."""
    with (
        zipfile.ZipFile(without_rows) as book,
        target.open("wb") as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole,
    ):
        for part in book.infolist():
            before, room, after = book.read(part).partition(ROOM.encode())
            if room:
                rows = pieces[part.filename]
                ends = [piece_of(text, target.with_name(name)) for text, name in ((before, "before"), (after, "after"))]
                add_pieces(whole, out, part, [ends[0], *rows, ends[1]])
            else:
                whole.writestr(part, before)
            tell(0)
