"""Counts as a file: the table of the page, as numbers with which a spreadsheet goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.spreadsheets import TextSheet, TextWorkbook
from reporting.contact_log.about import about
from reporting.contact_log.comparison import compare, may_compare, no_such_queue, not_over
from reporting.contact_log.layouts import BYTE_ORDER_MARK, csv_line
from reporting.contact_log.measures import MEASURES, Unit
from reporting.contact_log.query import LogQuery
from reporting.contact_log.small_groups import count_shown
from reporting.contact_log.words.asked_words import asked_in_words
from reporting.contact_log.words.compared import Compared
from reporting.contact_log.words.count_table import CountCell, CountTable, count_table
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


def _columns(table: CountTable, query: LogQuery) -> list[_CountColumn]:
    columns = [_CountColumn(corner) for corner in table.corners]
    if query.interval:
        columns.append(_CountColumn(_("Begins (%(zone)s)") % {"zone": query.zone}))
    for heading in table.headings:
        columns.append(_CountColumn(heading.label, heading.unit))
        if query.compare:
            columns.append(_CountColumn(_("%(heading)s, compared with") % {"heading": heading.label}, heading.unit))
    return columns


def _rows(table: CountTable, query: LogQuery) -> Iterator[list[Any]]:
    """Words, moments and numbers; words where there is no number say why."""
    for row in table.rows:
        values: list[Any] = [*row.words, *[""] * (len(table.corners) - len(row.words))]
        if query.interval:
            values.append(row.begins and row.begins.astimezone(query.zone))
        for cell in row.cells:
            values.append(_value(cell))
            if query.compare:
                values.append(_other_value(cell.compared))
        yield values


def _value(cell: CountCell) -> float | str:
    if cell.number is not None:
        return cell.number
    return cell.text if cell.text != NO_NUMBER else cell.reason or cell.text


def _other_value(compared: Compared | None) -> float | str | None:
    if compared is None:
        return None
    return compared.value if compared.value is not None else compared.number


def _as_csv(file: ReportFile, query: LogQuery, table: CountTable) -> bytes:
    """Numbers are seconds and shares, as the headings say; moments have their offset."""
    columns = _columns(table, query)
    lines = [csv_line((_with_unit(column) for column in columns), delimiter=file.delimiter)]
    for values in _rows(table, query):
        cells = [_as_text(value, column.unit) for value, column in zip(values, columns, strict=True)]
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
        columns = _columns(table, query)
        sheet: TextSheet = self.add_worksheet(_("Counts"))
        sheet.freeze_panes(1, len(table.corners))
        sheet.set_column(0, len(columns) - 1, 18)
        for place, column in enumerate(columns):
            sheet.write_text(0, place, column.heading, self.heading)
        for number, values in enumerate(_rows(table, query), start=1):
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
    yield from about(file, query, _("Counts of the Contact Log"))
    for words, _address in asked_in_words(query, file.owner, reverse("reports:index"))["conditions"]:
        yield _("Condition"), words
    if table.caption:
        yield _("Counts"), table.caption
    for warning in table.warnings:
        yield _("Note"), warning
    if "compare" in file.query and not query.compare:
        yield _("Compared with"), no_such_queue()
    if words := not_over(query, now=file.created_at):
        yield _("Note"), words
    for name in query.shown_measures:
        yield str(MEASURES[name].label), str(MEASURES[name].definition)
