"""Keys, queues and users as tables: CSV and XLSX, read with the place of every cell and written so that they come
back the same."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from xlsxwriter.format import Format

from channels_cfg.configuration_file.entries import Entry, FieldEntry, ListEntry, NamesEntry
from channels_cfg.configuration_file.nodes import Node, Place, Problem, did_you_mean
from channels_cfg.configuration_file.reading import Unreadable
from channels_cfg.configuration_file.sections import KEYS, QUEUES, USERS, Section
from channels_cfg.configuration_file.state import State
from channels_cfg.spreadsheets import LONGEST_CELL, TextSheet, TextWorkbook, as_meant, harmless, unescaped

TABLES = {section.name: section for section in (KEYS, QUEUES, USERS)}
"""The sections that come as tables as well."""

MOST_BYTES = 10 * 1024 * 1024
MOST_BYTES_UNPACKED = 100 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 60
WHY = gettext_lazy("Why it is refused")
"""The last column of the file with refused rows; whoever sends that file again need not remove it."""


class TooLongForExcel(ValueError):
    """A table does not fit into a workbook; its message says where, and what does hold it."""

    def __init__(self, row: str, length: int) -> None:
        super().__init__(
            _("In the row “%(row)s” a cell has %(length)s characters; Excel holds at most %(most)s. Take CSV instead.")
            % {"row": row[:80], "length": length, "most": LONGEST_CELL}
        )


FORMULA_MARK = "\0=\0"
"""Stands for a formula, which no cell of text can be."""

_NOT_IN_TABLES = {"is_superuser"}

EXAMPLES: dict[str, dict[str, str]] = {
    "keys": {
        "name": "customerType",
        "label": "Customer type",
        "help_text": "Decides the service level",
        "group": "Customer",
        "owner": "CRM team",
        "purpose": "Routing to the right service level",
        "kind": "choice",
        "choices": "gold, silver, bronze",
        "example": "gold",
        "on_violation": "flag",
        "sensitive": "no",
        "aliases": "custmerType, customer_type",
    },
    "queues": {
        "name": "Chat sales",
        "channel": "Customer chat",
        "description": "Chats of the shop",
        "statistics_keys": "customerType, orderId",
        "groups": "Nordic sales",
        "addresses": "sales@example.com",
    },
    "users": {
        "username": "aino.virtanen",
        "first_name": "Aino",
        "last_name": "Virtanen",
        "email": "aino@example.com",
        "is_staff": "no",
        "is_active": "yes",
        "time_zone": "Europe/Helsinki",
        "is_api_client": "no",
        "groups": "Agent",
    },
}


def columns_of(section: Section) -> list[Entry]:
    """The settings that are columns, what names the record first."""
    names = [*section.identity, *(entry.name for entry in section.entries if entry.name not in section.identity)]
    return [section.by_name[name] for name in names if name not in _NOT_IN_TABLES]


# Reading


def read_table(content: bytes, section: Section) -> Node:
    """The rows as records of the section, or ``Unreadable``. A place is a row, counted as spreadsheets do, and the
    heading of its column."""
    if len(content) > MOST_BYTES:
        raise Unreadable(
            Problem(
                None,
                "",
                _("The file is larger than %(most)s MiB. Send it in parts.") % {"most": MOST_BYTES // 1024**2},
            )
        )
    rows = _xlsx_rows(content) if content.startswith(b"PK\x03\x04") else _csv_rows(content)
    entries = _headings(next(rows, []), section)
    records = []
    for number, cells in enumerate(rows, start=2):
        if number > MOST_ROWS + 1:
            raise Unreadable(
                Problem(
                    None,
                    "",
                    _("The file has more than %(most)s rows. Send it in parts.") % {"most": f"{MOST_ROWS:,}"},
                )
            )
        if any(cell.strip() for cell in cells):
            records.append(_record(number, cells, entries))
    if not records:
        raise Unreadable(Problem(None, "", _("The file has headings, but no rows.")))
    return Node(records, Place(1, 1))


def cells_of(record: Node) -> dict[str, str]:
    """The row as it was uploaded, by setting."""
    assert isinstance(record.value, dict)
    return {
        name: _in_one_cell(str(item.value or "") for item in node.value)
        if isinstance(node.value, list)
        else str(node.value or "")
        for name, node in record.value.items()
    }


def refused_rows(section: Section, records: Iterable[tuple[dict[str, str], str]]) -> Iterator[list[str]]:
    """A heading, then the cells of each refused row with the reasons: to be mended and sent again."""
    records = list(records)
    given = {name for cells, _why in records for name in cells}
    entries = [entry for entry in columns_of(section) if entry.name in given]
    yield [*(entry.label for entry in entries), str(WHY)]
    for cells, why in records:
        yield [*(cells.get(entry.name, "") for entry in entries), why]


def _headings(cells: Sequence[str], section: Section) -> list[Entry | None]:
    """The setting of each column, None of one to pass over."""
    columns = columns_of(section)
    known = {text.lower(): entry for entry in columns for text in (entry.label, entry.name)}
    entries: list[Entry | None] = []
    problems = []
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    for number, heading in enumerate(cells, start=1):
        entry = known.get(heading.lower())
        place = Place(1, number, _("column %(number)s") % {"number": number})
        if entry is None and heading.lower() != WHY.lower():
            near = did_you_mean(heading, [text for entry in columns for text in (entry.label, entry.name)])
            what = (
                _("“%(heading)s” is no column of %(section)s.") % {"heading": heading[:80], "section": section.name}
                if heading
                else _("The heading is empty.")
            )
            problems.append(
                Problem(place, "", _("%(what)s%(near)s The template has all columns.") % {"what": what, "near": near})
            )
        elif entry is not None and entry in entries:
            problems.append(
                Problem(place, "", _("The column “%(heading)s” is here twice. Remove one.") % {"heading": heading})
            )
        entries.append(entry)
    name = section.by_name[section.identity[0]]
    if name not in entries:
        problems.append(
            Problem(
                Place(1, 1, _("column %(number)s") % {"number": 1}),
                "",
                _("The column “%(name)s” is missing: it names the row.") % {"name": name.label},
            )
        )
    if problems:
        raise Unreadable(*problems)
    return entries


def _record(number: int, cells: Sequence[str], entries: list[Entry | None]) -> Node:
    record: dict[str, Node] = {}
    for column, entry in enumerate(entries, start=1):
        if entry is None:
            continue
        place = Place(number, column, entry.label)
        text = cells[column - 1].strip() if column <= len(cells) else ""
        if text == FORMULA_MARK:
            formula = _("A formula is not worked out here. Paste its result as a value.")
            record[entry.name] = Node(None, place, unusable=formula)
        elif isinstance(entry, ListEntry | NamesEntry):
            record[entry.name] = Node([Node(item, place) for item in _split(text)], place)
        else:
            record[entry.name] = Node(text or None, place)
    for column, text in enumerate(cells[len(entries) :], start=len(entries) + 1):
        if text.strip():
            place = Place(number, column, _("column %(number)s") % {"number": column})
            record[f"column {column}"] = Node(text, place, name_place=place)
    return Node(record, Place(number, 0, _("the row")))


def _split(text: str) -> list[str]:
    """Items of a cell: between commas or on lines of their own, in quotes where they hold a comma."""
    if not text:
        return []
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [item.strip() for row in rows for item in row if item.strip()]


def _in_one_cell(items: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(list(items))
    return written.getvalue().replace(",", ", ") if '"' not in written.getvalue() else written.getvalue()


def _csv_rows(content: bytes) -> Iterator[list[str]]:
    text = _text(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise Unreadable(Problem(None, "", _("The file is empty. The template shows what it should hold.")))
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                raise Unreadable(
                    Problem(
                        Place(reader.line_num, 1),
                        "",
                        _("More than %(most)s columns.") % {"most": MOST_COLUMNS},
                    )
                )
            yield [as_meant(cell) for cell in row]
    except csv.Error as error:
        raise Unreadable(
            Problem(Place(reader.line_num, 1), "", _("This is not CSV: %(error)s.") % {"error": error})
        ) from error


def _text(content: bytes) -> str:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(Problem(None, "", _("This is a workbook of the old kind. Save it as .xlsx or as CSV UTF-8.")))
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        way_out = _("This is not UTF-8. In Excel choose “CSV UTF-8” when saving, or send the workbook itself.")
        raise Unreadable(Problem(Place(line, 1), "", way_out)) from error


def _xlsx_rows(content: bytes) -> Iterator[list[str]]:
    """The first sheet, as it is read, never whole in memory. Formulas are not worked out."""
    try:
        _refuse_bombs(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # a sheet may claim to be larger than it is
        for row in sheet.iter_rows(max_col=MOST_COLUMNS + 1, max_row=MOST_ROWS + 2):
            if len(row) > MOST_COLUMNS and row[MOST_COLUMNS].value not in (None, ""):
                raise Unreadable(
                    Problem(
                        Place(row[0].row or 1, 1),
                        "",
                        _("More than %(most)s columns.") % {"most": MOST_COLUMNS},
                    )
                )
            yield [_cell_text(cell) for cell in row[:MOST_COLUMNS]]
    except Unreadable:
        raise
    except Exception as error:  # whatever a broken workbook makes the library stumble over
        text = _("This workbook cannot be read (%(reason)s). Save it again as .xlsx, or as CSV UTF-8.") % {
            "reason": type(error).__name__
        }
        raise Unreadable(Problem(None, "", text)) from error


def _refuse_bombs(content: bytes) -> None:
    """A small archive may hold very much; what it says of itself is binding for the reader."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > 2000 or sum(part.file_size for part in parts) > MOST_BYTES_UNPACKED:
            size = MOST_BYTES_UNPACKED // 1024**2
            raise Unreadable(
                Problem(
                    None,
                    "",
                    _("Unpacked, the workbook is larger than %(size)s MiB. Send it in parts.") % {"size": size},
                )
            )


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


