import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import QueueAddress, Source
from conversations import lifecycle
from conversations.attached_data.post import post_data
from conversations.desk.typing import seconds_of_customer
from conversations.models import (
    Conversation,
    DeliveryStatus,
    Event,
    InboundDelivery,
    Message,
    ReportableChange,
    Session,
    State,
)
from conversations.sessions import tell_facts
from tests.conversations.doors.conversation_api.conftest import Sender, apply_all, conversation_news, message
from tests.factories import QueueFactory, UserFactory, WebhookSecretFactory

EIGHT = datetime(2026, 2, 13, 8, tzinfo=UTC)


def live_data() -> dict[str, Any]:
    return dict(Conversation.objects.get().live_data.values_list("key", "value"))


def test_a_first_message_begins_a_conversation_that_waits_in_the_services_queue(sender: Sender) -> None:
    sender.tell(message("Hello", metadata={"customerId": "1234", "customerType": "gold"}))

    conversation = Conversation.objects.get()
    assert conversation.state == State.QUEUED
    assert conversation.queue == sender.service.queue
    assert conversation.received_at == EIGHT
    assert (conversation.messaging_channel, conversation.customer_address) == ("WHATSAPP", "358401234567")
    assert [one.text for one in conversation.messages.all()] == ["Hello"]
    assert live_data() == {"customerId": "1234", "customerType": "gold"}
    assert set(conversation.live_data.values_list("source", flat=True)) == {Source.CUSTOMER}


def test_the_specifications_example_keeps_one_of_two_keys(sender: Sender) -> None:
    sender.tell(message(metadata={"customerId": "1234", "customerType": "gold"}))
    conversation = Conversation.objects.get()
    agent = UserFactory()

    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    lifecycle.end(conversation.pk, by=agent, ended_by="agent", now=timezone.now())

    conversation.refresh_from_db()
    assert conversation.kept_data == {"customerType": "gold"}
    assert conversation.dropped_keys == {"customerId": "not_kept"}


def test_a_second_message_joins_the_conversation(sender: Sender) -> None:
    sender.tell(message("One", id="01A"), message("Two", id="01B", at="2026-02-13T08:01:00Z", metadata={"a": 1}))

    assert [one.text for one in Conversation.objects.get().messages.all()] == ["One", "Two"]
    assert live_data() == {"a": 1}


@pytest.mark.parametrize("channel", ["whatsapp", "WHATSAPP"])
def test_a_queue_with_the_address_of_app_and_channel_takes_it(sender: Sender, channel: str) -> None:
    queue = QueueFactory(channel=sender.service.queue.channel)
    address = f"{sender.service.app_id.lower()}@{channel}.sinchconversation.com"
    QueueAddress.objects.create(queue=queue, address=address)

    sender.tell(message(app_id=sender.service.app_id))

    assert Conversation.objects.get().queue == queue


def test_an_app_that_is_not_the_services_own_is_taken_in_with_a_note(sender: Sender) -> None:
    delivery = sender.tell(message(app_id="01ANOTHERAPP"))

    assert delivery.state == InboundDelivery.State.APPLIED
    assert "It names an app that is not the messaging service's own." in delivery.notes


def test_a_message_is_never_accepted_later_than_it_reached_us(sender: Sender) -> None:
    sender.tell(message(at="2999-01-01T00:00:00Z"))

    assert Conversation.objects.get().received_at == InboundDelivery.objects.get().received_at


