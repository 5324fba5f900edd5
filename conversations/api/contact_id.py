"""The id of a conversation as the doors of the API write it."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from conversations.conversation_id import PATTERN, conversation_id


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


class _ContactIdSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    target_class = ContactIdField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{PATTERN})$" if direction == "request" else "^[0-9A-F]{32}$"}
