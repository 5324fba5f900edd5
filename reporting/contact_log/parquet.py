"""The rows of the Contact Log as Parquet: typed columns that say what they are, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow
from django.db.backends.utils import CursorWrapper
from django.db.models.fields.json import KeyTextTransform
from pyarrow import csv, parquet

from reporting.contact_log.table import COLUMNS, TIMES, copied, empty_because, machine_columns, names
from reporting.contact_log.value_columns import Kind, ValueColumn
from reporting.models.contact_log import ContactLogQuerySet

BYTES_AT_ONCE = 256 * 1024
ROWS_A_GROUP = 10_000
"""Rows that a reader can pass over together; they are in memory while they are written."""


def write_parquet(
    path: Path,
    cursor: CursorWrapper,
    entries: ContactLogQuerySet,
    columns: Sequence[ValueColumn],
    *,
    zone: ZoneInfo,
    about: Mapping[str, Any],
    tell: Callable[[int], None],
) -> None:
    """Write the entries that the cursor sees to the path, newest first.

    Times are moments, shown on the zone's clock. ``about`` stands in the file's metadata as JSON, under ``keepsake``;
    each column says there what it is. ``tell`` is told of more rows, and may stop the work by raising.
    """
    schema = _schema(columns, zone).with_metadata({"keepsake": json.dumps(about, ensure_ascii=False)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for group in _groups(_tables(_lines(cursor, entries, columns), schema, tell)):
            file.write_table(group, row_group_size=ROWS_A_GROUP)


def _schema(columns: Sequence[ValueColumn], zone: ZoneInfo) -> pyarrow.Schema:
    keys = [column.key for column in columns]
    *fixed_names, reasons = names(keys)
    types = {
        **dict.fromkeys(COLUMNS, pyarrow.string()),
        **{name: pyarrow.int64() for name in COLUMNS if name.endswith("_seconds")},
        "within_service_level": pyarrow.bool_(),
        **dict.fromkeys(TIMES, pyarrow.timestamp("us", tz=str(zone))),
    }
    fields = [pyarrow.field(name, types[name], metadata={"label": str(label)}) for name, label in COLUMNS.items()]
    for name, column in zip(fixed_names[len(COLUMNS) :], columns, strict=True):
        fields.append(pyarrow.field(name, _type_of(column, zone), metadata=column.facts))
    return pyarrow.schema([*fields, pyarrow.field(reasons, pyarrow.string())])


def _type_of(column: ValueColumn, zone: ZoneInfo) -> pyarrow.DataType:
    types = {
        Kind.INTEGER: pyarrow.int64(),
        Kind.DECIMAL: pyarrow.float64(),
        Kind.BOOLEAN: pyarrow.bool_(),
        Kind.DATE: pyarrow.date32(),
        Kind.DATETIME: pyarrow.timestamp("us", tz=str(zone)),
    }
    return types.get(Kind(column.kind), pyarrow.string())


def _lines(cursor: CursorWrapper, entries: ContactLogQuerySet, columns: Sequence[ValueColumn]) -> Iterator[bytes]:
    keys = [column.key for column in columns]
    values = [KeyTextTransform(key, "kept_data") for key in keys]
    rows = entries.newest_first().values_list(*machine_columns().values(), *values, empty_because(keys))
    return copied(cursor, rows)


def _tables(lines: Iterable[bytes], schema: pyarrow.Schema, tell: Callable[[int], None]) -> Iterator[pyarrow.Table]:
    """The lines of CSV, some at a time, as tables of the schema's types."""
    waiting, size = [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= BYTES_AT_ONCE:
            yield _table(b"".join(waiting), schema)
            tell(len(waiting))
            waiting, size = [], 0
    if waiting:
        yield _table(b"".join(waiting), schema)
        tell(len(waiting))


def _table(lines: bytes, schema: pyarrow.Schema) -> pyarrow.Table:
    # Positions as names, since a key may be called like another column.
    names = [str(position) for position in range(len(schema))]
    read = csv.read_csv(
        BytesIO(lines),
        read_options=csv.ReadOptions(column_names=names, block_size=len(lines) + 1, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, schema.types, strict=True)),
            null_values=[""],
            true_values=["t", "true"],
            false_values=["f", "false"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return read.rename_columns(schema.names).cast(schema)


def _groups(tables: Iterable[pyarrow.Table]) -> Iterator[pyarrow.Table]:
    """The tables joined to some of about ``ROWS_A_GROUP`` rows."""
    joined: list[pyarrow.Table] = []
    for table in tables:
        joined.append(table)
        if sum(map(len, joined)) >= ROWS_A_GROUP:
            yield pyarrow.concat_tables(joined)
            joined = []
    if joined:
        yield pyarrow.concat_tables(joined)
