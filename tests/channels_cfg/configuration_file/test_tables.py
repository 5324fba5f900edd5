"""Keys, queues and users as CSV and XLSX: read with the place of every cell, and written so that they come back."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import openpyxl
import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.configuration_file import tables, waiting
from channels_cfg.configuration_file.nodes import UnreadableFile
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import KEYS, QUEUES, USERS
from channels_cfg.configuration_file.table_writing import as_csv, as_xlsx, headings, refused_rows, rows_of
from channels_cfg.configuration_file.tables import read_table
from channels_cfg.history.change_set import apply
from channels_cfg.models import AttachedKey, AttachedKeyAlias, PlannedRecord, Queue, User, WaitingUpload
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import UserFactory

Outcome = PlannedRecord.Outcome


def as_file(rows: Sequence[Sequence[str]], format: str) -> bytes:
    return as_csv(rows).encode() if format == "csv" else as_xlsx(rows)


def sent(content: bytes, kind: str = "keys", *, by: User | None = None) -> WaitingUpload:
    user = by or User.objects.filter(is_superuser=True).first() or UserFactory(is_superuser=True)
    return waiting.take_in(content, kind=kind, name="table", user=user, environment={}, now=timezone.now())


def confirm(upload: WaitingUpload, *, without_refused: bool = False) -> None:
    plan = partial(waiting.plan_again, upload, environment={}, without_refused=without_refused)
    apply(plan, agreed_to=upload.fingerprint, by=upload.user)
    upload.delete()


def told(upload: WaitingUpload) -> list[tuple[str, str, list[str]]]:
    """Place, outcome and what is said of each row."""
    return [
        (
            record.place,
            record.outcome,
            [f"{line['place']}: {line['problem']}" for line in record.lines if "problem" in line],
        )
        for record in upload.records.all()
    ]


def why_not(content: bytes, section: Section = KEYS) -> list[str]:
    with pytest.raises(UnreadableFile) as refused:
        read_table(content, section)
    return [str(problem) for problem in refused.value.problems]


@pytest.fixture
def catalogue(db: None) -> None:
    """Two keys, one of them with everything that a table makes difficult."""
    AttachedKey.objects.create(name="orderId", longest=40, sensitive=True)
    odd = AttachedKey.objects.create(
        name="customerType",
        label="=HYPERLINK(1)",
        help_text="'=quoted",
        group="-1",
        owner="@team, “north”",
        purpose="+one\ttwo",
        kind=AttachedKey.Kind.CHOICE,
        choices=["gold, pure", 'si"lver', "bronze"],
    )
    AttachedKeyAlias.objects.create(key=odd, name="custmerType")
    AttachedKeyAlias.objects.create(key=odd, name="tier")


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_table_that_was_downloaded_changes_nothing(catalogue: None, centre: None, format: str):
    for section in (KEYS, QUEUES, USERS):
        upload = sent(as_file([headings(section), *rows_of(section)], format), section.name)

        assert {outcome for _, outcome, _ in told(upload)} == {Outcome.SAME}, told(upload)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_table_brings_lost_records_back_as_they_were(catalogue: None, format: str):
    before = [headings(KEYS), *rows_of(KEYS)]
    AttachedKey.objects.all().delete()

    upload = sent(as_file(before, format))
    confirm(upload)

    assert [headings(KEYS), *rows_of(KEYS)] == before


def test_nothing_in_a_downloaded_table_starts_a_formula(catalogue: None):
    text = as_csv([headings(KEYS), *rows_of(KEYS)])
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx([headings(KEYS), *rows_of(KEYS)])))

    assert "\ufeffName,Label" in text
    assert ",'=HYPERLINK(1),''=quoted,'-1," in text
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "content",
    [
        b"name,label\ncustomerType,Customer type\n",
        b"Name;Label\r\ncustomerType;Customer type\r\n",
        b"LABEL\tName\nCustomer type\tcustomerType\n",
        "\ufeffName,Label\ncustomerType,Customer type\n".encode(),
        "Name\tLabel\ncustomerType\tCustomer type\n".encode("utf-16"),
        b'"Name","Label","Why it is refused"\n"customerType","Customer type","because"\n\n,,\n',
        "\u200bName\u2060,\xa0Label\ufeff\ncustomerType,Customer type\n".encode(),
    ],
)
def test_tables_are_read_as_spreadsheets_write_them(db: None, content: bytes):
    confirm(sent(content))

    assert [(key.name, key.label) for key in AttachedKey.objects.all()] == [("customerType", "Customer type")]


def test_columns_that_are_left_out_stay_and_empty_cells_empty(catalogue: None):
    confirm(sent(b"name,group,longest\norderId,Orders,\n"))

    key = AttachedKey.objects.get(name="orderId")
    assert (key.group, key.longest, key.sensitive) == ("Orders", None, True)


def test_each_row_is_created_changed_unchanged_or_refused_with_cell_reason_and_way_out(catalogue: None):
    upload = sent(
        "Name,Type,Choices,Most characters,Marked\n".replace(",Marked", "").encode()
        + b"newKey,text,,\n"
        + b"orderId,text,,50\n"
        + b'customerType,choice,"""gold, pure"",""si""""lver"", bronze",\n'
        + b"2nd,text,,\n"
        + b"third,txet,,ten\n"
        + b"newKey,text,,\n"
        + b",text,,\n"
        + b"fourth,choice,,,,extra\n"
    )

    assert told(upload) == [
        ("row 2", Outcome.ADD, []),
        ("row 3", Outcome.CHANGE, []),
        ("row 4", Outcome.SAME, []),
        (
            "row 5",
            Outcome.REFUSED,
            ["Name: A key starts with a letter, but character 1 is “2”. A good name is customerType."],
        ),
        (
            "row 6",
            Outcome.REFUSED,
            [
                "Type: “txet” is none of text, integer, decimal, boolean, date, datetime, choice, url, phone, email. "
                "Did you mean “text”?",
                "Most characters: A whole number is expected here, not “ten”.",
            ],
        ),
        ("row 7", Outcome.REFUSED, ["the row: Key “newKey” is here twice, first on row 2, the row."]),
        ("row 8", Outcome.REFUSED, ["Name: A key needs “name”. Example: customerType"]),
        (
            "row 9",
            Outcome.REFUSED,
            [
                "column 6: A key has no setting “column 6”.",
                "Choices: A choice needs something to choose from. Example: gold, silver, bronze",
            ],
        ),
    ]  # fmt: skip
    changed = upload.records.get(outcome=Outcome.CHANGE)
    assert changed.lines == [{"label": "Most characters", "old": "40", "new": "50"}]
    assert not AttachedKey.objects.filter(name="newKey").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty. The template shows what it should hold."),
        (b"name\n", "The file has headings, but no rows."),
        (b"label\nx\n", "row 1, column 1: The column “Name” is missing: it names the row."),
        (b"name,lable\nx,y\n", "row 1, column 2: “lable” is no column of keys. Did you mean “label”?"),
        (b"name,Name\nx,y\n", "row 1, column 2: The column “Name” is here twice. Remove one."),
        (b"name,,label\nx,,y\n", "row 1, column 2: The heading is empty."),
        ("name\nPäivä\n".encode("latin-1"), "line 2, column 1: This is not UTF-8. In Excel choose “CSV UTF-8”"),
        (b"\xd0\xcf\x11\xe0rest", "This is a workbook of the old kind. Save it as .xlsx or as CSV UTF-8."),
        (b"PK\x03\x04 broken", "This workbook cannot be read"),
        (b'name\n"a" b\n', "line 2, column 1: This is not CSV"),
        (b"name" + b",x" * 100 + b"\n", "More than 60 columns."),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_way_out(content: bytes, problem: str):
    assert why_not(content)[0].startswith(problem) or problem in why_not(content)[0]


def test_cells_that_hold_no_value_are_refused_each_with_its_reason(db: None):
    book = openpyxl.Workbook()
    for row in (["Name", "Label", "Group"], ["one", "=1+1", "#REF!"], ["two", "_x0000_", "#N/A"], ["three_xD800_", 1]):
        book.active.append(row)  # type: ignore[union-attr]
    written = io.BytesIO()
    book.save(written)

    workbook = told(sent(written.getvalue()))
    table = told(sent(b"Name,Label,Group\none,a\0b,#N/A\ntwo,,\nthree\0,,,\0\n"))

    error = "Group: The spreadsheet could not work this cell out (%s). Enter its value."
    nothing = "The invisible character U+0000 may not stand in a text. Remove it."
    formula = "Label: A formula is not worked out here. Paste its result as a value."
    assert [(place, said) for place, _outcome, said in workbook] == [
        ("row 2", [formula, error % "#REF!"]),
        ("row 3", [f"Label: {nothing}", error % "#N/A"]),
        ("row 4", ["Name: The invisible character U+D800 may not stand in a text. Remove it."]),
    ]
    assert [(outcome, said) for _place, outcome, said in table] == [
        (Outcome.REFUSED, [f"Label: {nothing}", error % "#N/A"]),
        (Outcome.ADD, []),
        (Outcome.REFUSED, ["column 4: A key has no setting “column 4”.", f"Name: {nothing}"]),
    ]


def test_empty_rows_count_for_nothing_and_hide_no_others(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    monkeypatch.setattr(tables, "MOST_EMPTY_ROWS", 20)

    def workbook(*empty: int) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet["A1"], sheet["A30"], sheet["A35"] = "Name", "one", "two"  # type: ignore[index]
        for row in empty:
            sheet.cell(row, 2).font = openpyxl.styles.Font(bold=True)  # type: ignore[union-attr]
        written = io.BytesIO()
        book.save(written)
        return written.getvalue()

    refused = why_not(workbook(2, 10))
    monkeypatch.setattr(tables, "MOST_EMPTY_ROWS", 30)
    upload = sent(workbook(2, 10, 20, 50))

    assert refused == ["row 1, the row: More than 20 empty rows follow this one. Delete them, and save the file again."]
    assert told(upload) == [("row 30", Outcome.ADD, []), ("row 35", Outcome.ADD, [])]


def test_after_many_bad_rows_a_table_is_read_no_further(db: None):
    upload = sent(b"Name,Type\n" + b"".join(b"key%d,txet\n" % number for number in range(2_000)))

    first, *rows = told(upload)

    assert first[2] == [
        ": More than 500 problems. Nothing after them was read: correct these, and send the file again."
    ]
    assert [rows[0][0], rows[-1][0], len(rows)] == ["row 2", "row 502", 501]
    assert {outcome for _place, outcome, _said in rows} == {Outcome.REFUSED}


def test_numbers_dates_and_switches_of_a_workbook_are_read_as_they_are_shown(db: None):
    book = openpyxl.Workbook()
    book.active.append(["Name", "Type", "Minimum", "Most characters", "Sensitive"])  # type: ignore[union-attr]
    midnight = datetime(2026, 11, 21)
    book.active.append(["since", "date", midnight, None, True])  # type: ignore[union-attr]
    book.active.append(["note", "text", None, 40.0, False])  # type: ignore[union-attr]
    written = io.BytesIO()
    book.save(written)

    confirm(sent(written.getvalue()))

    since, note = AttachedKey.objects.get(name="since"), AttachedKey.objects.get(name="note")
    assert (since.minimum, since.sensitive) == ("2026-11-21", True)
    assert (note.longest, note.sensitive) == (40, False)


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (tables.MOST_BYTES_UNPACKED + 1))

    assert len(bomb.getvalue()) < tables.MOST_BYTES
    assert why_not(bomb.getvalue()) == ["Unpacked, the workbook is larger than 100 MiB. Send it in parts."]


def test_entities_that_grow_are_refused():
    whole = as_xlsx([["Name"], ["customerType"]])
    lines = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};&a{n - 1};&a{n - 1};">' for n in range(1, 16))
    grown = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(grown, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "xl/worksheets/sheet1.xml":
                opening = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
                content = content.replace(opening, opening + f'<!DOCTYPE x [<!ENTITY a0 "x">{lines}]>'.encode())
            new.writestr(part, content)

    assert "This workbook cannot be read" in why_not(grown.getvalue())[0]


def test_more_rows_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 3)

    assert why_not(as_csv([["name"], *[[f"k{n}"] for n in range(5)]]).encode()) == [
        "The file has more than 3 rows. Send it in parts."
    ]


def test_refused_rows_come_back_with_their_reasons_and_can_be_sent_again(catalogue: None):
    upload = sent(b'name,choices,type\ngood,,text\nbad key,"a, b",choice\n')
    refused = [(record.cells, waiting.reasons(record)) for record in upload.records.filter(outcome=Outcome.REFUSED)]

    rows = list(refused_rows(KEYS, refused))

    assert rows[0] == ["Name", "Type", "Choices", "Why it is refused"]
    assert rows[1][:3] == ["bad key", "choice", "a, b"]
    assert rows[1][3].startswith("Name: Character 4 is a space.")
    rows[1][0] = "badKey"
    confirm(sent(as_csv(rows).encode()))
    assert AttachedKey.objects.get(name="badKey").choices == ["a", "b"]


def test_users_come_without_passwords_and_a_configurator_raises_nobody(centre: None):
    UserFactory(username="root", is_superuser=True)
    configurator = UserFactory(username="ada", is_staff=True)
    configurator.groups.add(Group.objects.get(name=CONFIGURATOR))

    upload = sent(b"username,email\nroot,a@example.com\nnew,b@example.com\n", "users", by=configurator)
    confirm(upload, without_refused=True)

    assert User.objects.get(username="root").email == ""
    assert not User.objects.get(username="new").has_usable_password()


def test_three_thousand_rows_with_thirty_bad_ones_say_which_and_why_at_a_constant_number_of_queries(db: None):
    def table(count: int) -> bytes:
        rows = [["Name", "Label", "Type", "Most characters", "Other names"]]
        for number in range(count):
            bad = number % 100 == 99
            rows.append([f"key{number}", f"Key {number}", "txet" if bad else "text", "40", f"other{number}"])
        return as_csv(rows).encode()

    def costs(content: bytes) -> tuple[WaitingUpload, int, int]:
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as planning:
            upload = sent(content)
        with CaptureQueriesContext(connection) as applying:
            confirm(WaitingUpload.objects.get(), without_refused=True)
        print(f"{content.count(b'Key')} rows, sent and confirmed: {time.perf_counter() - started:.1f} s")
        return upload, len(planning), len(applying)

    UserFactory(is_superuser=True)
    _, planned_few, applied_few = costs(table(100))
    AttachedKey.objects.all().delete()
    content = table(3_000)
    upload = sent(content)
    refused = upload.records.filter(outcome=Outcome.REFUSED)
    assert refused.count() == 30
    assert [refused[0].place, refused[29].place] == ["row 101", "row 3001"]
    assert "“txet” is none of" in refused[0].lines[0]["problem"]
    assert not AttachedKey.objects.exists()
    upload.delete()

    _, planned_many, applied_many = costs(content)

    assert AttachedKey.objects.count() == AttachedKeyAlias.objects.count() == 2_970
    batches = 3_000 // 1000
    assert planned_many <= planned_few + batches
    assert applied_many <= applied_few + 4 * batches


def test_queues_come_with_their_channel_groups_and_addresses(centre: None):
    confirm(
        sent(
            b'Name,Channel,Queue groups,Addresses\nCare,Customer chat,Nordic: sales,"a@example.com, b@Example.com"\n',
            "queues",
        )
    )

    care = Queue.objects.get(name="Care")
    assert care.channel.name == "Customer chat"
    assert [group.name for group in care.groups.all()] == ["Nordic: sales"]
    assert [address.address for address in care.addresses.all()] == ["a@example.com", "b@example.com"]
