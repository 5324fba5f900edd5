"""Files of the whole Contact Log, and what PostgreSQL alone would need for them."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.csv
import pyarrow.parquet
import xlsxwriter
from django.utils import timezone
from psycopg import Copy
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination, User
from reporting.contact_log import dataset, files
from reporting.contact_log.query import LogQuery
from reporting.contact_log.table import csv_rows, snapshot, statement_of, typed_rows
from reporting.contact_log.workbook import ROWS_PER_SHEET
from reporting.models import DatasetDay, ReportFile
from tests.bench.dataset import KEPT_KEYS


def everything(**asked: Any) -> LogQuery:
    """A query for every row, where nothing else is asked for."""
    always = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": timezone.now() + timedelta(days=1)}
    return LogQuery(**always | asked, zone=ZoneInfo("Europe/Helsinki"))


def write(query: LogQuery, format: str, owner: User) -> None:
    """Have the file written as the task does it."""
    file = files.ask_for(query, format=format, owner=owner, now=timezone.now())
    jobs.work_on(ReportFile, file.pk)
    file.refresh_from_db()
    assert file.state == ReportFile.State.READY, file.reason
    file.path.unlink()


def write_dataset() -> None:
    """Have all days written to a folder as the task does it."""
    with tempfile.TemporaryDirectory() as folder:
        destination = MetadataDestination.objects.create(name="Lake", folder=folder, dataset_folder="contact_log")
        dataset.write_all_anew(destination, now=timezone.now())
        for day in DatasetDay.objects.all():
            jobs.work_on(DatasetDay, day.pk)
        assert not DatasetDay.objects.exclude(state=DatasetDay.State.DONE).exists()
        destination.delete()


def copy_to(target: Path, query: LogQuery, owner: User) -> None:
    """COPY of the query that stands behind the file, to a file."""
    statement, params = csv_rows(
        query.entries(owner), query.shown_columns(lambda: KEPT_KEYS), for_people=True
    ).query.sql_with_params()
    with (
        snapshot(zone=query.zone) as cursor,
        target.open("wb") as out,
        cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", params) as lines,
    ):
        while block := lines.read():
            out.write(block)


def parquet_to(target: Path, query: LogQuery, owner: User) -> None:
    """pyarrow writing the columns of the query that stands behind the file, as COPY brings them."""
    statement, params = csv_rows(
        query.entries(owner), query.shown_columns(lambda: KEPT_KEYS), for_people=False
    ).query.sql_with_params()
    with (
        snapshot(zone=query.zone) as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER)", params) as lines,
        pyarrow.csv.open_csv(pyarrow.PythonFile(_Blocks(lines), mode="r")) as tables,
        pyarrow.parquet.ParquetWriter(target, tables.schema, compression="zstd") as file,
    ):
        for table in tables:
            file.write(table)


def xlsx_to(target: Path, query: LogQuery, owner: User) -> None:
    """XlsxWriter alone writing the cells that stand in the file, on as many sheets, in constant memory."""
    rows = typed_rows(query.entries(owner), query.shown_columns(lambda: KEPT_KEYS), zone=query.zone)
    with (
        snapshot() as cursor,
        cursor.db.chunked_cursor() as found,
        xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book,
    ):
        book.use_zip64()
        found.execute(*statement_of(rows))
        sheet, text = book.add_worksheet(), book.add_format({"quote_prefix": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        below = 1
        while some := found.fetchmany(2000):
            for *fixed, reasons, kept in some:
                if below > ROWS_PER_SHEET:
                    sheet, below = book.add_worksheet(), 1
                for column, value in enumerate([*fixed, *map(json.loads(kept).get, KEPT_KEYS), reasons]):
                    _write_cell(sheet, below, column, value, text=text, moment=moment)
                below += 1


def _write_cell(sheet: Worksheet, row: int, column: int, value: Any, *, text: Format, moment: Format) -> None:
    match value:
        case None | "":
            pass
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float():
            sheet.write_number(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, value, moment)
        case _:
            sheet.write_string(row, column, str(value), text)


class _Blocks(io.RawIOBase):
    """What COPY sends, to be read as a file."""

    def __init__(self, lines: Copy) -> None:
        self.lines, self.rest = lines, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        blocks, length = [self.rest], len(self.rest)
        while length < size and (block := self.lines.read()):
            blocks.append(bytes(block))
            length += len(block)
        whole = b"".join(blocks)
        self.rest = whole[size:]
        return whole[:size]
