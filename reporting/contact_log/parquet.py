"""The Contact Log's columns in Parquet, and its rows as they are read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from reporting.contact_log.about import about
from reporting.contact_log.layouts import Layout, WrittenPart
from reporting.contact_log.part_processes import write_apart
from reporting.contact_log.parts import MOMENT, Column, ParquetJoin, Tell
from reporting.contact_log.table import COLUMNS, TIMES, empty_because, machine_columns, names
from reporting.contact_log.value_columns import Kind, ValueColumn, value_columns
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


class Parquet(Layout):
    """Typed columns that say what they are. Times are moments, shown on the zone's clock."""

    needs_much = True

    @cached_property
    def columns(self) -> list[ValueColumn]:
        return value_columns(self.cursor, self.entries, self.keys)

    @cached_property
    def how(self) -> Mapping[str, Any]:
        return {"columns": parquet_columns(self.columns), "zone": str(self.query.zone)}

    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        return parquet_rows(entries, self.columns)

    def join(self, parts: Sequence[WrittenPart], target: Path, *, tell: Tell) -> None:
        total = sum(part.facts["rows"] for part in parts)
        paths = [part.path for part in parts]
        said = dict(about(self.file, self.query, total))
        write_apart(ParquetJoin(paths, self.how["columns"], self.how["zone"], said, target), tell)


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
