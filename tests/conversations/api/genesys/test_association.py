"""``PUT /api/v2/externalcontacts/conversations/<id>``: every id is checked, and what is wrong with one is said."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, WEB_CHAT, Channel, Queue, Right
from conversations import lifecycle
from conversations.contacts.merging import merge
from conversations.models import Association, Communication, Conversation, Event, Leg
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    external_contact,
    queued_conversation,
)

pytestmark = pytest.mark.django_db
V2 = "/api/v2"


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


@pytest.fixture
def crm(queue: Queue) -> ApiClient:
    return client_with(*QUEUE_RIGHTS, on=queue)


@pytest.fixture
def chat(queue: Queue) -> Conversation:
    return accepted_conversation(queue, agent=UserFactory(), messaging_channel=WEB_CHAT)


def shown(crm: ApiClient, conversation: Conversation) -> dict[str, Any]:
    return crm.get(f"{V2}/conversations/{conversation.pk}").json()


def by_purpose(crm: ApiClient, conversation: Conversation) -> dict[str, Any]:
    return {one["purpose"]: one for one in shown(crm, conversation)["participants"]}


def associate(crm: ApiClient, conversation: Conversation, at: str = "", **changed: Any) -> Any:
    """As the SDK would, with what is changed; None leaves it out."""
    customer = by_purpose(crm, conversation)["customer"]
    communication = next(customer[medium] for medium in ("chats", "messages", "calls", "emails") if medium in customer)
    body = {
        "conversationId": str(conversation.pk),
        "communicationId": communication[0]["id"],
        "mediaType": "CHAT",
    } | changed
    body = {name: value for name, value in body.items() if value is not None}
    address = f"{V2}/externalcontacts/conversations/{conversation.pk}{at}"
    return crm.put(address, body, content_type="application/json")


# What is right


def test_an_association_is_answered_as_it_is_then_and_shows_everywhere(crm: ApiClient, chat: Conversation):
    contact = external_contact()

    answer = associate(crm, chat, externalContactId=str(contact.pk))
    again = associate(crm, chat, externalContactId=str(contact.pk))

    assert (answer.status_code, again.status_code) == (200, 200) and again.json() == answer.json()
    assert answer.json()["externalContactId"] == str(contact.pk) and answer.json()["how"] == "api"
    made = Association.objects.get()
    assert (made.contact, made.how, made.by) == (contact, "api", crm.user)
    assert Event.objects.filter(kind="associated", actor=crm.user).count() == 1
    assert by_purpose(crm, chat)["customer"]["externalContactId"] == str(contact.pk)
    flat = crm.get(f"{V2}/conversations/chats/{chat.pk}").json()["participants"][0]
    assert flat["externalContact"]["id"] == str(contact.pk)
    details = crm.get(f"{V2}/analytics/conversations/{chat.pk}/details").json()
    assert details["participants"][0]["externalContactId"] == str(contact.pk)


def test_without_a_contact_it_is_taken_off(crm: ApiClient, chat: Conversation):
    associate(crm, chat, externalContactId=str(external_contact().pk))

    answer = associate(crm, chat)

    assert answer.status_code == 200 and "externalContactId" not in answer.json()
    assert not Association.objects.exists()
    assert "externalContactId" not in by_purpose(crm, chat)["customer"]


def test_the_communication_may_be_named_by_purpose(crm: ApiClient, chat: Conversation):
    contact = str(external_contact().pk)

    answer = associate(crm, chat, communicationId=None, purpose="external", externalContactId=contact)

    assert answer.json()["communicationId"] == by_purpose(crm, chat)["customer"]["chats"][0]["id"]
    wrong = associate(crm, chat, communicationId=None, purpose="agent", externalContactId=contact)
    assert wrong.status_code == 400
    Communication.objects.create(
        leg=Leg.objects.get(purpose="customer"), medium="voice", started_at=timezone.now(), ended_at=timezone.now()
    )
    by_medium = {"communicationId": None, "purpose": "customer", "mediaType": "CALL"}
    call = associate(crm, chat, externalContactId=contact, **by_medium)
    assert call.status_code == 200 and call.json()["mediaType"] == "CALL"
    Communication.objects.create(
        leg=Leg.objects.get(purpose="customer"), medium="voice", started_at=timezone.now(), ended_at=timezone.now()
    )
    several = associate(
        crm, chat, communicationId=None, purpose="customer", mediaType="CALL", externalContactId=contact
    )
    assert (several.status_code, several.json()["code"]) == (409, "communication.ambiguous")
    assert len(several.json()["details"]) == 2


def test_a_merged_contact_is_followed_and_the_answer_says_so(crm: ApiClient, chat: Conversation):
    gone, canonical = external_contact("A"), external_contact("B")
    merge([canonical.pk, gone.pk], now=timezone.now())

    answer = associate(crm, chat, externalContactId=str(gone.pk)).json()

    assert (answer["externalContactId"], answer["redirectedFrom"]) == (str(canonical.pk), str(gone.pk))


def test_another_contact_replaces_only_where_that_is_said(crm: ApiClient, chat: Conversation):
    first, second = external_contact("A"), external_contact("B")
    associate(crm, chat, externalContactId=str(first.pk))

    refused = associate(crm, chat, externalContactId=str(second.pk))
    replaced = associate(crm, chat, "?replace=true", externalContactId=str(second.pk))

    assert (refused.status_code, refused.json()["code"]) == (409, "contact.already.associated")
    assert refused.json()["entityId"] == str(first.pk)
    assert replaced.status_code == 200 and Association.objects.get().contact == second


# What is wrong


def test_a_participant_id_is_told_apart_and_the_communications_are_named(crm: ApiClient, chat: Conversation):
    participants = by_purpose(crm, chat)

    answers = {
        purpose: associate(crm, chat, communicationId=one["id"], externalContactId=str(external_contact(purpose).pk))
        for purpose, one in participants.items()
    }

    customers = participants["customer"]["chats"][0]["id"]
    for purpose, answer in answers.items():
        said = answer.json()
        assert (answer.status_code, said["code"]) == (422, "communication.is.participant.id")
        own = participants[purpose]["chats"][0]["id"]
        assert said["details"][0]["purpose"] == purpose and said["details"][0]["communicationIds"] == [own]
        assert "participant id" in said["message"] and own in said["message"] and customers in said["message"]
    assert not Association.objects.exists() and not Event.objects.filter(kind="associated").exists()


def test_every_other_id_is_refused_by_what_it_is(crm: ApiClient, queue: Queue, chat: Conversation):
    other = queued_conversation(queue, messaging_channel=WEB_CHAT)
    others = by_purpose(crm, other)["customer"]["chats"][0]["id"]
    agents = by_purpose(crm, chat)["agent"]["chats"][0]["id"]
    contact = str(external_contact().pk)
    nobody = str(uuid.uuid4())
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"communicationId": str(chat.pk)}, 422, "communication.is.conversation.id"),
        ({"communicationId": others}, 422, "communication.not.in.conversation"),
        ({"communicationId": str(other.pk)}, 422, "communication.not.in.conversation"),
        ({"communicationId": nobody}, 422, "communication.not.in.conversation"),
        ({"communicationId": "1"}, 422, "communication.not.in.conversation"),
        ({"communicationId": agents}, 422, "communication.not.of.customer"),
        ({"conversationId": str(other.pk)}, 400, "conversation.id.mismatch"),
        ({"conversationId": agents}, 400, "conversation.id.mismatch"),
        ({"mediaType": "CALL"}, 422, "media.type.mismatch"),
        ({"mediaType": "CALLBACK"}, 422, "media.type.mismatch"),
        ({"mediaType": "chat"}, 400, "invalid.value"),
        ({"mediaType": "outdated_sdk_version"}, 400, "outdated.sdk"),
        ({"externalContactId": nobody}, 404, "contact.not.found"),
        ({"externalContactId": "1"}, 404, "contact.not.found"),
        ({"externalContactId": str(chat.pk)}, 404, "contact.not.found"),
        ({"communicationId": None}, 400, "missing.value"),
        ({"conversationId": None}, 400, "missing.value"),
        ({"mediaType": None}, 400, "missing.value"),
        ({"contactId": contact}, 400, "invalid.property"),
    ]

    for changed, status, code in wrong:
        answer = associate(crm, chat, **{"externalContactId": contact} | changed)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (changed, answer.json())
        assert answer.json()["message"]
    assert not Association.objects.exists()
    assert not Event.objects.filter(kind="associated").exists()


def test_a_conversation_that_is_over_is_left_as_it_is(crm: ApiClient, queue: Queue):
    over = ended_conversation(queue)
    lifecycle.handle(over.pk, by=over.agent, now=timezone.now())

    answer = associate(crm, over, externalContactId=str(external_contact().pk))

    assert (answer.status_code, answer.json()["code"]) == (409, "conversation.ended")
    assert "handled" in answer.json()["message"]


def test_what_is_not_granted_is_not_found(crm: ApiClient, queue: Queue, chat: Conversation):
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory())
    server = client_with(Right.SERVE, on=queue)
    body = {"conversationId": str(chat.pk), "communicationId": "x", "mediaType": "CHAT"}
    absent = uuid.uuid4()

    for client in (outsider, server):
        answers = [
            client.put(f"{V2}/externalcontacts/conversations/{pk}", body, content_type="application/json")
            for pk in (chat.pk, absent, "nothing")
        ]
        assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "conversation.not.found")] * 3
    for path in ("conversations/{}", "analytics/conversations/{}/details", "conversations/chats/{}"):
        assert outsider.get(f"{V2}/{path.format(chat.pk)}").status_code == 404


# The views


def test_every_view_names_the_communications(crm: ApiClient, chat: Conversation):
    whole = shown(crm, chat)
    customer, acd, agent = whole["participants"]

    assert [one["purpose"] for one in whole["participants"]] == ["customer", "acd", "agent"]
    communication = customer["chats"][0]["id"]
    assert acd["chats"][0]["peerId"] == agent["chats"][0]["peerId"] == communication
    assert (agent["userId"], acd["queueId"]) == (str(chat.agent_id), str(chat.queue_id))
    flat = crm.get(f"{V2}/conversations/chats/{chat.pk}").json()
    assert [one["communicationId"] for one in flat["participants"]] == [
        one["chats"][0]["id"] for one in whole["participants"]
    ]
    sessions = crm.get(f"{V2}/analytics/conversations/{chat.pk}/details").json()["participants"]
    assert [one["sessions"][0]["sessionId"] for one in sessions] == [
        one["chats"][0]["id"] for one in whole["participants"]
    ]
    assert sessions[0]["sessions"][0]["mediaType"] == "chat"
    listed = crm.get(f"{V2}/conversations/{chat.pk}/communications", {"purpose": "external", "mediaType": "CHAT"})
    assert [one["id"] for one in listed.json()["entities"]] == [communication]
    several = crm.get(f"{V2}/analytics/conversations/details", {"id": f"{chat.pk},{uuid.uuid4()},x"}).json()
    assert [one["conversationId"] for one in several["conversations"]] == [str(chat.pk)]
    ids = {one["id"] for one in whole["participants"]} | {one["chats"][0]["id"] for one in whole["participants"]}
    assert len(ids) == 6


@pytest.mark.parametrize(
    ("kind", "messaging", "array", "view"),
    [
        (Channel.Kind.VOICE, "", "calls", "calls"),
        (Channel.Kind.EMAIL, "", "emails", "emails"),
        (Channel.Kind.CHAT, "WHATSAPP", "messages", "messages"),
        (Channel.Kind.CHAT, "WHATSAPP", "messages", "chats"),
        (Channel.Kind.CHAT, WEB_CHAT, "chats", "chats"),
    ],
)
def test_each_medium_has_a_view_of_its_own(kind: str, messaging: str, array: str, view: str):
    queue = QueueFactory(channel=ChannelFactory(kind=kind))
    crm = client_with(*QUEUE_RIGHTS, on=queue)
    conversation = queued_conversation(queue, messaging_channel=messaging)

    flat = crm.get(f"{V2}/conversations/{view}/{conversation.pk}").json()
    other = "calls" if view != "calls" else "emails"
    missing = crm.get(f"{V2}/conversations/{other}/{conversation.pk}")

    communication = by_purpose(crm, conversation)["customer"][array][0]["id"]
    assert flat["participants"][0]["communicationId"] == communication
    assert (missing.status_code, missing.json()["code"]) == (404, "conversation.error.conversation.not.found")


# Attributes


def test_attributes_are_the_attached_data(crm: ApiClient, queue: Queue):
    chat = queued_conversation(queue, messaging_channel=WEB_CHAT, data={"customerType": "gold", "vip": True})
    participants = by_purpose(crm, chat)
    assert participants["customer"]["attributes"] == {"customerType": "gold", "vip": "true"}
    assert participants["acd"]["attributes"] == {}

    def patch(purpose: str, at: str = "", **attributes: Any) -> Any:
        address = f"{V2}/conversations/{at}{chat.pk}/participants/{participants[purpose]['id']}/attributes"
        return crm.patch(address, {"attributes": attributes}, content_type="application/json")

    set_by_customer = patch("customer", customerType="silver", dni="12582152")
    set_by_workflow = patch("acd", "chats/", customerType="bronze")

    assert set_by_customer.status_code == 202
    assert set_by_customer.json()["attributes"] == {"customerType": "silver", "vip": "true", "dni": "12582152"}
    assert set_by_workflow.json()["verdicts"]["customerType"]["verdict"] == "superseded"
    assert by_purpose(crm, chat)["customer"]["attributes"]["customerType"] == "silver"
    assert patch("customer", dni=1).status_code == 400
    assert patch("customer", **{"not a name": "x"}).status_code == 422
    address = f"{V2}/conversations/{chat.pk}/participants/{uuid.uuid4()}/attributes"
    assert crm.patch(address, {"attributes": {}}, content_type="application/json").json()["code"] == (
        "participant.not.found"
    )
    lifecycle.accept(chat.pk, by=UserFactory(), now=timezone.now())
    assert by_purpose(crm, chat)["customer"]["attributes"] == {}  # live data is for whoever serves it (rule 6)
    lifecycle.end(chat.pk, now=timezone.now())
    assert patch("customer", dni="1").status_code == 409
