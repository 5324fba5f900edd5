"""Reading kept data, the way machines ask for it: one conversation, very often."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from django.utils.crypto import salted_hmac

from channels_cfg.models import Right, User
from channels_cfg.prepared import first_row
from conversations.models.granted import GRANTED
from conversations.pairs import Pairs, Value

_KEPT_DATA = f"""
    SELECT conversation.kept_data
      FROM conversations_conversation AS conversation
     WHERE conversation.id = %(id)s AND {GRANTED}
"""


def kept_data_of(conversation_id: uuid.UUID, right: Right, *, to: User) -> Pairs | None:
    """The kept data of the conversation, or None where the user holds no such right on one of that id."""
    row = first_row(_KEPT_DATA, {"id": conversation_id, "right": str(right), "user": to.pk})
    return None if row is None else json.loads(row[0])


def etag_of(kept: Mapping[str, Value]) -> str:
    """A strong validator that changes when the data does. Keyed, so that it gives no value away to who guesses."""
    text = json.dumps(dict(kept), sort_keys=True)
    return f'"{salted_hmac("conversations.attached_data.kept_data", text, algorithm="sha256").hexdigest()[:32]}"'
