"""Any text in a workbook or in CSV."""

import csv
import io
from datetime import datetime

import openpyxl
import pytest
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st

from channels_cfg.configuration_file.table_writing import TooLongForExcel, as_csv, as_xlsx
from channels_cfg.spreadsheets import FORMULA, LONGEST_CELL, RowFormat, TextWorkbook, as_meant, harmless, unescaped

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
PIECES = [
    "<r>",
    "</r>",
    "<t>",
    "&",
    "_x000D_",
    "_x0041_x0042_",
    "\r",
    "\n",
    "\x00",
    "=",
    "'",
    " ",
    "http://a.b",
    "\ud800",
]


@given(st.lists(ANYTHING | st.lists(st.sampled_from(PIECES)).map("".join), min_size=1, max_size=20))
@example(["<r>bold</r>", "<r><t>x</t></r>", "</t></is></c><c><f>1+1</f>", "{=1}", "internal:A1", "\ufffe", " x "])
def test_any_text_comes_out_of_a_workbook_as_it_went_in(texts):
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([["heading"], *([text] for text in texts)]))).worksheets[0]

    cells = [row[0] for row in sheet.iter_rows(min_row=2, max_row=len(texts) + 1)]
    assert [unescaped(cell.value or "") for cell in cells] == texts
    assert {cell.data_type for cell in cells if cell.value} <= {"s"}
    assert not any(cell.hyperlink for cell in cells)


@given(st.lists(ANYTHING | st.lists(st.sampled_from(PIECES)).map("".join), min_size=1, max_size=20))
@example(["<r>bold</r>", "</t></is></c><c><f>1+1</f>", "{=1}", " x ", "\ttab", "_x000D_", "a\r\n"])
def test_a_row_that_is_written_at_once_has_texts_numbers_and_moments_as_they_were(texts):
    moment = datetime(2026, 3, 29, 2, 59, 59)
    written = io.BytesIO()
    with TextWorkbook(written) as book:
        sheet = book.add_worksheet()
        sheet.write_text(0, 0, "heading", book.heading)
        sheet.leave_room(2, 6 + len(texts))
        style = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        format = RowFormat(book.plain_text._get_xf_index(), style._get_xf_index())
        sheet.fh.write("".join(format.row(row, [None, True, -7, 0.1, 10**15, moment, *texts]) for row in (2, 3)))
    read = openpyxl.load_workbook(io.BytesIO(written.getvalue())).worksheets[0]

    assert (read.max_row, read.cell(1, 1).value) == (3, "heading")
    for row in read.iter_rows(min_row=2, max_col=6 + len(texts)):
        assert [cell.value for cell in row[:6]] == [None, True, -7, 0.1, str(10**15), moment]
        assert [unescaped(cell.value or "") for cell in row[6:]] == texts
        assert {cell.data_type for cell in row[6:] if cell.value} <= {"s"}


@pytest.mark.parametrize("text", ["x" * (LONGEST_CELL + 1), "😀" * 20_000])
def test_a_text_that_excel_cannot_hold_is_refused_in_a_table_and_elsewhere_says_where_it_is_cut(text):
    with pytest.raises(TooLongForExcel, match=r"In the row “orderId” a cell has .* Excel holds at most 32767"):
        as_xlsx([["heading", "help"], ["orderId", text]])

    written = io.BytesIO()
    with TextWorkbook(written) as book:
        whole = book.add_worksheet().write_text(0, 0, text, book.plain_text)
    cell = openpyxl.load_workbook(written).worksheets[0].cell(1, 1).value
    assert (whole, book.cut, len(cell.encode("utf-16-le")) // 2 <= LONGEST_CELL) == (False, 1, True)
    assert f"this text has {len(text)}. CSV has all.]" in cell


# What spreadsheets were seen to pass over, and what they take for a sign.
BEFORE = [
    "",
    " ",
    "\xa0",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u200e\u202a",
    "\x0b",
    "\x1f",
    "\u3000",
    "\xad",
    " \t ",
    "'",
    "' ",
]
SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]


@pytest.mark.django_db
def test_what_a_spreadsheet_would_run_is_known_to_python_and_postgresql_alike():
    texts = [f"{before}{sign}1+1" for before in BEFORE for sign in SIGNS] + ["\tx", "\rx", "\nx"]
    plain = ["a=b", "1-2", "", "'x", "é=1", "（=1", "·-"]

    with connection.cursor() as cursor:
        cursor.execute("SELECT text, text ~ %s FROM unnest(%s::text[]) AS text", [FORMULA, [*texts, *plain]])
        found = dict(cursor.fetchall())

    assert {text for text, is_formula in found.items() if is_formula} == set(texts)
    assert [harmless(text) for text in texts] == [f"'{text}" for text in texts]
    assert [harmless(text) for text in plain] == plain


@given(ANYTHING | st.lists(st.sampled_from([*BEFORE, *SIGNS, "x"])).map("".join))
def test_a_cell_of_csv_is_read_back_as_it_was(text):
    text = text.encode("utf-8", "replace").decode()
    (row,) = csv.reader(io.StringIO(as_csv([["", text]]).removeprefix("\ufeff"), newline=""))

    assert as_meant(row[1]) == text
