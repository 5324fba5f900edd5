"""What a reader sees of messages: quotes, files, places, forms, reactions, and why something is not shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import Queue, Right, User
from conversations.attachments.media_types import BINARY
from conversations.attachments.store import keep
from conversations.models import Conversation, ExternalReference, Message
from conversations.transcript import Line, transcript
from tests.conversations.api.conftest import client_with
from tests.factories import (
    ConversationFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    grant,
)

NOW = timezone.now()


@pytest.fixture(autouse=True)
def folder(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory()


@pytest.fixture
def agent(queue: Queue) -> User:
    return grant(UserFactory(first_name="Aino", last_name="Agent"), Right.SERVE, on=queue)


@pytest.fixture
def conversation(queue: Queue, agent: User) -> Conversation:
    thread = ExternalReference.objects.create(
        door="conversation_api", service=MessagingServiceFactory(queue=queue), external_id="T1"
    )
    return accepted_conversation(queue, agent=agent, reference=thread, messaging_channel="WHATSAPP")


def said(conversation: Conversation, text: str = "", **facts: Any) -> Message:
    """A message of the customer over WhatsApp, unless the facts say otherwise."""
    return Message.objects.create(
        **{
            "conversation": conversation,
            "reference": conversation.reference,
            "author": Message.Author.CUSTOMER,
            "messaging_channel": "WHATSAPP",
            "text": text,
            "sent_at": NOW,
            **facts,
        }
    )


def with_picture(message: Message) -> Message:
    from io import BytesIO

    keep(None, BytesIO(b"picture"), "cat.png", BINARY[1], now=NOW).attach_to(message)
    return message


def last_line(conversation: Conversation) -> Line:
    return transcript(conversation).lines[-1]


# Quotes


@pytest.mark.parametrize("channel", ["WHATSAPP", "MESSENGER", "INSTAGRAM"])
def test_a_quote_shows_the_beginning_of_what_the_agent_said(conversation: Conversation, channel: str) -> None:
    said(conversation, "Blue or red? " + "x" * 500, author="agent", agent=conversation.agent, external_id="MT")

    said(conversation, "that one", reply_to="MT", messaging_channel=channel, sent_at=NOW + timedelta(days=3))

    quoted = last_line(conversation).quoted
    assert quoted and quoted.text.startswith("Blue or red? x") and len(quoted.text) == 200
    assert quoted.author_name == str(conversation.agent)


def test_a_quote_shows_a_file_as_a_file_unless_the_channel_cannot(conversation: Conversation, queue: Queue) -> None:
    sent = with_picture(said(conversation, author="agent", content_type="media_message", external_id="MT"))
    said(conversation, "this", reply_to="MT", messaging_channel="INSTAGRAM")
    assert last_line(conversation).quoted is None

    said(conversation, "this", reply_to="MT")

    quoted = last_line(conversation).quoted
    assert quoted and quoted.file and (quoted.file.name, quoted.file.shown_as) == ("cat.png", "image")
    reader = client_with(Right.VIEW_HISTORY, on=queue)
    messages = reader.get(f"/api/v1/conversations/{conversation.pk}/messages").json()["results"]
    file = messages[0]["file"]
    assert (file["name"], file["type"], file["size"]) == ("cat.png", "image/png", 7)
    assert reader.get(file["url"]).getvalue() == b"picture"
    assert [message["quotes"] and message["quotes"]["id"] for message in messages] == [None, None, sent.pk]
    assert messages[2]["quotes"]["file"] == file


def test_what_is_quoted_may_be_of_an_earlier_conversation_of_the_thread_and_arrive_later(
    conversation: Conversation, agent: User
) -> None:
    earlier = ConversationFactory(reference=conversation.reference, state="handled", ended_at=NOW, queue=QueueFactory())
    said(conversation, "that one", reply_to="MT")
    assert last_line(conversation).quoted is None

    message = with_picture(said(earlier, "Blue?", author="agent", external_id="MT", sent_at=NOW - timedelta(days=2)))

    quoted = last_line(conversation).quoted
    assert quoted and quoted.text == "Blue?" and quoted.file
    client = Client()
    client.force_login(agent)
    assert client.get(quoted.file.address).getvalue() == b"picture"
    elsewhere = quoted.file.address.replace(str(conversation.pk), str(earlier.pk))
    assert client.get(elsewhere).status_code == 404
    Message.objects.filter(pk=message.pk).update(sent_at=NOW - timedelta(days=3, seconds=1))
    assert last_line(conversation).quoted is None
    assert client.get(quoted.file.address).status_code == 404


@pytest.mark.parametrize("author", ["customer", "system"])
def test_only_agents_messages_are_quoted(conversation: Conversation, author: str) -> None:
    said(conversation, "Blue?", author=author, external_id="MT")

    said(conversation, "that one", reply_to="MT")

    assert last_line(conversation).quoted is None


@pytest.mark.parametrize("channel", ["SMS", "TELEGRAM", "RCS"])
def test_other_channels_quote_nothing(conversation: Conversation, channel: str) -> None:
    said(conversation, "Blue?", author="agent", external_id="MT")

    said(conversation, "that one", reply_to="MT", messaging_channel=channel)

    assert last_line(conversation).quoted is None


def test_a_transcript_costs_as_many_queries_whatever_it_holds(conversation: Conversation) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            transcript(conversation)
        return len(captured)

    with_picture(said(conversation, author="agent", agent=conversation.agent, external_id="MT0"))
    said(conversation, "that one", reply_to="MT0", external_id="MO0")
    few = queries()
    for number in range(1, 10):
        with_picture(said(conversation, author="agent", agent=UserFactory(), external_id=f"MT{number}"))
        said(conversation, "that one", reply_to=f"MT{number}", external_id=f"MO{number}")

    assert queries() == few <= 5


# Content


def test_a_place_is_told_with_a_link_to_a_map_that_nothing_loads(conversation: Conversation) -> None:
    at = {"coordinates": {"latitude": 55.7, "longitude": 13.1}}

    said(conversation, "55.7, 13.1", content_type="location_message", content=at)

    line = last_line(conversation)
    assert (line.text, line.place) == ("", "55.7, 13.1")
    assert line.map_address == "https://www.openstreetmap.org/?mlat=55.7&mlon=13.1#map=16/55.7/13.1"


@pytest.mark.parametrize(
    ("content_type", "content", "facts"),
    [
        (
            "channel_specific_message",
            {"message": {"nfm_reply": {"response_json": '{"flow_token": "x", "size": "M", "count": 2}'}}},
            [("size", "M"), ("count", "2")],
        ),
        ("channel_specific_message", {"message": {"nfm_reply": {"response_json": "no JSON"}}}, []),
        ("channel_specific_message", {"message": {"nfm_reply": {"response_json": "[1]"}}}, []),
        ("channel_specific_message", {"message": 7}, []),
        ("product_response_message", {"products": [{"id": "SKU 7", "quantity": 3}, 7]}, [("SKU 7", "× 3")]),
        ("product_response_message", {"products": "none"}, []),
    ],
)
def test_forms_and_products_are_told_pair_by_pair(
    conversation: Conversation, content_type: str, content: Any, facts: list[tuple[str, str]]
) -> None:
    said(conversation, content_type=content_type, content=content)

    assert last_line(conversation).facts == facts


def test_what_cannot_be_shown_says_why(conversation: Conversation) -> None:
    said(conversation, content_type="fallback_message", content={"reason": {"code": "MEDIA_TYPE_UNSUPPORTED"}})
    assert last_line(conversation).missing.endswith("Media type unsupported.")

    said(conversation, content_type="unsupported_callback", sent_at=NOW + timedelta(1))
    assert last_line(conversation).missing


def test_a_reaction_is_shown_at_its_message_and_the_last_one_counts(conversation: Conversation) -> None:
    said(conversation, "Done!", author="agent", external_id="MT")

    def react(emoji: str, action: str, seconds: int, to: str = "MT") -> None:
        at = NOW + timedelta(seconds=seconds)
        said(conversation, emoji, content_type="reaction_event", content={"action": action}, reply_to=to, sent_at=at)

    react("👍", "REACTION_ACTION_REACT", 1)
    react("❤️", "REACTION_ACTION_REACT", 2)
    assert [line.reactions for line in transcript(conversation).lines] == [["❤️"]]

    react("", "REACTION_ACTION_UNREACT", 3)
    react("🎉", "REACTION_ACTION_REACT", 4, to="somewhere else")
    lines = transcript(conversation).lines
    assert [line.reactions for line in lines] == [[], []]
    assert (lines[1].text, bool(lines[1].kind)) == ("🎉", True)
