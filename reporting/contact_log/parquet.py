"""The Contact Log's columns in Parquet, and its rows as they are read for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform
from pyarrow import parquet

from reporting.contact_log.parquet_parts import MOMENT, ROWS_A_GROUP, Column, groups, schema_of
from reporting.contact_log.table import COLUMNS, TIMES, copied, empty_because, machine_columns, names
from reporting.contact_log.value_columns import Kind, ValueColumn
from reporting.models.contact_log import ContactLogQuerySet

_TYPES = {
    **dict.fromkeys(COLUMNS, "string"),
    **{name: "int64" for name in COLUMNS if name.endswith("_seconds")},
    "within_service_level": "bool",
    **dict.fromkeys(TIMES, MOMENT),
}
_TYPES_OF_KINDS = {
    Kind.INTEGER: "int64",
    Kind.DECIMAL: "float64",
    Kind.BOOLEAN: "bool",
    Kind.DATE: "date32",
    Kind.DATETIME: MOMENT,
}


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
    schema = schema_of(parquet_columns(columns), zone=str(zone), about=about)
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for group in groups(copied(cursor, parquet_rows(entries, columns)), schema, tell=tell):
            file.write_table(group, row_group_size=ROWS_A_GROUP)


def parquet_columns(columns: Sequence[ValueColumn]) -> list[Column]:
    """The columns of every row, then those of the kept keys, each with what is known of the key, then why cells are
    empty."""
    *fixed_names, reasons = names([column.key for column in columns])
    fixed: list[Column] = [(name, _TYPES[name], {"label": str(label)}) for name, label in COLUMNS.items()]
    for name, column in zip(fixed_names[len(COLUMNS) :], columns, strict=True):
        fixed.append((name, _TYPES_OF_KINDS.get(Kind(column.kind), "string"), column.facts))
    return [*fixed, (reasons, "string", {})]


def parquet_rows(entries: ContactLogQuerySet, columns: Sequence[ValueColumn]) -> QuerySet[Any, tuple[Any, ...]]:
    """The rows with these columns, newest first."""
    keys = [column.key for column in columns]
    values = [KeyTextTransform(key, "kept_data") for key in keys]
    return entries.newest_first().values_list(*machine_columns().values(), *values, empty_because(keys))
