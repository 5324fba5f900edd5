"""What an agent does to a conversation on the desk: who may, and the one call that does it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q

from channels_cfg.models import AccessRight, Queue, Right, Source, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.desk import wrap_up
from conversations.lifecycle import TakenByAnother, WrongState
from conversations.models import AgentPresence, Conversation, Leg, State

Action = Callable[..., Conversation]


@transaction.atomic
def end(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """End a conversation that the agent serves. Ended already: nothing changes."""
    conversation = lifecycle.locked(conversation_id)
    if conversation.agent_id == by.pk and conversation.state in (State.WRAP_UP, State.HANDLED):
        return conversation
    _check_serving(conversation, by)
    return lifecycle.end(conversation_id, by=by, ended_by=Conversation.Party.AGENT, now=now)


@transaction.atomic
def _while_serving(act: Action, conversation_id: uuid.UUID, *, by: User, now: datetime, **what: object) -> Conversation:
    """What only the agent does who serves it."""
    _check_serving(lifecycle.locked(conversation_id), by)
    return act(conversation_id, by=by, now=now, **what)


@transaction.atomic
def end_consultation(conversation_id: uuid.UUID, *, by: User, now: datetime) -> Conversation:
    """Back to the customer: the agent who asked says so, or whoever was asked."""
    conversation = lifecycle.locked(conversation_id)
    if not conversation.legs.there().filter(entry=Leg.Entry.CONSULTATION, agent=by).exists():
        _check_serving(conversation, by)
    return lifecycle.end_consultation(conversation_id, by=by, now=now)


@transaction.atomic
def attach(conversation_id: uuid.UUID, *, by: User, now: datetime, key: str, value: str) -> Conversation:
    """Attach a pair that the agent enters. Raises ``RefusedPairs``."""
    conversation = lifecycle.locked(conversation_id)
    _check_serving(conversation, by)
    attach_data(conversation, {key: value}, source=Source.AGENT, at=now, by=by)
    return conversation


def _check_serving(conversation: Conversation, agent: User) -> None:
    if conversation.agent_id is not None and conversation.agent_id != agent.pk:
        raise TakenByAnother(conversation)
    if conversation.state != State.ACCEPTED:
        raise WrongState(conversation, State.ACCEPTED)


ACTIONS: dict[str, Action] = {
    "accept": lifecycle.accept,
    "reject": lifecycle.reject,
    "hold": partial(_while_serving, lifecycle.hold),
    "resume": partial(_while_serving, partial(lifecycle.hold, resume=True)),
    "accept_consultation": lifecycle.accept_consultation,
    "end_consultation": end_consultation,
    "conference": partial(_while_serving, lifecycle.conference),
    "end": end,
    "handle": wrap_up.finish,
}
"""By the last part of their address."""

TO_ANOTHER: dict[str, Action] = {
    "transfer": partial(_while_serving, lifecycle.transfer),
    "consult": partial(_while_serving, lifecycle.consult),
}


def queues_to_transfer_to(conversation: Conversation, *, agent: User) -> list[Queue]:
    """The other queues of the channel on which the agent holds any right."""
    held = Queue.objects.granting_any_right(to=agent).filter(channel=conversation.channel_id)
    return [queue for queue in held.select_related("channel").order_by("name") if queue.pk != conversation.queue_id]


def colleagues(conversation: Conversation, *, agent: User) -> list[User]:
    """The other people who may serve the conversation's queue, those who are ready first."""
    if conversation.queue is None:
        return []
    held = AccessRight.objects.filter(right=Right.SERVE).filter(
        Q(queue=conversation.queue) | Q(queue_group__queues=conversation.queue)
    )
    people = User.objects.filter(is_api_client=False, is_active=True).exclude(pk=agent.pk)
    serving = people.filter(Q(access_rights__in=held) | Q(groups__access_rights__in=held))
    in_order = serving.distinct().select_related("presence").order_by("first_name", "last_name", "username")
    return sorted(in_order, key=lambda colleague: not _is_ready(colleague))


def _is_ready(agent: User) -> bool:
    presence = getattr(agent, "presence", None)
    return presence is not None and presence.status == AgentPresence.Status.READY
