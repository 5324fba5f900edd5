"""Conversations in each state, made by the deeds that lead there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from channels_cfg.models import Queue, Source, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation
from tests.factories.channels_cfg import ChannelFactory, UserFactory


class ConversationFactory(factory.django.DjangoModelFactory[Conversation]):
    """A bare record without legs or timeline; stories use the functions below."""

    channel = factory.SubFactory(ChannelFactory)
    customer_address = "358401234567"
    received_at = factory.LazyFunction(timezone.now)

    class Meta:
        model = Conversation


def queued_conversation(queue: Queue, *, data: dict[str, Any] | None = None, **facts: Any) -> Conversation:
    """A conversation that waits in the queue, received a minute ago, with these pairs from the customer."""
    now = facts.pop("now", None) or timezone.now() - timedelta(minutes=1)
    facts.setdefault("customer_address", "358401234567")
    conversation = lifecycle.receive(channel=queue.channel, queue=queue, now=now, **facts)
    if data:
        attach_data(conversation, data, source=Source.CUSTOMER, at=now)
    return conversation


def accepted_conversation(
    queue: Queue, *, agent: User | None = None, data: dict[str, Any] | None = None, **facts: Any
) -> Conversation:
    """A conversation that an agent serves."""
    waiting = queued_conversation(queue, data=data, **facts)
    return lifecycle.accept(waiting.pk, by=agent or UserFactory(), now=timezone.now())


def ended_conversation(
    queue: Queue, *, agent: User | None = None, data: dict[str, Any] | None = None, **facts: Any
) -> Conversation:
    """A conversation in wrap-up; of its data only what the settings keep is left."""
    served = accepted_conversation(queue, agent=agent, data=data, **facts)
    return lifecycle.end(served.pk, by=served.agent, ended_by=Conversation.Party.AGENT, now=timezone.now())
