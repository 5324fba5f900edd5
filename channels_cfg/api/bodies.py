"""Checking the shape of what machines send."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any, ClassVar, NoReturn

from django.utils.dateparse import parse_datetime
from drf_spectacular.extensions import OpenApiSerializerExtension, OpenApiSerializerFieldExtension
from rest_framework import serializers


def refuse_unknown(sent: Iterable[str], *, known: Iterable[str]) -> None:
    """Raise REST framework's ``ValidationError`` by name where one is not known: a misspelt one is not left out
    silently."""
    known = list(known)
    if unknown := sorted(set(sent) - set(known)):
        names = ", ".join(known) or "none"
        raise serializers.ValidationError(dict.fromkeys(unknown, f"There is no such field. Known are: {names}."))


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses a field it does not know. ``in_schema`` is what JSON Schema says of the whole."""

    in_schema: ClassVar[dict[str, Any]] = {}

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        if not data.keys() <= self.names:
            refuse_unknown(data, known=self.fields)
        return known

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.fields)

    def run_validators(self, value: Any) -> None:
        """REST framework puts together what they look at first, also where there are none."""
        if self.validators:
            super().run_validators(value)


class _StrictSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        fields = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**fields, "additionalProperties": False, **self.target.in_schema}


def require_bodies(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of a body that must hold one of several fields that there must be one; a hook of drf-spectacular, which looks
    at single fields."""
    operations = [operation for path in result["paths"].values() for operation in path.values()]
    for body in [operation["requestBody"] for operation in operations if "requestBody" in operation]:
        for content in body["content"].values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            if "oneOf" in result["components"]["schemas"].get(name, ()):
                body["required"] = True
    return result


class FlagField(serializers.BooleanField):
    """true or false, in JSON or in an address; not yes, on or 1."""

    TRUE_VALUES = {"true"}
    FALSE_VALUES = {"false"}

    def to_internal_value(self, data: Any) -> bool:
        return data if isinstance(data, bool) else super().to_internal_value(data)


class TextField(serializers.CharField):
    """Text that came as text: a number or true is a mistake here."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text, in quotation marks.")
        return super().to_internal_value(data)


class _TextSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = TextField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        """Not blank, and without NUL."""
        return {
            "type": "string",
            "pattern": r"^[^\0]*[^\s\0][^\0]*$",
            "minLength": 1,
            "maxLength": self.target.max_length,
        }


class ChoiceField(serializers.ChoiceField):
    """One of a few words, which a refusal names."""

    default_error_messages: ClassVar = {"invalid_choice": "“{input}” is none of: {choices}."}

    def fail(self, key: str, **facts: Any) -> NoReturn:
        super().fail(key, choices=", ".join(map(str, self.choices)), **facts)


class InstantField(serializers.DateTimeField):
    """A time with its offset from UTC, as in 2026-03-01T08:00:00Z. In Python it is in UTC: PostgreSQL takes offsets
    below 16 hours only."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            instant = parse_datetime(value)
            instant = instant.astimezone(UTC) if instant and instant.tzinfo else None
        except (TypeError, ValueError, OverflowError):
            instant = None
        if instant is None:
            raise serializers.ValidationError(
                "Send a time with its offset, such as 2026-03-01T08:00:00Z or 2026-03-01T10:00:00+02:00 "
                "(in an address, + is written %2B)."
            )
        return instant


def checked(shape: type[StrictSerializer], sent: Any) -> dict[str, Any]:
    """What was sent, in the right types; raises REST framework's ``ValidationError`` by field."""
    return _one_of(shape).run_validation(sent)


@cache
def _one_of(shape: type[StrictSerializer]) -> StrictSerializer:
    """One for all requests: making one copies every field, which takes longer than checking with them."""
    return shape()
