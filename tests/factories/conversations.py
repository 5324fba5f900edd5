"""Conversations in each state, made by the actions that lead there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from channels_cfg.models import Queue, Source, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation, ExternalReference, Message
from tests.factories.channels_cfg import ChannelFactory, MessagingServiceFactory, UserFactory


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


def answerable_conversation(
    queue: Queue, *, agent: User, text: str = "Is it back in stock?", **facts: Any
) -> Conversation:
    """A WhatsApp conversation that the agent serves, whose customer has just written; nobody sends what is answered."""
    service = MessagingServiceFactory(queue=queue, key_id="key", key_secret="secret")
    reference = ExternalReference.objects.create(
        door="conversation_api", service=service, external_id="01CONVERSATION", contact_external_id="01CONTACT"
    )
    facts = {"messaging_channel": "WHATSAPP", "reference": reference} | facts
    conversation = accepted_conversation(queue, agent=agent, **facts)
    Message.objects.create(
        conversation=conversation,
        reference=reference,
        author="customer",
        text="Is it back in stock?",
        sent_at=timezone.now(),
    )
    return conversation
