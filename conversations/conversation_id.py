"""Ids of conversations: a UUID, or 32 hexadecimal digits; read in either form and any case."""

from __future__ import annotations

import re
import uuid

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
