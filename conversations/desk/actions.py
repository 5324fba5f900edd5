"""What an agent does to a conversation on the desk: who may, and the one call that does it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from channels_cfg.models import Queue, Right, User
from conversations import lifecycle
from conversations.lifecycle import TakenByAnother, WrongState
from conversations.models import Conversation, State


@transaction.atomic
def end(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """End a conversation that the agent serves. Ended already: nothing changes."""
    conversation = lifecycle.locked(conversation_id)
    if conversation.agent_id == by.pk and conversation.state in (State.WRAP_UP, State.HANDLED):
        return conversation
    _check_serving(conversation, by, "end", State.ACCEPTED)
    return lifecycle.end(conversation_id, by=by, ended_by=Conversation.Party.AGENT, now=now)


@transaction.atomic
def handle(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Close the wrap-up of a conversation that the agent served."""
    conversation = lifecycle.locked(conversation_id)
    if conversation.agent_id != by.pk and conversation.agent_id is not None:
        raise TakenByAnother(conversation, "handle")
    return lifecycle.handle(conversation_id, by=by, now=now)


def _check_serving(conversation: Conversation, agent: User, action: str, *needed: State) -> None:
    if conversation.agent_id is not None and conversation.agent_id != agent.pk:
        raise TakenByAnother(conversation, action)
    if conversation.state not in needed:
        raise WrongState(conversation, action, *needed)


def queues_to_transfer_to(conversation: Conversation, *, agent: User) -> list[Queue]:
    """The other queues of the channel on which the agent holds any right."""
    held = {pk for right in Right for pk in Queue.objects.granting(right, to=agent).values_list("pk", flat=True)}
    others = Queue.objects.filter(pk__in=held - {conversation.queue_id}, channel=conversation.channel_id)
    return list(others.select_related("channel").order_by("name"))
