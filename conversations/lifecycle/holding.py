"""The customer is put on hold, and taken off again."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from channels_cfg.models import User
from channels_cfg.prepared import write, written_together
from conversations.lifecycle.changes import WrongState, locked, save, tell
from conversations.lifecycle.participants import end_holds, leg_of_agent, there
from conversations.models import Conversation, Event, State


@transaction.atomic
@written_together()
def hold(conversation_id: uuid.UUID, *, by: User, now: datetime, resume: bool = False) -> Conversation:
    """Put an accepted conversation on hold, or take it off again."""
    conversation = locked(conversation_id)
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)
    if (take_off_hold if resume else put_on_hold)(conversation, at=now, by=by):
        save(conversation)
    return conversation


_HOLD = "INSERT INTO conversations_hold (conversation_id, leg_id, started_at) VALUES (%s, %s, %s)"


def put_on_hold(conversation: Conversation, *, at: datetime, by: User) -> bool:
    """Whether the customer was not on hold already."""
    leg = leg_of_agent(conversation)
    if leg is None or there(conversation, is_holding=True):
        return False
    write(_HOLD, [conversation.pk, leg.pk, at])
    leg.is_holding = True
    tell(conversation, Event.Kind.HELD, at=at, by=by)
    return True


def take_off_hold(conversation: Conversation, *, at: datetime, by: User) -> bool:
    """Whether the customer was on hold."""
    if not end_holds(there(conversation), at=at):
        return False
    tell(conversation, Event.Kind.RESUMED, at=at, by=by)
    return True
