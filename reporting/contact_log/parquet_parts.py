"""Parquet from rows as COPY sends them: typed columns that say what they are, in constant memory.

It knows nothing of the portal, so that a process that does nothing else stays small.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import csv, parquet

from reporting.contact_log.parts import MOMENT, Column, Tell

BYTES_AT_ONCE = 256 * 1024
ROWS_A_GROUP = 10_000
"""Rows that a reader can pass over together; they are in memory while they are written."""
BYTES_A_GROUP = 4 * 1024 * 1024
"""Fewer rows are a group where they are long."""


def schema_of(columns: Sequence[Column], *, zone: str, about: Mapping[str, Any]) -> pyarrow.Schema:
    """The columns as a schema. Moments are shown on the zone's clock; ``about`` stands in the metadata as JSON, under
    ``keepsake``."""
    moment = pyarrow.timestamp("us", tz=zone)
    fields = [
        pyarrow.field(name, moment if type == MOMENT else pyarrow.type_for_alias(type), metadata=facts or None)
        for name, type, facts in columns
    ]
    return pyarrow.schema(fields, metadata={"keepsake": json.dumps(about, ensure_ascii=False)})


def write_part(path: Path, lines: Iterable[bytes], columns: Sequence[Column], *, zone: str, tell: Tell) -> int:
    """Write the lines of CSV to the path, and return how many there were. ``tell`` is told of more rows, and may stop
    the work by raising."""
    schema = schema_of(columns, zone=zone, about={})
    rows = 0
    with parquet.ParquetWriter(path, schema, compression="lz4") as file:
        for group in groups(lines, schema, tell=tell):
            file.write_table(group, row_group_size=ROWS_A_GROUP)
            rows += len(group)
    return rows


def join_parts(
    path: Path,
    parts: Iterable[Path],
    columns: Sequence[Column],
    *,
    zone: str,
    about: Mapping[str, Any],
    tell: Tell,
) -> None:
    """Write the rows of the parts to the path."""
    schema = schema_of(columns, zone=zone, about=about)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for part in parts:
            with parquet.ParquetFile(part) as rows:
                for number in range(rows.num_row_groups):
                    # What is not said anew here would be what the part says of itself.
                    file.write_table(rows.read_row_group(number, use_threads=False).cast(schema))
                    tell(0)


def groups(lines: Iterable[bytes], schema: pyarrow.Schema, *, tell: Tell) -> Iterator[pyarrow.Table]:
    """The lines of CSV as tables of about ``ROWS_A_GROUP`` rows, or ``BYTES_A_GROUP``."""
    joined: list[pyarrow.Table] = []
    for table in _tables(lines, schema):
        joined.append(table)
        tell(len(table))
        if sum(map(len, joined)) >= ROWS_A_GROUP or sum(one.nbytes for one in joined) >= BYTES_A_GROUP:
            yield pyarrow.concat_tables(joined)
            joined = []
    if joined:
        yield pyarrow.concat_tables(joined)


def _tables(lines: Iterable[bytes], schema: pyarrow.Schema) -> Iterator[pyarrow.Table]:
    """The lines, some at a time."""
    waiting, size = [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= BYTES_AT_ONCE:
            yield _table(b"".join(waiting), schema)
            waiting, size = [], 0
    if waiting:
        yield _table(b"".join(waiting), schema)


def _table(lines: bytes, schema: pyarrow.Schema) -> pyarrow.Table:
    # Positions as names, since a key may be called like another column.
    names = [str(position) for position in range(len(schema))]
    read = csv.read_csv(
        BytesIO(lines),
        read_options=csv.ReadOptions(column_names=names, block_size=len(lines) + 1, use_threads=False),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
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
