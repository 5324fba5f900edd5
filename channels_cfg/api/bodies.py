"""Checking the shape of what machines send."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers


def refuse_unknown(sent: Iterable[str], *, known: Iterable[str]) -> None:
    """Raise REST framework's ``ValidationError`` by name where one is not known: a misspelt one is not left out
    silently."""
    known = list(known)
    if unknown := sorted(set(sent) - set(known)):
        names = ", ".join(known) or "none"
        raise serializers.ValidationError(dict.fromkeys(unknown, f"There is no such field. Known are: {names}."))


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses a field it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        refuse_unknown(data, known=self.fields)
        return known


class TextField(serializers.CharField):
    """Text that came as text: a number or true is a mistake here."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text, in quotation marks.")
        return super().to_internal_value(data)


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
                "Send a time with its offset, such as 2026-03-01T08:00:00Z or 2026-03-01T10:00:00%2B02:00 "
                "(in an address, + is written %2B)."
            )
        return instant


def checked(shape: type[StrictSerializer], sent: Any) -> dict[str, Any]:
    """What was sent, in the right types; raises REST framework's ``ValidationError`` by field."""
    serializer = shape(data=sent)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
