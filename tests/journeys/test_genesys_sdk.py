"""Specification 004 from beginning to end, by the vendor's own SDK, against a portal that listens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.functional import SimpleLazyObject

from channels_cfg.models import QUEUE_RIGHTS, QueueAddress
from conversations.models import Association, Conversation, Event, ExternalContact
from tests.conversations.api.conftest import address as address
from tests.conversations.api.conftest import served as served
from tests.conversations.doors.web_chat.conftest import ADDRESS, SHOP, Visitor
from tests.factories import ApiKeyFactory, ChannelFactory, QueueFactory, UserFactory, grant

SDK = "PureCloudPlatformClientV2"
# Takes seconds, which a process that only collects tests need not spend.
Vendor: Any = SimpleLazyObject(lambda: pytest.importorskip(SDK, reason="the locked requirements are not installed"))
DNI = "12582152"


@pytest.fixture
def story(address: str) -> Iterator[tuple[Vendor.ApiClient, Conversation]]:
    """A visitor with a national id has opened a chat; the integrator's SDK has signed in."""
    queue = QueueFactory(channel=ChannelFactory(allowed_origins=[SHOP]))
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    user = grant(UserFactory(username="crm", is_api_client=True), *QUEUE_RIGHTS, on=queue)
    key = ApiKeyFactory(user=user)
    Visitor().start(name="Cliente Apellido", attached_data={"DNI": DNI, "tipoCliente": "FIRST"})
    usual = Vendor.configuration.host
    Vendor.configuration.host = address
    try:
        client = Vendor.api_client.ApiClient().get_client_credentials_token("crm", key.text)
        yield client, Conversation.objects.get()
    finally:
        Vendor.configuration.host = usual


def found_or_made(api: Vendor.ExternalContactsApi) -> str:
    """The story's first steps: search by the id in the title, page by page, and create where none is exactly it."""
    total = api.get_externalcontacts_contacts(page_size=1, page_number=1, q=DNI).total
    for page in range(1, total + 1):
        entity = api.get_externalcontacts_contacts(page_size=1, page_number=page, q=DNI).entities[0]
        if entity.title == DNI:
            return entity.id
    body = Vendor.ExternalContact()
    body.first_name, body.last_name, body.title = "Cliente", "Apellido", DNI
    return api.post_externalcontacts_contacts(body).id


def association(conversation: Conversation, contact: str | None, communication: str) -> Vendor.ConversationAssociation:
    body = Vendor.ConversationAssociation()
    body.conversation_id = str(conversation.pk)
    body.communication_id = communication
    body.media_type = "CHAT"
    if contact:
        body.external_contact_id = contact
    return body


def refusal(call: Any, *given: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(Vendor.rest.ApiException) as refused:
        call(*given)
    return refused.value.status, json.loads(refused.value.body)


def test_the_story_of_the_thread_ends_well(story: tuple[Vendor.ApiClient, Conversation]):
    client, conversation = story
    contacts = Vendor.ExternalContactsApi(client)
    conversations = Vendor.ConversationsApi(client)
    pk = str(conversation.pk)
    longer = Vendor.ExternalContact()
    longer.first_name, longer.last_name, longer.title = "Otra", "Persona", f"{DNI}78"
    contacts.post_externalcontacts_contacts(longer)

    contact = found_or_made(contacts)
    assert found_or_made(contacts) == contact and ExternalContact.objects.count() == 2

    # What the author did: by position, and the participant's id. There a silent success, here the way out.
    # Today's SDK has lost the call; the address is answered still.
    address, signed_in = f"/api/v2/conversations/chats/{pk}", ["PureCloud OAuth"]
    chat = client.call_api(address, "GET", response_type="object", auth_settings=signed_in)
    assert chat["participants"][0]["attributes"]["DNI"] == DNI
    by_position = association(conversation, contact, chat["participants"][1]["id"])
    status, said = refusal(contacts.put_externalcontacts_conversation, pk, by_position)
    assert (status, said["code"], said["details"][0]["purpose"]) == (422, "communication.is.participant.id", "acd")
    assert not Association.objects.exists()

    # What staff told: the communication of the participant whose purpose is customer; analytics calls it a session.
    whole = conversations.get_conversation(pk)
    customer = next(one for one in whole.participants if one.purpose in ("customer", "external"))
    communication = customer.chats[0].id
    details = Vendor.AnalyticsApi(client).get_analytics_conversation_details(pk)
    assert details.participants[0].sessions[0].session_id == communication
    assert communication in said["message"]
    contacts.put_externalcontacts_conversation(pk, association(conversation, contact, communication))

    made = Association.objects.get()
    assert (str(made.contact_id), made.how, made.by.username) == (contact, "api", "crm")
    assert conversations.get_conversation(pk).participants[0].external_contact_id == contact
    assert Event.objects.filter(kind="associated").count() == 1

    contacts.put_externalcontacts_conversation(pk, association(conversation, None, communication))
    assert not Association.objects.exists()


def test_the_rest_of_the_sdk_finds_what_it_expects(story: tuple[Vendor.ApiClient, Conversation]):
    client, conversation = story
    contacts = Vendor.ExternalContactsApi(client)
    pk = str(conversation.pk)
    body = Vendor.ExternalContact()
    body.first_name, body.last_name = "Aino", "Laine"
    body.work_phone = Vendor.PhoneNumber()
    body.work_phone.display = "+358 40 123 4567"
    one = contacts.post_externalcontacts_contacts(body)
    body.work_phone = None
    two = contacts.post_externalcontacts_contacts(body)

    asked = Vendor.ContactIdentifier()
    asked.type, asked.value = "Phone", "+358401234567"
    assert contacts.post_externalcontacts_identifierlookup_contacts(asked).id == one.id
    note = Vendor.Note()
    note.note_text = "likes tea"
    assert contacts.post_externalcontacts_contact_notes(one.id, note).created_by.id
    merging = Vendor.MergeContactsRequest()
    merging.contact_ids = [two.id, one.id]
    assert contacts.post_externalcontacts_contacts_merge(merging).id == two.id
    read = contacts.get_externalcontacts_contact(one.id)
    assert (read.id, read.work_phone.e164, read.create_date.year) == (two.id, "+358401234567", one.create_date.year)
    read.title = "Dr."
    assert contacts.put_externalcontacts_contact(read.id, read).title == "Dr."

    status, said = refusal(contacts.get_externalcontacts_contact, pk)
    assert (status, said["code"]) == (404, "contact.not.found")
    newer = association(conversation, read.id, pk)
    newer.media_type = "HOLOGRAM"  # the SDK sends outdated_sdk_version in its place
    status, said = refusal(contacts.put_externalcontacts_conversation, pk, newer)
    assert (status, said["code"]) == (400, "outdated.sdk")
    customer = Vendor.ConversationsApi(client).get_conversation(pk).participants[0]
    attributes = Vendor.ParticipantAttributes()
    attributes.attributes = {"rank": "1"}
    Vendor.ConversationsApi(client).patch_conversation_participant_attributes(pk, customer.id, attributes)
    assert Vendor.ConversationsApi(client).get_conversation(pk).participants[0].attributes["rank"] == "1"
    contacts.delete_externalcontacts_contact(two.id)
    assert not ExternalContact.objects.exists()
