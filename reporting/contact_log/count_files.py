"""Counts as a file: the table of the page, as numbers with which a spreadsheet goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.spreadsheets import TextSheet, TextWorkbook
from reporting.contact_log.about import about
from reporting.contact_log.columns import EMPTY_BECAUSE, FIELDS_OF_ROWS
from reporting.contact_log.comparison import compare, may_compare, no_such_queue, not_over
from reporting.contact_log.fill import complete_up_to
from reporting.contact_log.layouts import BYTE_ORDER_MARK, csv_line
from reporting.contact_log.measures import MEASURES, Unit
from reporting.contact_log.query import LogQuery
from reporting.contact_log.small_groups import count_shown
from reporting.contact_log.words.asked_words import in_brief
from reporting.contact_log.words.count_table import CountRow, CountTable, count_table
from reporting.contact_log.words.number_words import NO_NUMBER
from reporting.models import ReportFile

SECONDS_A_DAY = 86_400
IN_WORDS = {
    Unit.SECONDS: gettext_lazy("%(heading)s (seconds)"),
    Unit.SHARE: gettext_lazy("%(heading)s (share, from 0 to 1)"),
}
"""What CSV says of a unit, which a workbook shows by its formats."""
DECIMALS = {Unit.CONVERSATIONS: 0, Unit.SECONDS: 1, Unit.SHARE: 4}


def counts_as_file(file: ReportFile, query: LogQuery) -> bytes:
    """What the query counts of what the file's owner may see, as the page of the report shows it."""
    if not query.interval and not query.groupings:
        query = replace(query, measures=tuple(MEASURES))  # the page shows all of them, in place of a table
    if not may_compare(query, file.owner):
        query = replace(query, compare="")
    counted = count_shown(query, file.owner)
    table = count_table(query, counted, compare(query, counted, file.owner))
    write = _as_csv if file.format == ReportFile.Format.COUNTS_CSV else _as_workbook
    return write(file, query, table)


@dataclass(frozen=True)
class _CountColumn:
    """A heading, and what the values below it are numbers of; None: words and moments."""

    heading: str
    unit: Unit | None = None


class _CountLines:
    """The table as columns and lines of values: words, moments and numbers; at last why numbers are missing."""

    def __init__(self, table: CountTable, query: LogQuery) -> None:
        self.table, self.query = table, query
        self.numbers = [*self._number_columns()]
        self.reasons = ["; ".join(self._reasons(row)) for row in table.rows]

    @property
    def columns(self) -> list[_CountColumn]:
        columns = [_CountColumn(corner) for corner in self.table.corners]
        if self.query.interval:
            columns.append(_CountColumn(_("Begins (%(zone)s)") % {"zone": self.query.zone}))
        columns += self.numbers
        if any(self.reasons):
            columns.append(_CountColumn(str(FIELDS_OF_ROWS[EMPTY_BECAUSE])))
        return columns

    def __iter__(self) -> Iterator[list[Any]]:
        for row, reasons in zip(self.table.rows, self.reasons, strict=True):
            line: list[Any] = [*row.words, *[None] * (len(self.table.corners) - len(row.words))]
            if self.query.interval:
                line.append(row.begins and row.begins.astimezone(self.query.zone))
            line += [number for number, _reason in self._told(row)]
            yield [*line, reasons] if any(self.reasons) else line

    def _number_columns(self) -> Iterator[_CountColumn]:
        for heading in self.table.headings:
            yield _CountColumn(heading.label, heading.unit)
            if self.query.compare:
                yield _CountColumn(_("%(heading)s, compared with") % {"heading": heading.label}, heading.unit)

    def _told(self, row: CountRow) -> Iterator[tuple[float | None, str]]:
        """Each number of the row, or why there is none, as the page says it."""
        for cell in row.cells:
            yield cell.number, cell.reason if cell.text == NO_NUMBER else cell.text
            if cell.beside:
                yield cell.beside.number, cell.beside.reason

    def _reasons(self, row: CountRow) -> Iterator[str]:
        for column, (number, reason) in zip(self.numbers, self._told(row), strict=True):
            if number is None:
                yield f"{column.heading}: {reason}"


