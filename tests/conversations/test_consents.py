"""Who is shown what a customer consented to, and where."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Right, User
from conversations import consents
from conversations.models import Consent, Conversation, ExternalReference
from conversations.timeline import timeline
from tests.factories import MessagingServiceFactory, UserFactory, accepted_conversation, grant, user_with


@pytest.fixture
def conversation(db: None) -> Conversation:
    """A WhatsApp conversation that began an hour ago, whose customer opted in before it, and out in it."""
    service = MessagingServiceFactory()
    reference = ExternalReference.objects.create(door="conversation_api", service=service, external_id="01CONVERSATION")
    began = timezone.now() - timedelta(hours=1)
    facts = {"messaging_channel": "WHATSAPP", "reference": reference, "now": began}
    agent = user_with(Right.SERVE, Right.VIEW_HISTORY, on=service.queue)
    conversation = accepted_conversation(service.queue, agent=agent, **facts)
    of_customer = {"channel": "WHATSAPP", "address": conversation.customer_address}
    consents.record(service, **of_customer, given=True, at=began - timedelta(days=1))
    by_hand = {"source": Consent.ConsentSource.CONFIGURATOR, "by": UserFactory(first_name="Ada")}
    consents.record(service, **of_customer, given=False, at=began + timedelta(minutes=59, seconds=50), **by_hand)
    return conversation


def shown(user: User, path: str) -> str:
    browser = Client()
    browser.force_login(user)
    return re.sub(r"\s+", " ", browser.get(path).content.decode())


@pytest.mark.parametrize("page", ["/desk/{}/", "/history/{}/"])
def test_only_who_may_view_consents_is_shown_them(conversation: Conversation, page: str):
    address = page.format(conversation.pk)
    agent = conversation.agent
    before = shown(agent, address)

    grant(agent, Right.VIEW_CONSENTS, on=conversation.queue)
    after = shown(agent, address)

    assert "opted out since" not in before.lower() and "Opted out" not in before
    assert "opted out since" in after
    assert ("Opted out" in after) is page.startswith("/history")


def test_the_timeline_tells_what_was_said_meanwhile(conversation: Conversation):
    told = timeline(conversation, consents.consents_of(conversation))

    labels = [entry.label for entry in told]
    assert labels == ["Received", "Queued", "Opted out", "Offered", "Accepted"]
    assert told[2].since_previous == timedelta(minutes=59, seconds=50)
    assert (told[2].detail, told[2].actor) == ("System Configurator", "Ada")
    assert [entry.label for entry in timeline(conversation)] == ["Received", "Queued", "Offered", "Accepted"]


@pytest.mark.django_db
def test_where_the_channel_asks_for_no_opt_in_none_is_missed(conversation: Conversation):
    viewer = user_with(Right.VIEW_CONSENTS, on=conversation.queue)
    assert len(consents.shown_to(viewer, conversation) or []) == 2

    Conversation.objects.update(messaging_channel="SMS")

    assert consents.shown_to(viewer, Conversation.objects.get()) is None
