"""Reading kept data, the way machines ask for it: one conversation, very often."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from django.utils.crypto import salted_hmac

from channels_cfg.models import Right, User
from channels_cfg.prepared import first_row
from conversations.pairs import Pairs, Value

# The right is that of ``Conversation.objects.granting``, asked about one conversation; a test holds the two together.
# Django needs ten times as long to word this as PostgreSQL to answer it.
_KEPT_DATA = """
    SELECT conversation.kept_data
      FROM conversations_conversation AS conversation
     WHERE conversation.id = %(id)s
       AND EXISTS (
            SELECT FROM channels_cfg_accessright AS held
             WHERE held.right = %(right)s
               AND (held.user_id = %(user)s
                    OR held.group_id IN (SELECT group_id FROM channels_cfg_user_groups WHERE user_id = %(user)s))
               AND (held.queue_id = conversation.queue_id
                    OR held.queue_group_id IN (
                        SELECT queuegroup_id FROM channels_cfg_queue_groups WHERE queue_id = conversation.queue_id)
                    OR conversation.queue_id IS NULL AND held.direct_conversations_of_id IN (
                        SELECT group_id FROM channels_cfg_user_groups WHERE user_id = conversation.agent_id)))
"""


def kept_data_of(conversation_id: uuid.UUID, right: Right, *, to: User) -> Pairs | None:
    """The kept data of the conversation, or None where the user holds no such right on one of that id."""
    row = first_row(_KEPT_DATA, {"id": conversation_id, "right": str(right), "user": to.pk})
    return None if row is None else json.loads(row[0])


def etag_of(kept: Mapping[str, Value]) -> str:
    """A strong validator that changes when the data does. Keyed, so that it gives no value away to who guesses."""
    text = json.dumps(dict(kept), sort_keys=True)
    return f'"{salted_hmac("conversations.attached_data.kept_data", text, algorithm="sha256").hexdigest()[:32]}"'