def _as_csv(file: ReportFile, query: LogQuery, table: CountTable) -> bytes:
    """Numbers are seconds and shares, as the headings say; moments have their offset."""
    counts = _CountLines(table, query)
    lines = [csv_line((_with_unit(column) for column in counts.columns), delimiter=file.delimiter)]
    for values in counts:
        cells = [_as_text(value, column.unit) for value, column in zip(values, counts.columns, strict=True)]
        lines.append(csv_line(cells, delimiter=file.delimiter))
    return (BYTE_ORDER_MARK if file.byte_order_mark else "").encode() + b"".join(lines)


def _with_unit(column: _CountColumn) -> str:
    words = IN_WORDS.get(column.unit) if column.unit else None
    return words % {"heading": column.heading} if words else column.heading


def _as_text(value: Any, unit: Unit | None) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case int() | float() if unit:
            return str(round(value, DECIMALS[unit]))
    return str(value)


def _as_workbook(file: ReportFile, query: LogQuery, table: CountTable) -> bytes:
    """Durations, shares and moments are such to Excel; a second sheet says what was asked and how it was counted."""
    content = BytesIO()
    with _CountBook(content) as book:
        book.add_counts(table, query)
        book.add_facts(_("About"), _about(file, query, table))
    return content.getvalue()


class _CountBook(TextWorkbook):
    def __init__(self, target: Any) -> None:
        super().__init__(target)
        formats = {Unit.CONVERSATIONS: "#,##0", Unit.SECONDS: "[h]:mm:ss", Unit.SHARE: "0.0 %"}
        self.of_units = {unit: self.add_format({"num_format": written}) for unit, written in formats.items()}
        self.moment = self.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def add_counts(self, table: CountTable, query: LogQuery) -> None:
        counts = _CountLines(table, query)
        columns = counts.columns
        sheet: TextSheet = self.add_worksheet(_("Counts"))
        sheet.freeze_panes(1, len(table.corners))
        sheet.set_column(0, len(columns) - 1, 18)
        for place, column in enumerate(columns):
            sheet.write_text(0, place, column.heading, self.heading)
        for number, values in enumerate(counts, start=1):
            for place, (value, column) in enumerate(zip(values, columns, strict=True)):
                self._write(sheet, number, place, value, column.unit)
        groups = len(table.rows) - 1  # what is filtered is never the total
        if groups:
            sheet.autofilter(0, 0, groups, len(columns) - 1)

    def _write(self, sheet: TextSheet, row: int, place: int, value: Any, unit: Unit | None) -> None:
        match value:
            case None | "":
                return
            case datetime():
                sheet.write_datetime(row, place, value.replace(tzinfo=None), self.moment)
            case int() | float() if unit:
                amount = value / SECONDS_A_DAY if unit == Unit.SECONDS else value
                sheet.write_number(row, place, amount, self.of_units[unit])
            case _:
                sheet.write_text(row, place, str(value), self.plain_text)


def _about(file: ReportFile, query: LogQuery, table: CountTable) -> Iterator[tuple[str, str]]:
    yield from about(file, query, _("Counts of the Contact Log"), complete_up_to=complete_up_to())
    yield _("Asked for"), in_brief(query)
    if table.caption:
        yield _("Counts"), table.caption
    for warning in table.warnings:
        yield _("Note"), warning
    if "compare" in file.query and not query.compare:
        yield _("Compared with"), no_such_queue()
    if words := not_over(query, now=file.created_at):
        yield _("Note"), words
    if table.has_small_base:
        few = _("Some numbers are compared with fewer than %(base)s conversations, from which little follows.")
        yield _("Note"), few % {"base": table.small_base}
    for name in query.shown_measures[: 1 if table.caption else None]:
        yield str(MEASURES[name].label), str(MEASURES[name].definition)
