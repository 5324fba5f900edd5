"""Conversations are associated with contacts: by themselves, whichever door they come through, or by somebody."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import Channel, QueueAddress, Right
from conversations import lifecycle
from conversations.contacts.associating import OtherContact, associate, dissociate
from conversations.contacts.identifiers import channel_identity
from conversations.contacts.recognising import candidates
from conversations.models import Association, Contact, Conversation, Event, ReportableChange
from conversations.tasks import work_on_waiting_jobs
from tests.conversations.api.conftest import client_with
from tests.conversations.doors.conversation_api.conftest import Sender, contact_news, message
from tests.conversations.doors.conversation_api.conftest import sender as sender
from tests.conversations.doors.conversation_api.conftest import service as service
from tests.conversations.doors.mail.test_applied import arrives
from tests.conversations.doors.mail.test_parsing import mail
from tests.conversations.doors.web_chat.conftest import ADDRESS, SHOP, Visitor
from tests.factories import (
    ChannelFactory,
    MailBoxFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    queued_conversation,
)

pytestmark = pytest.mark.django_db
AGENT, API = Association.How.AGENT, Association.How.API


def how_associated(conversation: Conversation) -> tuple[Any, str]:
    made = Association.objects.get(conversation=conversation)
    return made.contact, made.how


# By themselves


def test_a_message_is_from_whoever_has_its_number(sender: Sender):
    contact = external_contact(phone="+358 40 1234567")

    sender.tell(message())

    assert how_associated(Conversation.objects.get()) == (contact, "automatic")
    event = Event.objects.get(kind="associated")
    assert event.detail == {"contact": str(contact.pk), "how": "automatic"} and event.actor is None


def test_who_is_known_on_one_channel_is_known_on_the_others_of_the_same_messaging_contact(sender: Sender):
    contact = external_contact(phone="+358401234567")
    sender.tell(contact_news("create"), message())

    other = message()
    body = other["message"]
    body |= {"id": "01OTHER", "conversation_id": "01OTHERTHREAD"}
    body["channel_identity"] = {"channel": "MESSENGER", "identity": "7746490198930851", "app_id": ""}
    sender.tell(other)

    assert Contact.objects.get().external_contact == contact
    assert [made.contact for made in Association.objects.all()] == [contact, contact]


def test_who_was_known_by_a_contact_is_known_by_the_one_it_was_merged_into(sender: Sender):
    contact = external_contact(phone="+358401234567")
    sender.tell(contact_news("create"), message())
    merged = {"preserved_contact": {"id": "01KEPT"}, "deleted_contact": {"id": "01CONTACT"}}

    sender.tell({"accepted_time": "2026-02-13T08:30:00Z", "contact_merge_notification": merged})
    assert Contact.objects.get(external_id="01KEPT").external_contact == contact
    sender.tell(contact_news("delete", id="01KEPT"))

    assert not Contact.objects.exclude(external_contact=None).exists()


def test_a_call_is_from_whoever_has_its_number():
    queue = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.VOICE))
    contact = external_contact(phone="+358 40 9876543")
    told = {"call_id": "c1", "from": "+358 40 987 6543", "queue": queue.name}

    client_with(Right.SERVE, on=queue).post_json("/api/v1/calls", told)

    assert how_associated(Conversation.objects.get()) == (contact, "automatic")


def test_a_task_and_a_mail_are_from_whoever_has_their_address(settings: Any, tmp_path: Any):
    settings.MEDIA_ROOT = tmp_path
    queue = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.EMAIL))
    QueueAddress.objects.create(queue=queue, address="tasks@example.com")
    contact = external_contact(email="Marta@Example.com")
    item = {"item": {"type": "XRI", "queue": "tasks@example.com"}, "fromAddress": "MARTA@example.com"}

    answer = client_with(Right.SERVE, on=queue).post_json(
        "/RTI/tasks", {"data": item | {"subject": "s", "toAddress": "t@example.com"}}
    )
    assert answer.status_code == 201, answer.content
    work_on_waiting_jobs("conversations.InboundDelivery")
    arrives(MailBoxFactory(queue=queue), mail())

    assert [made.contact for made in Association.objects.all()] == [contact, contact]


def test_a_visitor_is_whoever_has_the_address_typed_in_the_form():
    queue = QueueFactory(channel=ChannelFactory(allowed_origins=[SHOP]))
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    contact = external_contact(email="ada@example.com")

    Visitor().start(name="Ada", email="ADA@example.com")

    assert how_associated(Conversation.objects.get()) == (contact, "automatic")


def test_where_identifiers_lead_to_several_contacts_nobody_is_taken_and_all_are_offered(sender: Sender):
    by_number = external_contact("Aino", phone="+358401234567")
    by_identity = external_contact("Aila", identifiers=(channel_identity("WHATSAPP", "358409999999"),))
    by_name = external_contact("Ada", "Lovelace")
    external_contact("Ida", "Lovelace")
    identities = [{"channel": "WHATSAPP", "identity": "358409999999", "app_id": ""}]

    sender.tell(contact_news("create", channel_identities=identities), message())

    conversation = Conversation.objects.get()
    assert not Association.objects.exists()
    assert candidates(conversation) == [by_number, by_identity, by_name]


def test_who_is_unknown_has_no_contact_and_costs_one_query_more(django_assert_num_queries: Any):
    queue = QueueFactory()
    waiting = queued_conversation(queue, customer_address="nobody in particular", customer_name="")

    assert not Association.objects.exists()
    with django_assert_num_queries(1):
        assert candidates(waiting) == []


# By somebody


def test_what_is_confirmed_is_recorded_and_taken_off_again():
    agent = UserFactory()
    conversation = accepted_conversation(QueueFactory(), agent=agent)
    contact, other = external_contact(), external_contact("Eero")
    version = Conversation.objects.get().version

    associate(conversation.pk, contact.pk, how=AGENT, by=agent, now=timezone.now())
    associate(conversation.pk, contact.pk, how=AGENT, by=agent, now=timezone.now())
    with pytest.raises(OtherContact) as refused:
        associate(conversation.pk, other.pk, how=API, by=agent, now=timezone.now(), replace=False)
    associate(conversation.pk, other.pk, how=API, by=agent, now=timezone.now())
    dissociate(conversation.pk, how=AGENT, by=agent, now=timezone.now())
    dissociate(conversation.pk, how=AGENT, by=agent, now=timezone.now())

    assert refused.value.contact_id == contact.pk
    assert not Association.objects.exists()
    assert [(event.kind, event.actor, event.detail) for event in Event.objects.filter(kind__contains="ssociated")] == [
        ("associated", agent, {"contact": str(contact.pk), "how": "agent"}),
        ("associated", agent, {"contact": str(other.pk), "how": "api", "before": str(contact.pk)}),
        ("dissociated", agent, {"contact": str(other.pk), "how": "agent"}),
    ]
    assert Conversation.objects.get().version == version + 3


def test_who_was_confirmed_once_is_recognised_the_next_time_until_that_is_undone(sender: Sender):
    sender.tell(contact_news("create"), message())
    first = Conversation.objects.get()
    contact = external_contact()
    associate(first.pk, contact.pk, how=AGENT, by=UserFactory(), now=timezone.now())
    assert Contact.objects.get().external_contact == contact

    dissociate(first.pk, how=AGENT, by=UserFactory(), now=timezone.now())

    assert Contact.objects.get().external_contact is None


def test_a_conversation_that_is_over_keeps_its_contact_as_it_is():
    contact = external_contact()
    wrapped_up = ended_conversation(QueueFactory())
    ReportableChange.objects.all().delete()

    associate(wrapped_up.pk, contact.pk, how=AGENT, by=wrapped_up.agent, now=timezone.now())
    lifecycle.handle(wrapped_up.pk, by=wrapped_up.agent, now=timezone.now())

    assert ReportableChange.objects.filter(conversation=wrapped_up).count() == 2
    with pytest.raises(lifecycle.WrongState):
        dissociate(wrapped_up.pk, how=AGENT, by=wrapped_up.agent, now=timezone.now())
    with pytest.raises(lifecycle.WrongState):
        associate(wrapped_up.pk, external_contact("Eero").pk, how=API, by=None, now=timezone.now())
