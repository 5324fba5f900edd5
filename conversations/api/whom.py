"""Whom an action names, and in whose name it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from channels_cfg.models import Queue, Right, User
from conversations import lifecycle
from conversations.lifecycle import TakenByAnother
from conversations.models import Conversation, Event, Leg, State, direct_agents


def queue_served(name: str, *, by: User) -> Queue:
    """The queue of that name; one on which the user does not serve is as if it were not there."""
    queue = Queue.objects.granting(Right.SERVE, to=by).select_related("channel").filter(name=name).first()
    if queue is None:
        raise ValidationError({"queue": "You serve no queue of this name."})
    return queue


def colleague(username: str, *, conversation: Conversation, by: User, asked: Leg | None = None) -> User:
    """The user of that name who may serve the conversation, or the queue that is ``asked``; anybody else is as if not
    there."""
    agent = User.objects.filter(username=username, is_active=True).first()
    if agent is None or not (_may_serve(agent, conversation, by) or _serves(agent, asked.queue_id if asked else None)):
        raise ValidationError({"agent": "Nobody of this user name serves this conversation's queue."})
    return agent


def _may_serve(agent: User, conversation: Conversation, by: User) -> bool:
    if conversation.queue_id:
        return _serves(agent, conversation.queue_id)
    return all(agent.pk in direct_agents(Right.SERVE, user) for user in (agent, by))


def _serves(agent: User, queue_id: int | None) -> bool:
    return queue_id is not None and Queue.objects.granting(Right.SERVE, to=agent).filter(pk=queue_id).exists()


def servers(field: str, usernames: list[str], queue: Queue) -> list[User]:
    """The users of these names, all of whom serve the queue."""
    found = list(User.objects.filter(username__in=usernames, is_active=True))
    serving = [user for user in found if Queue.objects.granting(Right.SERVE, to=user).filter(pk=queue.pk).exists()]
    if {user.username for user in serving} != set(usernames):
        raise ValidationError({field: "Nobody of this user name serves the queue."})
    return serving


def acting(conversation: Conversation, user: User, order: dict[str, Any], *, asked: Leg | None) -> User:
    """A person acts; an API client acts for the telephone system, in the name of the agent it names."""
    if "agent" in order:
        agent = colleague(order["agent"], conversation=conversation, by=user, asked=asked)
        if agent != user and not user.is_api_client:
            raise ValidationError({"agent": "Only an API client acts in the name of others."})
        return agent
    return user


def asked_in_consultation(conversation: Conversation) -> Leg | None:
    """The leg of who is asked in a consultation and has not accepted yet; a queue's, until somebody takes it."""
    asked = conversation.legs.there().filter(entry=Leg.Entry.CONSULTATION).select_related("agent", "queue")
    return asked.exclude(purpose=Leg.Purpose.AGENT, connected_at__isnull=False).first()


def is_consulting(conversation: Conversation) -> bool:
    """Whether somebody is consulted, or asked to be."""
    return conversation.legs.there().filter(entry=Leg.Entry.CONSULTATION).exists()


def declined_by(conversation: Conversation) -> User | None:
    """Who ended the latest consultation, or, while it waits again, rejected the latest offer; None where that is not
    what happened last."""
    kinds = (Event.Kind.CONSULTED, Event.Kind.CAME_BACK)
    if conversation.state != State.ACCEPTED:
        kinds = (Event.Kind.ALLOCATED, Event.Kind.REJECTED)
    last = conversation.events.filter(kind__in=kinds).select_related("actor").order_by("id").last()
    return last.actor if last and last.kind == kinds[1] else None


@contextmanager
def holding_own(conversation: Conversation, user: User) -> Iterator[None]:
    """A person does this to own conversations only, and holds the conversation meanwhile; an API client acts for the
    telephone system, and for all. Raises ``TakenByAnother``."""
    if user.is_api_client:
        yield
        return
    with transaction.atomic():
        check_own(lifecycle.locked(conversation.pk), user)
        yield


def check_own(held: Conversation, user: User) -> None:
    """Raises ``TakenByAnother`` where the conversation is another's, and the user a person."""
    if held.agent_id not in (None, user.pk) and not user.is_api_client:
        raise TakenByAnother(held)