@pytest.mark.parametrize("unset", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_time_that_nobody_set_is_no_time(sender: Sender, unset: str) -> None:
    sender.tell(message(at=unset))

    assert Conversation.objects.get().received_at == InboundDelivery.objects.get().received_at


# Metadata


@pytest.mark.parametrize(
    ("metadata", "message_metadata", "attached"),
    [
        ("", "", {}),
        ('{"a": "1"}', "", {"a": "1"}),
        ("", '{"a": "1"}', {"a": "1"}),
        ('{"a": "1"}', '{"a": "2", "b": "3"}', {"a": "1", "b": "3"}),
        ({"a": "an object, not a text"}, {"b": 2}, {"a": "an object, not a text", "b": 2}),
        ('{"a": 1, "b": 1.5, "c": true, "d": null, "e": ""}', "", {"a": 1, "b": 1.5, "c": True, "d": None, "e": ""}),
        ('{"a": "first", "a": "last"}', "", {"a": "last"}),
        ("not JSON", '{"a": 1}', {"a": 1}),
        ('{"a": {"b": 1}}', "", {}),
        ('{"a": [1], "b": 1}', "", {}),
        ("[1]", "7", {}),
        ("[" * 5000 + "]" * 5000, "", {}),
        ('{"a": "1", "2nd": "x", "b": "2"}', "", {"a": "1", "b": "2"}),
        ('{"a": "1", "b": "\\u0000"}', "", {"a": "1"}),
        ('{"a": "1", "b": "\\ud800"}', "", {"a": "1"}),
        ('{"a": "1", "b": "' + "x" * 4097 + '"}', "", {"a": "1"}),
        ('{"__proto__": "1", "constructor": "2"}', "", {"constructor": "2"}),
        ('{"a": "{response.body.x}"}', "", {"a": "{response.body.x}"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_attached_data_is_read_from_metadata_and_filled_up_from_message_metadata(
    sender: Sender, metadata: Any, message_metadata: Any, attached: dict[str, Any]
) -> None:
    callback = message()
    callback["message"]["metadata"] = metadata
    callback["message_metadata"] = message_metadata

    delivery = sender.tell(callback)

    assert delivery.state == InboundDelivery.State.APPLIED
    assert live_data() == attached


def test_a_pair_left_out_is_told_by_item_and_position_and_its_value_is_not(sender: Sender) -> None:
    delivery = sender.tell(
        message(metadata={"customerId": "CANARY1", "bad CANARYKEY": "CANARY2", "big": "CANARY3" * 999})
    )

    assert live_data() == {"customerId": "CANARY1"}
    assert [note.split(":")[0] for note in delivery.notes] == [
        "metadata, item 2, position 4",
        "metadata, item 3, “big”",
    ]
    assert "CANARY" not in str(delivery.notes)


def test_metadata_that_is_no_object_of_pairs_is_told_in_the_log(sender: Sender) -> None:
    delivery = sender.tell(message(metadata="CANARY text of a channel"))

    assert delivery.notes == ["metadata is not JSON; it was kept out of the attached data."]


def test_too_many_pairs_are_refused_whole(sender: Sender) -> None:
    sender.tell(message(id="01A", metadata={"a": "1"}))

    delivery = sender.tell(message(id="01B", metadata={f"key{number}": number for number in range(101)}))

    assert live_data() == {"a": "1"}
    assert "at most 100 are stored" in delivery.notes[0]


def test_an_end_carries_no_attached_data(sender: Sender) -> None:
    sender.tell(message())

    delivery = sender.tell(conversation_news("stop", metadata='{"customerType": "gold"}'))

    conversation = Conversation.objects.get()
    assert conversation.state == State.ABANDONED
    assert conversation.dropped_keys == {}
    assert "not attached" in delivery.notes[0]


# After the end


@pytest.fixture
def ended(sender: Sender) -> Conversation:
    """A conversation that an agent served until ten past eight."""
    sender.tell(message(id="01A", at="2026-02-13T08:00:00Z", metadata={"customerId": "1"}))
    conversation = Conversation.objects.get()
    agent = UserFactory()
    lifecycle.accept(conversation.pk, by=agent, now=EIGHT + timedelta(minutes=1))
    return lifecycle.end(conversation.pk, by=agent, ended_by="agent", now=EIGHT + timedelta(minutes=10))


def test_a_late_message_is_judged_as_the_end_would_have(sender: Sender, ended: Conversation) -> None:
    channel = ended.channel
    channel.statistics_keys = ["somethingElse"]
    channel.save()
    ReportableChange.objects.all().delete()

    sender.tell(message("Late", id="01B", at="2026-02-13T08:05:00Z", metadata={"customerType": "gold", "other": "x"}))

    conversation = Conversation.objects.get()
    assert conversation.kept_data == {"customerType": "gold"}
    assert conversation.dropped_keys == {"customerId": "not_kept", "other": "not_kept"}
    assert conversation.messages.count() == 2
    assert conversation.events.filter(kind=Event.Kind.LATE).count() == 1
    assert conversation.version == ended.version + 1
    assert ReportableChange.objects.filter(conversation=conversation).exists()
    assert not conversation.live_data.exists()


def test_a_late_message_that_comes_twice_is_late_once(sender: Sender, ended: Conversation) -> None:
    late = message("Late", id="01B", at="2026-02-13T08:05:00Z", metadata={"customerType": "gold"})

    sender.tell(late, late, message(id="01A", at="2026-02-13T08:00:00Z", metadata={"customerId": "1"}))

    assert Event.objects.filter(kind=Event.Kind.LATE).count() == 1
    assert Conversation.objects.get().version == ended.version + 1


def test_a_message_after_the_end_begins_another_conversation(sender: Sender, ended: Conversation) -> None:
    sender.tell(message("New", id="01B", at="2026-02-13T08:11:00Z"))

    newer = Conversation.objects.exclude(pk=ended.pk).get()
    assert (newer.state, newer.reference) == (State.QUEUED, ended.reference)


def test_a_stop_of_a_served_conversation_lets_its_agent_wrap_up(sender: Sender) -> None:
    sender.tell(message(metadata={"customerType": "gold", "customerId": "1"}))
    conversation = Conversation.objects.get()
    lifecycle.accept(conversation.pk, by=UserFactory(), now=timezone.now())

    sender.tell(conversation_news("stop", at=timezone.now().isoformat()))

    conversation.refresh_from_db()
    assert (conversation.state, conversation.ended_by) == (State.WRAP_UP, "customer")
    assert conversation.kept_data == {"customerType": "gold"}


def test_data_posted_after_the_end_is_not_replaced_by_a_late_message(sender: Sender, ended: Conversation) -> None:
    post_data(ended, {"customerType": "posted"}, by=UserFactory(), now=timezone.now())

    sender.tell(message(id="01B", at="2026-02-13T08:05:00Z", metadata={"customerType": "late"}))

    assert Conversation.objects.get().kept_data == {"customerType": "posted"}


# Deletion and redaction


def test_a_deletion_erases_what_was_said(sender: Sender) -> None:
    sender.tell(message("CANARY said", id="01A"))
    facts = {"lang": "en", "feedback": "CANARY", "out_contact_id": "CANARY"}
    tell_facts(Conversation.objects.get().pk, facts, by=UserFactory(), now=timezone.now())

    sender.tell(conversation_news("delete"))

    assert Conversation.objects.get().state == State.ABANDONED
    assert list(Session.objects.values_list("lang", "feedback", "out_contact_id")) == [("en", "", "")]
    assert list(Message.objects.values_list("text", "content")) == [("", {})]


def test_what_arrives_after_the_deletion_is_stored_without_what_was_said(sender: Sender) -> None:
    sender.tell(conversation_news("delete"))

    sender.tell(message("CANARY said", metadata={"customerType": "gold"}))

    assert list(Message.objects.values_list("text", "content")) == [("", {})]
    assert Conversation.objects.get().state == State.ABANDONED
    assert Conversation.objects.get().dropped_keys == {"customerType": "abandoned"}


@pytest.mark.parametrize("redaction_first", [True, False])
def test_a_redaction_replaces_the_original_whichever_comes_first(sender: Sender, redaction_first: bool) -> None:
    original = message("My name is Ada", id="01A")
    redaction = {
        "message_redaction": message("My name is {PERSON}", id="01A")["message"] | {"original_text": "My name is Ada"}
    }

    sender.tell(*([redaction, original] if redaction_first else [original, redaction]))

    stored = Message.objects.get()
    assert stored.text == "My name is {PERSON}"
    assert "Ada" not in str([stored.content, stored.rank])


# Shapes


@pytest.mark.parametrize(
    ("contact_message", "content_type", "text", "content"),
    [
        ({"text_message": {"text": "Hi"}}, "text_message", "Hi", {}),
        (
            {"media_message": {"url": "https://a/x.mp4", "thumbnail_url": ""}},
            "media_message",
            "",
            {},
        ),
        (
            {"media_card_message": {"url": "https://a/x.png", "caption": "Look"}},
            "media_card_message",
            "Look",
            {},
        ),
        (
            {"location_message": {"title": "", "label": "", "coordinates": {"latitude": 55.7, "longitude": 13.1}}},
            "location_message",
            "55.7, 13.1",
            {"coordinates": {"latitude": 55.7, "longitude": 13.1}},
        ),
        (
            {"choice_response_message": {"message_id": "01MT", "postback_data": "01MT_Yes"}},
            "choice_response_message",
            "Yes",
            {"message_id": "01MT", "postback_data": "01MT_Yes"},
        ),
        ({"fallback_message": {"raw_message": "?"}}, "fallback_message", "", {}),
        ({"brand_new_message": {"text": "Hi", "size": 1e400}}, "brand_new_message", "Hi", {"size": None}),
        ({"text_message": {"text": "NUL \x00 and half \ud800"}}, "text_message", "NUL � and half �", {}),
        ({}, "unknown", "", {}),
        (None, "unknown", "", {}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_message_shows_what_a_reader_would_see(
    sender: Sender, contact_message: Any, content_type: str, text: str, content: dict[str, Any]
) -> None:
    callback = message(contact_message=contact_message)

    body = json.dumps(callback).replace("Infinity", "1e400").encode()
    sender.tell(body)

    stored = Message.objects.get()
    assert (stored.content_type, stored.text, stored.content) == (content_type, text, content)


def test_a_quoted_message_is_remembered_by_its_id(sender: Sender) -> None:
    sender.tell(message(contact_message={"text_message": {"text": "that one"}, "reply_to": {"message_id": "01MT"}}))

    assert Message.objects.get().reply_to == "01MT"


@pytest.mark.parametrize("reply_to", [None, "text", {}])
def test_a_quote_without_id_quotes_nothing(sender: Sender, reply_to: Any) -> None:
    sender.tell(message(contact_message={"text_message": {"text": "that one"}, "reply_to": reply_to}))

    assert Message.objects.get().reply_to == ""


def test_the_old_shape_names_its_channel_in_the_message(sender: Sender) -> None:
    sender.tell(message(channel="MMS", channel_identity=None))

    assert Conversation.objects.get().messaging_channel == "MMS"


def test_in_dispatch_mode_messages_of_one_address_are_one_conversation(sender: Sender) -> None:
    nowhere = {"conversation_id": "", "contact_id": ""}
    other = {"channel": "SMS", "identity": "358501111111"}

    sender.tell(
        message(id="01A", **nowhere), message(id="01B", **nowhere), message(id="01C", channel_identity=other, **nowhere)
    )

    assert sorted(conversation.messages.count() for conversation in Conversation.objects.all()) == [1, 2]


@pytest.mark.parametrize("broken", [None, 7, "text", [], {}, {"message": None}])
def test_a_message_that_is_none_is_accepted_and_noted(sender: Sender, broken: Any) -> None:
    delivery = sender.tell({"message": broken})

    assert delivery.finished_at
    assert delivery.notes


@pytest.mark.parametrize("length", [51, 5000])
def test_ids_longer_than_we_store_are_told_apart(sender: Sender, length: int) -> None:
    for letter in "ab":
        sender.tell(message(id="x" * length + letter, conversation_id="y" * length, contact_id="z" * length))

    assert Conversation.objects.get().messages.count() == 2


def test_an_unknown_trigger_is_accepted_and_logged_by_name(sender: Sender) -> None:
    delivery = sender.tell({"app_id": "x", "brand_new_notification": {"secret": "CANARY"}})

    assert (delivery.trigger, delivery.state) == ("brand_new_notification", "ignored")
    assert "CANARY" not in str(delivery.notes)


# To the customer


def submitted(message_id: str, at: str = "2026-02-13T08:01:00Z", text: str = "How can I help?") -> dict[str, Any]:
    return {
        "accepted_time": at,
        "message_submit_notification": {
            "message_id": message_id,
            "conversation_id": "01CONVERSATION",
            "submitted_message": {"text_message": {"text": text}},
        },
    }


def test_what_another_system_sends_is_in_the_transcript(sender: Sender) -> None:
    sender.tell(message("Hello"), submitted("01X"))

    transcript = Conversation.objects.get().messages.values_list("author", "text")
    assert list(transcript) == [("customer", "Hello"), ("system", "How can I help?")]


def test_a_campaign_begins_no_conversation(sender: Sender) -> None:
    sender.tell(submitted("01X"))

    assert not Conversation.objects.exists()


def test_the_answer_to_a_campaign_begins_a_conversation_that_shows_what_was_asked(sender: Sender) -> None:
    sender.tell(submitted("01X", at="2026-02-13T07:00:00Z"), message("Yes"))

    assert [one.text for one in Conversation.objects.get().messages.all()] == ["How can I help?", "Yes"]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (["QUEUED_ON_CHANNEL", "DELIVERED", "READ"], "READ"),
        (["READ", "DELIVERED", "QUEUED_ON_CHANNEL"], "READ"),
        (["FAILED", "DELIVERED"], "FAILED"),
        (["READ", "FAILED"], "READ"),
        (["FAILED", "READ"], "READ"),
        (["SOMETHING_NEW", "QUEUED_ON_CHANNEL"], "QUEUED_ON_CHANNEL"),
    ],
)
def test_a_delivery_status_never_goes_back(sender: Sender, told: list[str], shown: str) -> None:
    for status in told:
        report = {"message_id": "01X", "status": status, "reason": {"code": "UNKNOWN", "description": "CANARY"}}
        sender.tell({"accepted_time": "2026-02-13T08:01:00Z", "message_delivery_report": report})

    status = DeliveryStatus.objects.get()
    assert (status.status, status.reason_code) == (shown, "UNKNOWN")


# Events


def customer_event(kind: str, event_id: str = "01EVENT") -> dict[str, Any]:
    event = {"id": event_id, "conversation_id": "01CONVERSATION", "accept_time": "2026-02-13T08:01:00Z"}
    return {"event": event | {"contact_message_event": {kind: {"emoji": "CANARY"}}}}


def test_a_reaction_is_on_the_timeline_once_and_without_what_it_says(sender: Sender) -> None:
    sender.tell(message(), customer_event("reaction_event"), customer_event("reaction_event"))

    event = Event.objects.get(kind=Event.Kind.CUSTOMER_EVENT)
    assert event.detail == {"event": "reaction_event"}


def test_typing_shows_for_a_moment_and_is_not_kept(sender: Sender) -> None:
    def typing(kind: str = "composing_event", at: datetime | None = None) -> dict[str, Any]:
        told = {"id": "1", "conversation_id": "01CONVERSATION", "contact_event": {kind: {}}}
        return {"event": told | {"accept_time": (at or timezone.now()).isoformat()}}

    def seconds() -> int:
        return seconds_of_customer(Conversation.objects.get(), now=timezone.now())

    delivery = sender.tell(message(), typing())
    assert (delivery.state, 0 < seconds() <= 8) == ("ignored", True)
    assert not Event.objects.filter(kind=Event.Kind.CUSTOMER_EVENT).exists()

    for ended in (typing("composing_end_event"), message(id="01NEXT")):
        sender.tell(typing(), ended)
        assert seconds() == 0
    sender.tell(typing(at=timezone.now() - timedelta(minutes=1)))
    assert seconds() == 0


def test_a_reaction_waits_a_while_for_its_conversation(sender: Sender) -> None:
    waiting = sender.tell(customer_event("reaction_event"))
    assert (waiting.finished_at, bool(waiting.body)) == (None, True)

    sender.tell(message())
    InboundDelivery.objects.update(held_until=None)
    apply_all()

    assert Event.objects.filter(kind=Event.Kind.CUSTOMER_EVENT).exists()
    assert not InboundDelivery.objects.exclude(body=None).exists()


def test_a_reaction_to_nothing_is_let_go(sender: Sender) -> None:
    waiting = sender.tell(customer_event("reaction_event"))
    InboundDelivery.objects.update(held_until=None, received_at=timezone.now() - timedelta(minutes=11))

    apply_all()

    waiting.refresh_from_db()
    assert (waiting.state, waiting.body) == ("ignored", None)


def test_a_service_of_another_secret_keeps_its_own_threads(sender: Sender) -> None:
    other = Sender(WebhookSecretFactory(secret="another secret"))

    sender.tell(message())
    other.tell(message())

    assert Conversation.objects.count() == 2


def test_a_sender_does_not_decide_how_long_the_log_gets(sender: Sender) -> None:
    delivery = sender.tell(message(metadata={f"{number} {'k' * 200}": 1 for number in range(3000)}))

    assert len(delivery.notes) == 20
    assert max(map(len, delivery.notes)) <= 300
    assert delivery.notes[-1] == "There was more to tell than is kept here."


def test_two_spellings_of_one_key_are_noted(sender: Sender) -> None:
    delivery = sender.tell(message(metadata={"caf\u00e9": "first", "cafe\u0301": "second"}))

    assert live_data() == {"caf\u00e9": "second"}
    assert delivery.notes == ["metadata, item 2, “caf\u00e9”: It is there in two spellings; the last counts."]
