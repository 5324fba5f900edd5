from typing import Any

import pytest

from conversations.models import Contact, Conversation, ReportableChange
from tests.conversations.doors.conversation_api.conftest import Sender, contact_news, conversation_news, message
from tests.factories import MessagingServiceFactory, WebhookSecretFactory


def merge(preserved: dict[str, Any], deleted: dict[str, Any], at: str = "2026-02-13T08:30:00Z") -> dict[str, Any]:
    return {
        "accepted_time": at,
        "contact_merge_notification": {"preserved_contact": preserved, "deleted_contact": deleted},
    }


def test_a_conversation_bears_the_name_of_its_contact(sender: Sender) -> None:
    sender.tell(contact_news("create"), message())

    assert Conversation.objects.get().customer == "Ada Lovelace"


def test_a_name_that_comes_after_the_end_is_shown_and_reported(sender: Sender) -> None:
    sender.tell(message(), conversation_news("stop"))
    ReportableChange.objects.all().delete()

    sender.tell(contact_news("create"))

    conversation = Conversation.objects.get()
    assert conversation.customer == "Ada Lovelace"
    assert ReportableChange.objects.filter(conversation=conversation).exists()


@pytest.mark.parametrize("missing", ["", "Unknown", "unknown"])
def test_a_name_that_the_sender_does_not_know_is_none(sender: Sender, missing: str) -> None:
    sender.tell(contact_news("create", display_name=missing), message())

    assert Conversation.objects.get().customer == "358401234567"


def test_the_newest_name_counts(sender: Sender) -> None:
    sender.tell(
        contact_news("update", at="2026-02-13T09:00:00Z", display_name="Ada King"),
        message(),
        contact_news("create", at="2026-02-13T07:00:00Z"),
    )

    assert Conversation.objects.get().customer_name == "Ada King"


def test_a_deleted_contact_stays_as_an_empty_row(sender: Sender) -> None:
    sender.tell(contact_news("create", email="ada@example.com"), message())

    sender.tell(contact_news("delete", at="2026-02-13T08:00:00Z"), contact_news("update", at="2026-02-13T09:00:00Z"))

    contact = Contact.objects.get()
    assert contact.deleted_at
    assert (contact.display_name, contact.email, contact.identities) == ("", "", [])
    assert Conversation.objects.get().customer_name == ""


def test_conversations_of_a_merged_contact_bear_the_name_of_the_one_that_stays(sender: Sender) -> None:
    sender.tell(contact_news("create"), message())

    sender.tell(merge({"id": "01KEPT", "display_name": "Countess"}, {"id": "01CONTACT"}))

    assert Conversation.objects.get().customer_name == "Countess"
    assert Contact.objects.get(external_id="01CONTACT").merged_into == "01KEPT"


def test_contacts_merged_into_each_other_have_no_name(sender: Sender) -> None:
    sender.tell(merge({"id": "01KEPT"}, {"id": "01CONTACT"}), merge({"id": "01CONTACT"}, {"id": "01KEPT"}))

    delivery = sender.tell(message())

    assert delivery.state == "applied"
    assert Conversation.objects.get().customer_name == ""


def test_services_of_one_project_share_its_contacts(sender: Sender) -> None:
    other_service = MessagingServiceFactory(project_id=sender.service.project_id)
    other = Sender(WebhookSecretFactory(service=other_service, secret="another secret"))

    other.tell(contact_news("create"))
    sender.tell(message())

    assert Conversation.objects.get().customer_name == "Ada Lovelace"


def test_a_project_knows_nothing_of_anothers_contacts(sender: Sender) -> None:
    other_service = MessagingServiceFactory(project_id="another project")
    other = Sender(WebhookSecretFactory(service=other_service, secret="another secret"))

    other.tell(contact_news("create"))
    sender.tell(message())

    assert Conversation.objects.get().customer_name == ""


@pytest.mark.parametrize("broken", [None, [], {}, {"contact": None}, {"contact": {"id": 7}}])
def test_news_of_no_contact_is_accepted_and_noted(sender: Sender, broken: Any) -> None:
    delivery = sender.tell({"contact_create_notification": broken})

    assert (delivery.state, delivery.notes) == ("ignored", ["It names no contact."])
