"""What a visitor's page is answered."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import AttachedKey, Channel, QueueAddress
from conversations import lifecycle
from conversations.attachments.media_types import TEXT
from conversations.attachments.store import keep
from conversations.models import Conversation, ExternalReference, LiveDatum, Message, OutboundMessage, VisitorPresence
from conversations.replies.deliveries import of as deliveries_of
from conversations.replies.write import reply
from conversations.visitors import end_chats_of_gone, forget_addresses
from tests.conversations.doors.web_chat.conftest import ADDRESS, SHOP, Visitor, accept
from tests.factories import AttachedKeyFactory, ChannelFactory, OpeningHoursFactory, QueueFactory
from tests.journeys.test_canary import database_dump


def live(conversation: Conversation) -> dict[str, object]:
    return dict(LiveDatum.objects.filter(conversation=conversation).values_list("key", "value"))


def test_a_chat_begins_with_name_and_address_attached_by_themselves(visitor, queue):
    answer = visitor.start(name="Maija", email="maija@example.com", attached_data={"customerType": "gold"})

    assert (answer.status_code, answer.json()["state"]) == (201, "proceeding")
    conversation = visitor.conversation
    assert (conversation.queue, conversation.state, conversation.messaging_channel) == (queue, "queued", "WEB_CHAT")
    assert (conversation.customer, conversation.customer_address) == ("Maija", "maija@example.com")
    assert live(conversation) == {"name": "Maija", "email": "maija@example.com", "customerType": "gold"}
    assert set(LiveDatum.objects.values_list("source", flat=True)) == {"customer"}
    assert answer.cookies == {}


def test_the_token_is_stored_nowhere_but_as_a_digest(visitor):
    visitor.start()
    visitor.says("Hello")

    assert [table for table, content in database_dump() if visitor.token.encode() in content] == []
    assert len(ExternalReference.objects.get().external_id) == 64


@pytest.mark.parametrize("token", ["", "short", "a" * 43, "ä" * 43, "x y" * 15])
def test_a_token_that_somebody_may_guess_begins_nothing(visitor, token):
    visitor.token = token

    assert visitor.start().status_code == 401
    assert not Conversation.objects.exists()


def test_a_start_told_again_is_the_same_chat_and_with_other_data_refused(visitor):
    visitor.start(name="Maija", attached_data={"customerType": "gold"})

    again = visitor.start(name="Maija", attached_data={"customerType": "gold"})
    other = visitor.start(name="Maija", attached_data={"customerType": "silver"})

    assert (again.status_code, other.status_code) == (200, 409)
    assert "before the chat starts" in other.json()["detail"]
    assert Conversation.objects.count() == 1
    assert live(visitor.conversation) == {"name": "Maija", "customerType": "gold"}


def test_what_is_set_after_the_start_is_refused_and_changes_nothing(visitor, agent):
    visitor.start(name="Maija")
    accept(visitor, agent)
    before = list(database_dump())

    answers = [visitor.patch(attached_data={"customerType": "gold"}), visitor.patch(name="Eve"), visitor.patch()]

    assert [answer.status_code for answer in answers] == [409] * 3
    assert "before the chat starts" in answers[0].json()["detail"]
    assert list(database_dump()) == before


def test_pairs_that_break_the_rules_begin_nothing(visitor):
    AttachedKeyFactory(name="orderId", pattern="[A-Z]{2}[0-9]{6}", example="FI123456", on_violation="refuse")

    refused = [visitor.start(attached_data=data) for data in ({"2nd": 1}, {"orderId": "x"}, {"a": "b" * 5000})]

    assert [answer.status_code for answer in refused] == [422] * 3
    assert list(refused[1].json()["errors"]) == ["orderId"]
    assert not Conversation.objects.exists() and not ExternalReference.objects.exists()


def test_what_the_channel_asks_for_is_told_and_a_chat_without_it_refused(visitor, queue):
    AttachedKeyFactory(name="topic", label="What is it about?", kind="choice", choices=["order", "invoice"])
    Channel.objects.update(
        ask_name="required", ask_email="off", pre_chat_keys=["topic"], pre_chat_required_keys=["orderId"]
    )

    form = visitor.client.get(f"/visitor/entry?address={ADDRESS}", headers={"Origin": SHOP}).json()["form"]
    refused = visitor.start(attached_data={"orderId": ""})
    begun = visitor.start(name="Maija", attached_data={"orderId": "FI1"})

    assert [(one["key"], one["label"], one["type"], one["required"]) for one in form] == [
        ("name", "Name", "text", True),
        ("topic", "What is it about?", "select", False),
        ("orderId", "orderId", "text", True),
    ]
    assert form[1]["choices"] == ["order", "invoice"]
    assert (refused.status_code, sorted(refused.json()["errors"])) == (400, ["name", "orderId"])
    assert begun.status_code == 201


def test_a_page_of_another_origin_is_refused_everywhere_and_may_read_nothing(visitor, queue):
    visitor.start()
    for origin in ("https://evil.example", "https://shop.example.com.evil.example", "null", "http://shop.example.com"):
        foreign = Visitor(origin=origin, token=visitor.token, chat=visitor.chat)
        stranger = Visitor(origin=origin)
        answers = [
            stranger.start(),
            foreign.start(),
            foreign.says("Hello"),
            foreign.details(),
            foreign.news(),
            foreign.post("leave"),
            foreign.client.get(f"/visitor/entry?address={ADDRESS}", headers={"Origin": origin}),
        ]
        assert {answer.status_code for answer in answers} == {403}
        assert not any("Access-Control-Allow-Origin" in answer.headers for answer in answers)
        asked = foreign.client.options("/visitor/chats", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in asked.headers
    assert Visitor(origin="").start().status_code == 403
    assert Message.objects.count() == 0 and visitor.conversation.is_active and Conversation.objects.count() == 1


def test_an_address_that_no_chat_queue_has_is_told_as_a_foreign_page_is(visitor):
    QueueAddress.objects.create(queue=QueueFactory(channel=ChannelFactory(kind="email")), address="mail@example.com")

    foreign = Visitor(origin="https://evil.example").start()
    answers = [visitor.start("nobody@example.com"), visitor.start("mail@example.com")]

    assert [answer.json() for answer in answers] == [foreign.json()] * 2
    assert [answer.status_code for answer in answers] == [403] * 2


def test_an_allowed_page_may_read_answers_and_ask_with_a_token(visitor):
    started = visitor.start()
    asked = Client().options(f"/visitor/chats/{visitor.chat}/news", headers={"Origin": SHOP})

    assert started.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Access-Control-Allow-Credentials" not in started.headers
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, SHOP)
    assert "Visitor-Knows" in asked.headers["Access-Control-Allow-Headers"]
    assert visitor.says("").headers["Access-Control-Allow-Origin"] == SHOP  # what is wrong, too


def test_a_token_of_another_chat_finds_nothing(visitor):
    visitor.start()
    other = Visitor()
    other.start()
    mine, other.chat = other.chat, visitor.chat

    asked = [other.details(), other.news(), other.says("x"), other.post("leave"), other.patch(name="x")]
    asked += [other.post("typing", typing=True), other.post("read", message=1)]
    unknown = Visitor(chat=mine)

    assert {answer.status_code for answer in asked} == {404}
    assert {unknown.details().status_code, unknown.says("x").status_code} == {404}
    assert Client().get(f"/visitor/chats/{mine}", headers={"Origin": SHOP}).status_code == 401
    assert not Message.objects.exists()


def test_a_message_sent_again_is_there_once_and_another_text_under_its_id_is_refused(visitor):
    visitor.start()

    statuses = [visitor.says(text, id="message-1").status_code for text in ("Hello", "Hello", "Bye")]

    assert statuses == [201, 200, 409]
    assert list(Message.objects.values_list("text", "author")) == [("Hello", "customer")]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 4001, "a\0b", 7, None])
def test_a_message_that_is_none_is_refused_by_its_field(visitor, text):
    visitor.start()

    answer = visitor.post("messages", id="message-1", text=text)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["text"])


def test_agent_and_visitor_hear_of_each_other(visitor, agent):
    visitor.start(name="Maija")
    visitor.says("Is it back in stock?")
    assert visitor.news().json()["state"] == "proceeding"
    waiting = visitor.news()
    accept(visitor, agent)
    connected = visitor.news().json()
    sent = reply(visitor.conversation.pk, by=agent, now=timezone.now(), text="Yes, <b>today</b>.")
    told = visitor.news().json()

    assert (waiting.status_code, waiting.headers["X-Waits-For"]) == (204, f"conversation:{visitor.chat}")
    assert (connected["state"], connected["agent"], connected["messages"]) == ("connected", "Anna", [])
    assert [(one["author"], one["name"], one["text"]) for one in told["messages"]] == [
        ("agent", "Anna", "Yes, <b>today</b>.")
    ]
    assert deliveries_of([sent])[sent.pk].state == "sent"
    visitor.news()
    assert deliveries_of([sent])[sent.pk].state == "delivered"
    visitor.post("read", message=sent.pk)
    assert deliveries_of([sent])[sent.pk].state == "read"
    assert not OutboundMessage.objects.exists()


def test_typing_is_told_and_is_over_by_itself_or_with_the_message(visitor, agent):
    visitor.start()
    accept(visitor, agent)
    visitor.news()
    VisitorPresence.objects.types(
        visitor.conversation.pk, field="agent_typing_until", until=timezone.now() + timedelta(seconds=8)
    )
    assert 0 < visitor.news().json()["typing_seconds"] <= 8
    reply(visitor.conversation.pk, by=agent, now=timezone.now(), text="Yes")
    assert visitor.news().json()["typing_seconds"] == 0

    visitor.post("typing", typing=True)
    assert visitor.conversation.visitor.visitor_typing_until > timezone.now()
    visitor.says("Thanks")
    assert visitor.conversation.visitor.visitor_typing_until is None


def test_a_visitor_who_leaves_ends_the_chat_and_writes_no_more(visitor, agent):
    visitor.start()
    accept(visitor, agent)
    visitor.says("Thanks", id="message-1")

    left = [visitor.post("leave"), visitor.post("leave")]

    assert [(one.status_code, one.json()["state"], one.json()["ended_by"]) for one in left] == [
        (200, "completed", "visitor")
    ] * 2
    assert visitor.conversation.state == "wrap_up"
    assert visitor.says("More").status_code == 409
    assert visitor.says("Thanks", id="message-1").status_code == 200  # its answer was lost
    assert visitor.news().status_code == 200 and "X-Waits-For" not in visitor.news().headers


def test_a_visitor_who_is_gone_for_as_long_as_the_channel_waits_ends_the_chat(visitor, queue):
    Channel.objects.update(visitor_gone_minutes=2)
    visitor.start()
    now = timezone.now()

    end_chats_of_gone(now=now + timedelta(seconds=110))
    assert visitor.conversation.is_active
    end_chats_of_gone(now=now + timedelta(seconds=130))

    assert (visitor.conversation.state, visitor.conversation.ended_by) == ("abandoned", "customer")
    forget_addresses(now=now + timedelta(hours=2))
    assert VisitorPresence.objects.get().address_digest == ""


def test_a_chat_is_read_for_a_day_after_its_end(visitor):
    visitor.start()
    visitor.post("leave")
    assert visitor.details().status_code == 200

    Conversation.objects.update(
        received_at=timezone.now() - timedelta(days=2), ended_at=timezone.now() - timedelta(days=2)
    )

    assert visitor.details().status_code == visitor.start().status_code == 404


def test_a_file_of_the_agent_comes_with_its_message(visitor, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    visitor.start()
    conversation = accept(visitor, agent)
    file = keep(conversation, BytesIO(b"Oak, 249"), "prices.txt", TEXT[0], now=timezone.now())
    reply(conversation.pk, by=agent, now=timezone.now(), text="Here they are", attachment=file)

    told = visitor.news().json()["messages"][0]

    assert (told["text"], told["file"]["name"], told["file"]["size"]) == ("Here they are", "prices.txt", 8)
    fetched = visitor.client.get(told["file"]["url"])
    assert b"".join(fetched.streaming_content) == b"Oak, 249"


def test_of_several_queues_the_first_that_takes_the_chat_has_it_and_a_closed_one_answers(visitor, queue):
    Channel.objects.update(closed_text="We are closed.", queue_full_text="All are busy.")
    second = QueueFactory(channel=queue.channel, size=1)
    QueueAddress.objects.create(queue=second, address="care@shop.example.com")
    queue.opening_hours = OpeningHoursFactory(weekly=[])
    queue.save()

    visitor.start(ADDRESS, "care@shop.example.com")
    full = Visitor()
    answer = full.start("care@shop.example.com", name="Maija").json()
    closed = Visitor().start().json()

    assert visitor.conversation.queue == second
    assert [(one["state"], [said["text"] for said in one["transcript"]]) for one in (answer, closed)] == [
        ("completed", ["All are busy."]),
        ("completed", ["We are closed."]),
    ]
    assert (full.conversation.state, full.conversation.customer) == ("abandoned", "Visitor")


def test_who_opens_or_writes_too_much_waits(visitor, settings):
    settings.VISITOR_OPEN_CHATS, settings.VISITOR_STARTS, settings.VISITOR_MESSAGES = 2, 3, 2
    visitor.start()
    second = Visitor()
    second.start()
    assert Visitor().start().status_code == 429
    second.post("leave")
    assert Visitor().start().status_code == 201
    visitor.post("leave")
    assert int(Visitor().start().headers["Retry-After"]) > 0
    assert visitor.start().status_code == 200  # its own

    Conversation.objects.all()
    third = Visitor()
    settings.VISITOR_STARTS = 99
    third.start()
    assert [third.says("x").status_code for _ in range(3)] == [201, 201, 429]
    assert VisitorPresence.objects.count() == 4


def test_what_is_too_large_is_refused(visitor):
    visitor.start()

    assert visitor.post("messages", id="message-1", text="x" * 70_000).status_code == 413


def test_name_and_address_are_kept_only_where_the_settings_keep_them(visitor, agent):
    visitor.start(name="Maija CANARY", email="canary@example.com", attached_data={"secret": "CANARY"})
    accept(visitor, agent)
    visitor.post("leave")

    conversation = visitor.conversation
    assert (conversation.customer, conversation.kept_data) == ("Visitor", {})
    assert conversation.dropped_keys == dict.fromkeys(("name", "email", "secret"), "not_kept")
    assert [table for table, content in database_dump() if b"CANARY" in content.upper()] == []


def test_a_kept_name_stays(visitor, agent):
    Channel.objects.update(statistics_keys=["name"])
    visitor.start(name="Maija", email="canary@example.com")
    accept(visitor, agent)
    lifecycle.end(visitor.conversation.pk, now=timezone.now())

    assert (visitor.conversation.customer_name, visitor.conversation.customer_address) == ("Maija", "")


def test_a_key_that_is_name_by_another_name_calls_the_visitor(visitor):
    key = AttachedKeyFactory(name="fullName", kind=AttachedKey.Kind.TEXT)
    key.aliases.create(name="name")

    visitor.start(name="Maija")

    assert (visitor.conversation.customer, live(visitor.conversation)) == ("Maija", {"fullName": "Maija"})
