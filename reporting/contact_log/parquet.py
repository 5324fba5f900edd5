"""The Contact Log's columns in Parquet, and its rows as they are read for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform

from reporting.contact_log.about import about_rows
from reporting.contact_log.columns import EMPTY_BECAUSE, FIELDS_OF_ROWS, TIMES, LogColumn, keys_among, names
from reporting.contact_log.layouts import Layout, WrittenPart
from reporting.contact_log.part_processes import write_apart
from reporting.contact_log.parts import MOMENT, Column, ParquetJoin, Tell
from reporting.contact_log.table import empty_because, machine_columns
from reporting.contact_log.value_columns import Kind, ValueColumn, value_columns
from reporting.models.contact_log import ContactLogQuerySet

_TYPES = {
    **dict.fromkeys(FIELDS_OF_ROWS, "string"),
    **{name: "int64" for name in FIELDS_OF_ROWS if name.endswith("_seconds")},
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
    def of_keys(self) -> Mapping[str, ValueColumn]:
        """What is known of the columns that are kept keys."""
        return {column.key: column for column in value_columns(self.cursor, self.entries, keys_among(self.columns))}

    @cached_property
    def how(self) -> Mapping[str, Any]:
        return {"columns": parquet_columns(self.columns, self.of_keys), "zone": str(self.query.zone)}

    def rows(self, entries: ContactLogQuerySet) -> QuerySet[Any, Any]:
        return parquet_rows(entries, self.columns)

    def join(self, parts: Sequence[WrittenPart], target: Path, *, tell: Tell) -> None:
        total = sum(part.facts["rows"] for part in parts)
        paths = [part.path for part in parts]
        said = dict(about_rows(self.file, self.query, self.columns, total, complete_up_to=self.complete_up_to))
        write_apart(ParquetJoin(paths, self.how["columns"], self.how["zone"], said, target), tell)


def parquet_columns(columns: Sequence[LogColumn], of_keys: Mapping[str, ValueColumn]) -> list[Column]:
    """Each column, by its name for machines, with what is known of it."""
    return [(name, *_described(column, of_keys)) for name, column in zip(names(columns), columns, strict=True)]


def _described(column: LogColumn, of_keys: Mapping[str, ValueColumn]) -> tuple[str, Mapping[str, str]]:
    """Type and facts."""
    heading = {"heading": column.heading} if column.heading else {}
    if column.is_key:
        key = of_keys[column.name]
        return _TYPES_OF_KINDS.get(Kind(key.kind), "string"), key.facts | heading
    return _TYPES[column.name], {"label": str(FIELDS_OF_ROWS[column.name])} | heading


def parquet_rows(entries: ContactLogQuerySet, columns: Sequence[LogColumn]) -> QuerySet[Any, tuple[Any, ...]]:
    """The rows with these columns, newest first."""
    fields = {**machine_columns(), EMPTY_BECAUSE: empty_because(keys_among(columns))}
    cells = [KeyTextTransform(column.name, "kept_data") if column.is_key else fields[column.name] for column in columns]
    return entries.newest_first().values_list(*cells)
