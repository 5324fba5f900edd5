"""A right on one conversation, as a condition in SQL for what is asked with every request."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from channels_cfg.models import Right, User
from channels_cfg.prepared import rows

GRANTED = """
    EXISTS (
        SELECT FROM channels_cfg_accessright AS held
         WHERE held.right = %(right)s
           AND (held.user_id = %(user)s
                OR held.group_id IN (SELECT group_id FROM channels_cfg_user_groups WHERE user_id = %(user)s))
           AND (held.queue_id = conversation.queue_id
                OR held.queue_group_id IN (
                    SELECT queuegroup_id FROM channels_cfg_queue_groups WHERE queue_id = conversation.queue_id)
                OR conversation.queue_id IS NULL AND held.direct_conversations_of_id IN (
                    SELECT group_id FROM channels_cfg_user_groups WHERE user_id = conversation.agent_id)
                OR conversation.queue_id IS NULL AND conversation.allocated_at IS NULL
                    AND conversation.state IN ('abandoned', 'false_attempt') AND EXISTS (
                        SELECT FROM channels_cfg_queue AS of_channel
                         WHERE of_channel.channel_id = conversation.channel_id
                           AND (held.queue_id = of_channel.id
                                OR held.queue_group_id IN (
                                    SELECT queuegroup_id FROM channels_cfg_queue_groups
                                     WHERE queue_id = of_channel.id)))))
"""
"""The user holds the right on ``conversation``: as ``Conversation.objects.granting``, asked about one; a test holds the
two together. Django needs ten times as long to word this as PostgreSQL to answer it."""

_RIGHTS = f"""
    SELECT conversation.id, asked.one
      FROM conversations_conversation AS conversation, unnest(%(rights)s::text[]) AS asked (one)
     WHERE conversation.id = ANY(%(ids)s) AND {GRANTED.replace("%(right)s", "asked.one")}
"""


def rights_on(conversations: Collection[uuid.UUID], *rights: Right, held_by: User) -> dict[Right, set[uuid.UUID]]:
    """On which of the conversations the user holds each of the rights; one query."""
    held: dict[Right, set[uuid.UUID]] = {right: set() for right in rights}
    asked = {"rights": [str(right) for right in rights], "ids": list(conversations), "user": held_by.pk}
    for pk, right in rows(_RIGHTS, asked):
        held[Right(right)].add(pk)
    return held
