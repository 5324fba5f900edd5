"""Keys, queues and users as tables: CSV and XLSX, read with the position of every cell."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

import openpyxl
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.cell.read_only import EMPTY_CELL

from channels_cfg.configuration_file.entries import FileEntry, ListEntry, NamesEntry
from channels_cfg.configuration_file.nodes import (
    FileProblem,
    Node,
    Tell,
    UnreadableFile,
    silently,
    unreadable,
    unstorable_in_words,
    without_unstorable,
)
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import KEYS, QUEUES, USERS
from channels_cfg.key_names import is_invisible
from channels_cfg.near_names import did_you_mean
from channels_cfg.positions import Position
from channels_cfg.spreadsheets import as_meant, unescaped

TABLES = {section.name: section for section in (KEYS, QUEUES, USERS)}
"""The sections that come as tables as well."""

MOST_BYTES = 10 * 1024 * 1024
MOST_BYTES_UNPACKED = 100 * 1024 * 1024
MOST_ROWS = 10_000
MOST_EMPTY_ROWS = 100_000
"""So many may follow one another; a workbook has a million without being asked."""
MOST_COLUMNS = 60
WHY = gettext_lazy("Why it is refused")
"""The last column of the file with refused rows; whoever sends that file again need not remove it."""


FORMULA_MARK = "\0=\0"
"""Stands for a formula, which no cell of text can be."""

ERRORS = {
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!"),
    *("#CONNECT!", "#UNKNOWN!", "#BUSY!", "#GETTING_DATA"),
}
"""What spreadsheets show in a cell whose formula came to nothing."""

_NOT_IN_TABLES = {"is_superuser"}


def columns_of(section: Section) -> list[FileEntry]:
    """The settings that are columns, what names the record first."""
    names = [*section.identity, *(entry.name for entry in section.entries if entry.name not in section.identity)]
    return [section.by_name[name] for name in names if name not in _NOT_IN_TABLES]


def read_table(content: bytes, section: Section, *, tell: Tell = silently) -> Node:
    """The rows as records of the section, or ``UnreadableFile``. A position is a row, counted as spreadsheets do, and
    the heading of its column. Empty rows count for nothing."""
    rows = rows_in(content)
    columns = [(entry, entry.label) if entry else None for entry in _headings(next(rows, []), section)]
    table = Node([], Position(1, 1))
    records: list[Node] = table.value  # type: ignore[assignment]  # as made above
    last = 1
    for number, cells in enumerate(rows, start=2):
        if any(map(str.strip, cells)):
            records.append(_record(number, cells, columns))
            tell(len(records) / MOST_ROWS)
            last = number
        if len(records) > MOST_ROWS:
            raise unreadable(_("The file has more than %(most)s rows. Send it in parts.") % {"most": f"{MOST_ROWS:,}"})
        if number - last > MOST_EMPTY_ROWS:
            text = _("More than %(most)s empty rows follow this one. Delete them, and save the file again.")
            raise unreadable(text % {"most": f"{MOST_EMPTY_ROWS:,}"}, Position(last, 0, _("the row")))
    if not records:
        raise unreadable(_("The file has headings, but no rows."))
    return table


def rows_in(content: bytes) -> Iterator[list[str]]:
    """The texts of a table's cells, row by row; of a workbook, those of its first sheet. Raises ``UnreadableFile``."""
    if len(content) > MOST_BYTES:
        raise unreadable(_("The file is larger than %(most)s MiB. Send it in parts.") % {"most": MOST_BYTES // 1024**2})
    return _xlsx_rows(content) if _is_workbook(content) else _csv_rows(content)


def _headings(cells: Sequence[str], section: Section) -> list[FileEntry | None]:
    """The setting of each column, None of one to pass over."""
    columns = columns_of(section)
    known = {text.lower(): entry for entry in columns for text in (entry.label, entry.name)}
    entries: list[FileEntry | None] = []
    problems: list[FileProblem] = []

    def refuse(number: int, text: str) -> None:
        problems.append(FileProblem(Position(1, number, _("column %(number)s") % {"number": number}), "", text))

    headings = [_plain(cell) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    for number, heading in enumerate(headings, start=1):
        entry = known.get(heading.lower())
        if entry is None and heading.lower() != WHY.lower():
            near = did_you_mean(heading, [text for entry in columns for text in (entry.label, entry.name)])
            what = _("“%(heading)s” is no column of %(section)s.") if heading else _("The heading is empty.")
            what %= {"heading": heading[:80], "section": section.name}
            refuse(number, _("%(what)s%(near)s The template has all columns.") % {"what": what, "near": near})
        elif entry is not None and entry in entries:
            refuse(number, _("The column “%(heading)s” is here twice. Remove one.") % {"heading": heading})
        entries.append(entry)
    name = section.by_name[section.identity[0]]
    if name not in entries:
        refuse(1, _("The column “%(name)s” is missing: it names the row.") % {"name": name.label})
    if problems:
        raise UnreadableFile(*problems)
    return entries


def _plain(heading: str) -> str:
    """Without marks that nobody sees, and with ordinary spaces: pasted headings hold them."""
    seen = (" " if character.isspace() else character for character in heading)
    return " ".join("".join(character for character in seen if not is_invisible(character)).split())


def _record(number: int, cells: Sequence[str], columns: Sequence[tuple[FileEntry, str] | None]) -> Node:
    record: dict[str, Node] = {}
    for column, (heading, cell) in enumerate(zip_longest(columns, cells), start=1):
        text = cell or ""
        if heading:
            entry, label = heading
            record[entry.name] = _cell(entry, text.strip(), Position(number, column, label))
        elif column > len(columns) and text.strip():
            position = Position(number, column, _("column %(number)s") % {"number": column})
            record[f"column {column}"] = Node(without_unstorable(text), position, name_position=position)
    return Node(record, Position(number, 0, _("the row")))


def _cell(entry: FileEntry, text: str, position: Position) -> Node:
    if why := why_unusable(text):
        return Node("" if text == FORMULA_MARK else without_unstorable(text), position, unusable=why)
    if isinstance(entry, ListEntry | NamesEntry):
        return Node([Node(item, position) for item in _split(text)], position)
    return Node(text or None, position)


def why_unusable(text: str) -> str:
    """Why nothing can be made of a cell; empty where something can."""
    if text == FORMULA_MARK:
        return _("A formula is not worked out here. Paste its result as a value.")
    if text in ERRORS:
        return _("The spreadsheet could not work this cell out (%(error)s). Enter its value.") % {"error": text}
    return unstorable_in_words(text)


def _split(text: str) -> list[str]:
    """Items of a cell: between commas or on lines of their own, in quotes where they hold a comma."""
    if not text:
        return []
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [item.strip() for row in rows for item in row if item.strip()]


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    text = _text(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise unreadable(_("The file is empty. The template shows what it should hold."))
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                raise _too_wide(reader.line_num)
            yield [as_meant(cell) for cell in row]
    except csv.Error as error:
        text = _("This is not CSV: %(error)s.") % {"error": error}
        raise unreadable(text, Position(reader.line_num, 1)) from error


def _too_wide(line: int) -> UnreadableFile:
    return unreadable(_("More than %(most)s columns.") % {"most": MOST_COLUMNS}, Position(line, 1))


def _text(content: bytes) -> str:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise unreadable(_("This is a workbook of the old kind. Save it as .xlsx or as CSV UTF-8."))
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        way_out = _("This is not UTF-8. In Excel choose “CSV UTF-8” when saving, or send the workbook itself.")
        raise unreadable(way_out, Position(line, 1)) from error


def _xlsx_rows(content: bytes) -> Iterator[list[str]]:
    """The first sheet, as it is read, never whole in memory. Formulas are not worked out."""
    try:
        _refuse_bombs(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a sheet may claim to be larger than it is
        for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
            if all(cell is EMPTY_CELL for cell in row):
                yield []
                continue
            if row[MOST_COLUMNS].value not in (None, ""):
                raise _too_wide(number)
            yield [_cell_text(cell) for cell in row[:MOST_COLUMNS]]
    except UnreadableFile:
        raise
    except Exception as error:  # whatever a broken workbook makes the library stumble over
        text = _("This workbook cannot be read (%(reason)s). Save it again as .xlsx, or as CSV UTF-8.")
        raise unreadable(text % {"reason": type(error).__name__}) from error


def weight(content: bytes) -> int:
    """How many bytes there are to read; of a workbook, unpacked."""
    try:
        return sum(part.file_size for part in _parts(content)) if _is_workbook(content) else len(content)
    except Exception:  # whoever reads it says what is wrong with it
        return len(content)


def _is_workbook(content: bytes) -> bool:
    return content.startswith(b"PK\x03\x04")


def _parts(content: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.infolist()


def _refuse_bombs(content: bytes) -> None:
    """A small archive may hold very much; what it says of itself is binding for the reader."""
    parts = _parts(content)
    if len(parts) > 2000 or sum(part.file_size for part in parts) > MOST_BYTES_UNPACKED:
        text = _("Unpacked, the workbook is larger than %(size)s MiB. Send it in parts.")
        raise unreadable(text % {"size": MOST_BYTES_UNPACKED // 1024**2})


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return FORMULA_MARK
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat() if value.hour or value.minute or value.second else value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else unescaped(str(value))
