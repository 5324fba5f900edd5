"""Ids of conversations: a UUID, or 32 hexadecimal digits; read in either form and any case."""

from __future__ import annotations

import re
import uuid
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

PATTERN = "[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def conversation_id(text: str) -> uuid.UUID:
    """Raises ``ValueError`` for what is neither form."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError("Not a conversation id.")
    return uuid.UUID(text)


class ConversationIdConverter:
    """The id of a conversation in an address."""

    regex = PATTERN

    def to_python(self, value: str) -> uuid.UUID:
        return uuid.UUID(value)

    def to_url(self, value: uuid.UUID) -> str:
        return str(value)


class ContactIdField(serializers.Field[uuid.UUID, str, str, Any]):
    """The id as the RI door writes it: 32 upper-case hexadecimal digits."""

    def to_internal_value(self, data: str) -> uuid.UUID:
        try:
            return conversation_id(data)
        except (TypeError, ValueError):
            raise serializers.ValidationError(
                "Send the id of a conversation: 32 hexadecimal digits, or a UUID."
            ) from None

    def to_representation(self, value: uuid.UUID) -> str:
        return value.hex.upper()


class _ContactIdSchema(OpenApiSerializerFieldExtension):
    target_class = ContactIdField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{PATTERN})$" if direction == "request" else "^[0-9A-F]{32}$"}
