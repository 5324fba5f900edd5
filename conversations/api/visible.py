"""What a caller may see of conversations, and of their data at this moment."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from channels_cfg.models import Right, User
from conversations.attached_data.visible import is_at_work_on, shown_to_agents
from conversations.models import ACTIVE_STATES, Conversation, State
from conversations.models.conversation import ConversationQuerySet
from conversations.pairs import Pairs

BEFORE_HISTORY = (*ACTIVE_STATES, State.WRAP_UP)


def visible_to(user: User) -> ConversationQuerySet:
    """All conversations where the user may view history; those not yet handled where the user serves."""
    history = Conversation.objects.granting(Right.VIEW_HISTORY, to=user)
    at_work = Conversation.objects.granting(Right.SERVE, to=user).filter(state__in=BEFORE_HISTORY)
    return history | at_work


def data_seen_by(user: User, conversations: Collection[Conversation]) -> dict[uuid.UUID, Pairs]:
    """The attached data of each that the user may see now, in a number of queries that does not depend on theirs.

    While active: live data by the lists of rule 6, for whoever serves, that is, whom the conversation is allocated to,
    or, while it waits, whoever may take it. Afterwards: kept data, and to its agent also what the channel leaves
    visible until it is handled.
    """
    ids = [conversation.pk for conversation in conversations]
    served = _granted(Right.SERVE, user, ids)
    in_history = _granted(Right.VIEW_HISTORY, user, ids)
    at_work = [row for row in conversations if row.pk in served and is_at_work_on(row, user)]
    seen: dict[uuid.UUID, Pairs] = {
        pk: {datum.key: datum.value for datum in data} for pk, data in shown_to_agents(at_work).items()
    }
    for row in conversations:
        may_read = row.pk in in_history or (row.pk in served and row.state in BEFORE_HISTORY)
        seen[row.pk] = seen.get(row.pk, {}) | (row.kept_data if may_read else {})
    return seen


def _granted(right: Right, user: User, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    return set(Conversation.objects.granting(right, to=user).filter(pk__in=ids).values_list("pk", flat=True))
