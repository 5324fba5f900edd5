"""What a caller may see of conversations, and of their data at this moment."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from channels_cfg.models import Right, User
from conversations.attached_data.visible import is_at_work_on, shown_to_agents
from conversations.doors.voice.calls import calls_of_nobody
from conversations.models import ACTIVE_STATES, Conversation, State
from conversations.models.conversation import ConversationQuerySet
from conversations.models.granted import rights_on
from conversations.pairs import Pairs

BEFORE_HISTORY = (*ACTIVE_STATES, State.WRAP_UP)


def visible_to(user: User) -> ConversationQuerySet:
    """All conversations where the user may view history; those not yet handled where the user serves; and calls that
    the user told of and that nobody has yet."""
    history = Conversation.objects.granting(Right.VIEW_HISTORY, to=user)
    at_work = Conversation.objects.granting(Right.SERVE, to=user).filter(state__in=BEFORE_HISTORY)
    own = list(calls_of_nobody(user).values_list("pk", flat=True)) if user.is_api_client else []
    return history | at_work | Conversation.objects.filter(pk__in=own)


def data_seen_by(user: User, conversations: Collection[Conversation]) -> dict[uuid.UUID, Pairs]:
    """The attached data of each that the user may see now, in a number of queries that does not depend on theirs.

    While active: live data by the lists of rule 6, for whoever serves, that is, whom the conversation is allocated to,
    or, while it waits, whoever may take it. Afterwards: kept data, and to its agent also what the channel leaves
    visible until it is handled.
    """
    ids = [row.pk for row in conversations if row.kept_data or is_at_work_on(row, user)]
    if not ids:
        return {row.pk: {} for row in conversations}
    held = rights_on(ids, Right.SERVE, Right.VIEW_HISTORY, held_by=user)
    served, in_history = held[Right.SERVE], held[Right.VIEW_HISTORY]
    at_work = [row for row in conversations if row.pk in served and is_at_work_on(row, user)]
    seen: dict[uuid.UUID, Pairs] = {
        pk: {datum.key: datum.value for datum in data} for pk, data in shown_to_agents(at_work).items()
    }
    for row in conversations:
        may_read = row.pk in in_history or (row.pk in served and row.state in BEFORE_HISTORY)
        seen[row.pk] = seen.get(row.pk, {}) | (row.kept_data if may_read else {})
    return seen
