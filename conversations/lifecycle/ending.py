"""A conversation ends, and its wrap-up."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from channels_cfg.models import User
from channels_cfg.prepared import written_together
from conversations.attached_data.ending import destroy_all, destroy_live_data, keep_what_the_settings_keep
from conversations.attached_data.settings import settings_of
from conversations.lifecycle.changes import WrongState, free, locked, save, tell
from conversations.lifecycle.participants import leave
from conversations.models import ACTIVE_STATES, Conversation, Draft, Event, IntegrationRun, State, tell_readers


@transaction.atomic
@written_together()
def end(
    conversation_id: uuid.UUID, *, now: datetime, ended_by: str = Conversation.Party.SYSTEM, by: User | None = None
) -> Conversation:
    """End it. Accepted: what the settings keep is kept, the rest destroyed, and wrap-up begins. Otherwise: abandoned,
    or a false attempt, and everything is destroyed.

    A conversation that was accepted once and leaves while it waits again after a transfer keeps its data too; with
    no agent to wrap it up it is handled at once.
    """
    conversation = locked(conversation_id)
    if conversation.state not in ACTIVE_STATES:
        return conversation
    was_served = conversation.state == State.ACCEPTED
    # News may be late: nothing ends before it began.
    conversation.ended_at = max(now, conversation.received_at)
    conversation.ended_by = ended_by
    leave(conversation, at=conversation.ended_at)
    if conversation.accepted_at:
        conversation.state = State.WRAP_UP if was_served else State.HANDLED
        conversation.handled_at = None if was_served else conversation.ended_at
        tell(conversation, Event.Kind.ENDED, at=conversation.ended_at, by=by, ended_by=ended_by)
        keep_what_the_settings_keep(conversation, now=conversation.ended_at)
        if conversation.state == State.HANDLED:
            destroy_live_data(conversation)
        save(conversation)
    else:
        destroy_all(conversation)
        tell(conversation, Event.Kind.ABANDONED, at=conversation.ended_at, by=by, ended_by=ended_by)
        save_unaccepted(conversation)
    Draft.objects.forget(conversation)
    IntegrationRun.objects.erase_exchanges_of_ended(conversation, now=now)
    if conversation.state != State.WRAP_UP:
        free(conversation.agent_id, at=conversation.ended_at)
    tell_readers((conversation.pk, now))
    return conversation


def save_unaccepted(conversation: Conversation) -> None:
    """Save one that ended unaccepted: a false attempt where it waited less than the limit, else abandoned; that too
    where its queue turned it away. One that never came to wait, since it ended in the IVR, is judged by its whole time.
    """
    conversation.state = State.ABANDONED
    save(conversation)
    conversation.refresh_from_db(fields=["waited"])
    limit = timedelta(seconds=settings_of(conversation).false_attempt_seconds.value)
    lasted = conversation.waited
    if conversation.ended_at and not conversation.queued_at and not conversation.allocated_at:
        lasted = conversation.ended_at - conversation.received_at
    if lasted < limit and not conversation.events.filter(kind=Event.Kind.TURNED_AWAY).exists():
        conversation.state = State.FALSE_ATTEMPT
        conversation.save(update_fields=["state"])


@transaction.atomic
@written_together()
def handle(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Wrap-up is over."""
    conversation = locked(conversation_id)
    if conversation.state == State.HANDLED:
        return conversation
    if conversation.state != State.WRAP_UP:
        raise WrongState(conversation, State.WRAP_UP)
    conversation.state = State.HANDLED
    conversation.handled_at = now
    destroy_live_data(conversation)
    tell(conversation, Event.Kind.HANDLED, at=now, by=by)
    save(conversation)
    free(conversation.agent_id, at=now)
    tell_readers((conversation.pk, now))
    return conversation