# Writing


def headings(section: Section) -> list[str]:
    return [entry.label for entry in columns_of(section)]


def rows_of(section: Section) -> Iterator[list[str]]:
    """Every record of the section as a row, by name."""
    entries = columns_of(section)
    for record in State().records(section).values():
        yield [in_a_cell(entry, record.values[entry.name]) for entry in entries]


def example_row(section: Section) -> list[str]:
    return [EXAMPLES[section.name].get(entry.name, "") for entry in columns_of(section)]


def in_a_cell(entry: Entry, value: Any) -> str:
    """As it is read back."""
    if isinstance(value, list):
        return _in_one_cell(value) if value else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """With a byte order mark for spreadsheets; what begins like a formula gets an apostrophe, which reading removes."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + written.getvalue()


def as_xlsx(rows: Iterable[Sequence[str]], *, about: Section | None = None) -> bytes:
    """A workbook of texts; ``about`` adds a sheet that tells what each column is for.

    Raises ``TooLongForExcel``: cut, a table would not come back the same.
    """
    written = io.BytesIO()
    with TextWorkbook(written) as book:
        wrapped = book.add_format({"quote_prefix": True, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(about.name.capitalize() if about else _("Rows"))
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, MOST_COLUMNS, 22)
        _write(sheet, rows, book.heading, book.plain_text)
        if about:
            legend = book.add_worksheet(_("About the columns"))
            legend.set_column(0, 1, 26)
            legend.set_column(2, 2, 90)
            told = [[entry.label, entry.name, what_for(entry)] for entry in columns_of(about)]
            _write(legend, [[_("Column"), _("Also called"), _("What it is for")], *told], book.heading, wrapped)
    return written.getvalue()


def _write(sheet: TextSheet, rows: Iterable[Sequence[str]], heading: Format, plain: Format) -> None:
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if not sheet.write_text(number, column, cell, plain if number else heading):
                raise TooLongForExcel(row[0], len(cell))


def what_for(entry: Entry) -> str:
    """A line for whoever fills the column in."""
    choices = (
        _("One of: %(choices)s.") % {"choices": ", ".join(str(value) for value, _label in entry.field.flatchoices)}
        if isinstance(entry, FieldEntry) and entry.field.choices
        else ""
    )
    items = _("Several are separated by commas.") if isinstance(entry, ListEntry | NamesEntry) else ""
    switch = _("Yes or no.") if isinstance(entry.default, bool) else ""
    return " ".join(filter(None, [choices, switch, items, entry.help_text]))
