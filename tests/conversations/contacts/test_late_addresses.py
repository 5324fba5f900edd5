"""An address comes after the conversation did, or its contact does: it is associated, or candidates are offered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.contacts import records
from conversations.contacts.associating import associate, dissociate
from conversations.contacts.identifiers import channel_identity, email, phone
from conversations.contacts.merging import merge
from conversations.contacts.recognising import candidates
from conversations.doors import references
from conversations.models import Association, Conversation, Event
from tests.conversations.contacts.test_associating import AGENT, how_associated
from tests.conversations.doors.conversation_api.conftest import Sender, contact_news, message
from tests.conversations.doors.conversation_api.conftest import sender as sender
from tests.conversations.doors.conversation_api.conftest import service as service
from tests.factories import (
    AttachedKeyFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    queued_conversation,
)

pytestmark = pytest.mark.django_db


def waiting(address: str = "358401234567", **facts: Any) -> Conversation:
    return queued_conversation(QueueFactory(), customer_address=address, **facts)


@pytest.mark.parametrize(
    ("address", "identifier"),
    [
        ("358401234567", phone("+358 40 1234567")),
        ("+358401234567", phone("+358 40 1234567")),
        ("Ada@Example.com", email("ada@example.com")),
    ],
)
def test_who_becomes_a_contact_is_the_customer_of_the_open_conversation(address: str, identifier: Any):
    open_one, over = waiting(address), ended_conversation(QueueFactory(), customer_address=address)
    elsewhere = waiting("358409999999")
    version = Conversation.objects.get(pk=open_one.pk).version

    contact = external_contact(identifiers=(identifier,))

    assert how_associated(open_one) == (contact, "automatic")
    assert Event.objects.get(kind="associated").detail == {"contact": str(contact.pk), "how": "automatic"}
    assert Conversation.objects.get(pk=open_one.pk).version == version + 1
    assert not Association.objects.filter(conversation__in=[over, elsewhere]).exists()


def test_a_contact_that_gets_the_identifier_later_is_the_customer():
    conversation, contact = waiting(), external_contact()
    assert not Association.objects.exists()

    records.claim(contact.pk, phone("+358401234567"), now=timezone.now())

    assert how_associated(conversation) == (contact, "automatic")


def test_an_identity_on_a_channel_that_a_contact_gets_counts_on_that_channel_alone():
    on_messenger = waiting("7746490198930851", messaging_channel="MESSENGER")
    on_line = waiting("7746490198930851", messaging_channel="LINE")
    contact = external_contact()

    records.claim(contact.pk, channel_identity("MESSENGER", "7746490198930851"), now=timezone.now())

    assert how_associated(on_messenger)[0] == contact
    assert not Association.objects.filter(conversation=on_line).exists()


def test_contacts_that_become_one_are_the_customer_whom_several_might_have_been(sender: Sender):
    by_number = external_contact(phone="+358401234567")
    by_email = external_contact(email="ada@example.com")
    sender.tell(contact_news("create", email="ada@example.com"), message())
    conversation = Conversation.objects.get()
    assert candidates(conversation)[:2] == [by_number, by_email] and not Association.objects.exists()

    merge([by_email.pk, by_number.pk], now=timezone.now())

    assert how_associated(conversation) == (by_email, "automatic")


def test_what_the_messaging_project_tells_later_leads_to_the_contact(
    sender: Sender, django_capture_on_commit_callbacks: Any
):
    contact = external_contact(email="ada@example.com")
    sender.tell(message())
    assert not Association.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        sender.tell(contact_news("update", email="ADA@example.com"))

    assert how_associated(Conversation.objects.get()) == (contact, "automatic")


def test_what_leads_to_several_associates_none_and_offers_all(sender: Sender, django_capture_on_commit_callbacks: Any):
    sender.tell(message())
    first = external_contact("Aino", email="ada@example.com")
    second = external_contact("Aila", identifiers=(channel_identity("WHATSAPP", "358409999999"),))
    identities = [{"channel": "WHATSAPP", "identity": "358409999999", "app_id": ""}]

    with django_capture_on_commit_callbacks(execute=True):
        sender.tell(contact_news("update", email="ada@example.com", channel_identities=identities))

    assert not Association.objects.exists()
    assert candidates(Conversation.objects.get())[:2] == [first, second]


def test_a_number_that_is_attached_may_be_of_somebody_else_and_is_offered():
    conversation = waiting("nobody in particular")
    AttachedKeyFactory(name="callback", kind="phone")
    AttachedKeyFactory(name="invoices", kind="email")
    AttachedKeyFactory(name="note", kind="text")
    told = {"callback": "+358401234567", "invoices": "ada@example.com", "note": "eero@example.com"}
    attach_data(conversation, told, source=Source.AGENT, at=timezone.now())

    by_number = external_contact("Aino", phone="+358401234567")
    by_email = external_contact("Ada", email="ada@example.com")
    external_contact("Eero", email="eero@example.com")

    assert not Association.objects.exists()
    assert candidates(conversation) == [by_number, by_email]


def test_whom_an_agent_took_off_does_not_come_back_by_itself():
    agent = UserFactory()
    conversation = accepted_conversation(QueueFactory(), agent=agent, customer_address="358401234567")
    wrong = external_contact()
    associate(conversation.pk, wrong.pk, how=AGENT, by=agent, now=timezone.now())
    dissociate(conversation.pk, how=AGENT, by=agent, now=timezone.now())

    records.claim(wrong.pk, phone("+358401234567"), now=timezone.now())

    assert not Association.objects.exists()
    assert candidates(conversation) == [wrong]


def test_a_conversation_that_is_associated_stays_so():
    conversation, known = waiting(), external_contact()
    associate(conversation.pk, known.pk, how=Association.How.API, by=None, now=timezone.now())

    external_contact("Eero", phone="+358401234567")
    lifecycle.end(conversation.pk, now=timezone.now())

    assert how_associated(conversation) == (known, "api")


def test_a_contact_without_a_new_address_looks_at_no_conversation(django_assert_num_queries: Any):
    contact = external_contact(phone="+358401234567")
    details = records.Details({"title": "Dr."}, [phone("+358401234567").in_slot("work_phone")])

    with django_assert_num_queries(9) as asked:
        records.change(contact.pk, details, now=timezone.now())

    assert not any("conversations_conversation" in one["sql"] for one in asked.captured_queries)


def test_the_address_of_a_first_message_that_comes_last_counts(django_capture_on_commit_callbacks: Any):
    contact, queue, now = external_contact(phone="+358401234567"), QueueFactory(), timezone.now()
    reference = references.hold("echo", "T1")
    conversation, is_first = references.conversation_of(reference, now, queue=queue)

    with django_capture_on_commit_callbacks(execute=True):
        earlier = now - timedelta(seconds=1)
        references.conversation_of(reference, earlier, queue=queue, customer_address="358401234567")

    assert is_first and how_associated(conversation) == (contact, "automatic")
