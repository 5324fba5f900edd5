"""Texts in files for spreadsheets: each comes out as it went in, and none is read as markup or run as a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext as _
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

LONGEST_CELL = 32_767
"""What Excel holds in a cell, in units of UTF-16."""

# Spreadsheets pass over blanks, controls and invisible marks before they look for a sign, and know the wide and small
# signs of East Asian keyboards. Written out as characters, since Python and PostgreSQL read the same pattern.
_PASSED_OVER = (
    "\x01-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
FORMULA = rf"^'*([{_PASSED_OVER}]*[=+\-@＝＋－＠﹢﹣﹦﹫]|[\t\r\n])"
"""What gets an apostrophe before it: what a spreadsheet may take for a formula, and what looks as if it had got one, so
that taking one away again gives back the text."""

LARGEST_EXACT_NUMBER = 10**15
_DAY_0, _DAY = datetime(1899, 12, 30), timedelta(days=1)  # by which Excel counts, from March 1900 on

ROOM = "<!-- rows -->"
"""In the XML of a sheet that is not complete, where its rows will be."""

_letters = cache(xl_col_to_name)

_FORMULA = re.compile(FORMULA.replace("\x01", "\x00"))  # PostgreSQL knows no NUL
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def harmless(text: str) -> str:
    """The text as a cell of CSV."""
    return f"'{text}" if _FORMULA.match(text) else text


def as_meant(cell: str) -> str:
    """The text of a cell of CSV that ``harmless`` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def unescaped(text: str) -> str:
    """What the letters in a workbook say: ``_x000D_`` is a carriage return (ECMA-376, ST_Xstring)."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def cut_to_fit(text: str, note: str) -> str:
    """The text where Excel holds it, else its beginning and the note, which is told ``most`` and ``count``."""
    units = text.encode("utf-16-le", "surrogatepass") if 2 * len(text) > LONGEST_CELL else b""
    if len(units) <= 2 * LONGEST_CELL:
        return text
    note %= {"most": LONGEST_CELL, "count": len(text)}
    return units[: 2 * (LONGEST_CELL - len(note))].decode("utf-16-le", "ignore") + note


def cut_note() -> str:
    return _(" … [Cut here: Excel holds %(most)s characters in a cell, and this text has %(count)s. CSV has all.]")


def escaped(text: Any) -> Any:
    """The text without characters that XML cannot hold."""
    if not isinstance(text, str):  # XlsxWriter brings numbers here, too
        return text
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


@dataclass
class RowFormat:
    """How rows of values become the XML of a sheet. A long sheet takes a third of the time that it takes cell by cell,
    and a process needs nothing but this to write rows of it."""

    plain: int
    """The style of texts."""
    moment: int
    """The style of moments."""
    note: str = field(default_factory=cut_note)
    cut: int = 0
    """How many texts were too long for Excel."""

    def row(self, number: int, values: Sequence[Any]) -> str:
        """Texts, numbers, truth values and moments (without a zone) as the row, counted from 1; None leaves a cell
        empty."""
        cells = [
            f'<c r="{_letters(column)}{number}"{self._content(value)}</c>'
            for column, value in enumerate(values)
            if value is not None and value != ""
        ]
        return f'<row r="{number}">{"".join(cells)}</row>'

    def _content(self, value: Any) -> str:
        match value:
            case bool():
                return f' t="b"><v>{value:d}</v>'
            case int() | float() if abs(value) < LARGEST_EXACT_NUMBER:
                return f"><v>{value!r}</v>"
            case datetime():
                return f' s="{self.moment}"><v>{(value - _DAY_0) / _DAY:.16g}</v>'
        text = str(value)
        fitting = cut_to_fit(text, self.note)
        self.cut += fitting is not text
        return f' s="{self.plain}" t="inlineStr"><is><t xml:space="preserve">{escape(escaped(fitting))}</t></is>'


class TextSheet(Worksheet):
    """A worksheet for which every text is a text. XlsxWriter takes one that begins with ``<r>`` for its own markup, and
    escapes neither half characters nor two escapes that share a line."""

    cut = 0
    """How many texts were too long for Excel."""

    def write_text(self, row: int, column: int, text: str, format: Format) -> bool:
        """Write a text, and return whether it is there whole: one too long for Excel is cut, and says so at its end."""
        fitting = cut_to_fit(text, cut_note())
        self.cut += fitting is not text
        self.write_string(row, column, fitting, format)
        return fitting is text

    def leave_room(self, rows: int, columns: int) -> None:
        """Leave room behind the headings for rows that are put in where ``ROOM`` stands."""
        self._write_single_row(1)  # what the library holds of the row before
        self._check_dimensions(rows, columns - 1)
        self.fh.write(ROOM)

    @staticmethod
    def _escape_control_characters(text: Any) -> Any:
        return escaped(text)

    def _xml_rich_inline_string(self, text: str, attributes: Any = ()) -> None:
        self._xml_inline_string(text, False, attributes)


class TextWorkbook(Workbook):
    """A workbook whose sheets are written row by row, in constant memory."""

    worksheet_class = TextSheet

    def __init__(self, target: Any, **options: Any) -> None:
        super().__init__(target, {"constant_memory": True, **options})
        # Excel keeps such a cell a text even when somebody edits it.
        self.plain_text = self.add_format({"quote_prefix": True})
        self.heading = self.add_format(
            {"quote_prefix": True, "bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )

    def add_facts(self, title: str, facts: Iterable[tuple[str, str]]) -> None:
        """Add a sheet that has a name and words in each row."""
        sheet = self.add_worksheet(title)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 90)
        for row, (name, words) in enumerate(facts):
            sheet.write_text(row, 0, name, self.heading)
            sheet.write_text(row, 1, words, self.plain_text)

    def close(self) -> None:
        """Raises ``OSError`` as it came, where the library would put it into an error of its own."""
        try:
            super().close()
        except FileCreateError as failure:
            raise failure.args[0] from None

    @property
    def cut(self) -> int:
        """How many texts were too long for Excel."""
        return sum(sheet.cut for sheet in self.worksheets())
