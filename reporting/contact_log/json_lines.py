"""The rows of the Contact Log as JSON Lines, and the schema of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.expressions import Expression
from django.utils.translation import gettext as _

from channels_cfg.models import AttachedKey
from conversations.attached_data.reasons import REASONS
from reporting.contact_log.columns import COLUMNS, EMPTY_BECAUSE, TIMES, LogColumn, keys_among
from reporting.contact_log.kept_key import missing_reason
from reporting.contact_log.table import machine_columns, with_offset
from reporting.models.contact_log import ContactLogQuerySet

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def json_rows(
    entries: ContactLogQuerySet, columns: Sequence[LogColumn], *, are_chosen: bool
) -> QuerySet[Any, tuple[Any, ...]]:
    """A line for each of the entries, newest first, as ``line_schema`` describes it.

    The columns are all, with the keys that occur, or those that were chosen.
    """
    keys, shown = keys_among(columns), [column.name for column in columns if not column.is_key]
    fields = {**machine_columns(), **{name: with_offset(name) for name in TIMES}}
    line = {name: fields[name] for name in shown if name in fields}
    line["attached_data"] = _chosen(keys) if are_chosen else F("kept_data")
    if EMPTY_BECAUSE in shown:
        line["missing"] = _missing(keys)
    members = [part for name, value in line.items() for part in (Value(name), value)]
    return entries.newest_first().values_list(Func(*members, function="json_build_object", output_field=TextField()))


def _chosen(keys: Sequence[str]) -> Expression:
    """The kept data, of these keys alone."""
    return Func(
        F("kept_data"),
        Value(list(keys), ArrayField(TextField())),
        template="(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(%(expressions)s))",
        arg_joiner=") WHERE key = ANY (",
        output_field=JSONField(),
    )


def _missing(keys: Sequence[str]) -> Expression:
    """``{key: reason}`` of those that have no value."""
    reasons = Func(*map(missing_reason, keys), template="ARRAY[%(expressions)s]::text[]", output_field=TextField())
    pairs = Func(Value(list(keys), ArrayField(TextField())), reasons, function="jsonb_object", output_field=JSONField())
    return Func(pairs, function="jsonb_strip_nulls", output_field=JSONField())


def line_schema() -> dict[str, Any]:
    """The JSON Schema of a line. Keys that the catalogue knows are described; any other may occur. What was not
    chosen as a column is in no line."""
    return {
        "$schema": SCHEMA,
        "title": _("A row of the Contact Log"),
        "type": "object",
        "properties": {
            **{name: {**_typed(name), "title": str(label)} for name, label in COLUMNS.items()},
            "attached_data": {
                "type": "object",
                "title": _("Kept data"),
                "properties": {key.name: _described(key) for key in AttachedKey.objects.order_by("name")},
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "missing": {
                "type": "object",
                "title": _("Why keys have no value"),
                "additionalProperties": {"enum": list(REASONS)},
            },
        },
        "required": ["attached_data"],
    }


def _typed(name: str) -> dict[str, Any]:
    if name.endswith("_seconds"):
        return {"type": ["integer", "null"]}
    if name == "within_service_level":
        return {"type": ["boolean", "null"]}
    texts = {"type": ["string", "null"]}
    return {**texts, "format": "date-time"} if name in TIMES else texts


def _described(key: AttachedKey) -> dict[str, Any]:
    """What the catalogue says of a key. A value that breaks its rules may be kept with a flag, so that none is
    demanded."""
    described = {"title": key.label, "description": key.help_text or key.purpose}
    return {name: words for name, words in described.items() if words}
