"""Keys, queues and users as tables: CSV and XLSX, written so that they come back the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from xlsxwriter.format import Format

from channels_cfg.configuration_file.current_settings import CurrentSettings
from channels_cfg.configuration_file.entries import FieldEntry, FileEntry, ListEntry, NamesEntry
from channels_cfg.configuration_file.nodes import Node
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.tables import MOST_COLUMNS, WHY, columns_of
from channels_cfg.spreadsheets import LONGEST_CELL, TextSheet, TextWorkbook, harmless

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


class TooLongForExcel(ValueError):
    """A table does not fit into a workbook; its message says where, and what does hold it."""

    def __init__(self, row: str, length: int) -> None:
        super().__init__(
            _("In the row “%(row)s” a cell has %(length)s characters; Excel holds at most %(most)s. Take CSV instead.")
            % {"row": row[:80], "length": length, "most": LONGEST_CELL}
        )


def headings(section: Section) -> list[str]:
    return [entry.label for entry in columns_of(section)]


def rows_of(section: Section) -> Iterator[list[str]]:
    """Every record of the section as a row, by name."""
    entries = columns_of(section)
    for record in CurrentSettings().records(section).values():
        yield [in_a_cell(entry, record.values[entry.name]) for entry in entries]


def example_row(section: Section) -> list[str]:
    return [EXAMPLES[section.name].get(entry.name, "") for entry in columns_of(section)]


def in_a_cell(entry: FileEntry, value: Any) -> str:
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


def what_for(entry: FileEntry) -> str:
    """A line for whoever fills the column in."""
    choices = (
        _("One of: %(choices)s.") % {"choices": ", ".join(str(value) for value, _label in entry.field.flatchoices)}
        if isinstance(entry, FieldEntry) and entry.field.choices
        else ""
    )
    items = _("Several are separated by commas.") if isinstance(entry, ListEntry | NamesEntry) else ""
    switch = _("Yes or no.") if isinstance(entry.default, bool) else ""
    return " ".join(filter(None, [choices, switch, items, entry.help_text]))


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


def _in_one_cell(items: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(list(items))
    return written.getvalue().replace(",", ", ") if '"' not in written.getvalue() else written.getvalue()
