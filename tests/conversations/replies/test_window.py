"""What may be sent follows from the channel, from when the customer wrote, and from how the service is set up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_cfg.models import MessagingService
from conversations import lifecycle
from conversations.models import Message
from conversations.replies.window import what_may_be_sent
from conversations.replies.write import NotSendable
from tests.conversations.replies.conftest import Story, begun, work
from tests.factories import ConversationFactory


@pytest.mark.parametrize(
    ("channel", "hours", "possible"),
    [
        ("WHATSAPP", 23, ["text", "files", "templates"]),
        ("WHATSAPP", 25, []),
        ("MESSENGER", 23, ["text", "files"]),
        ("MESSENGER", 25, []),
        ("INSTAGRAM", 6 * 24, ["text", "files"]),
        ("INSTAGRAM", 8 * 24, []),
        ("SMS", 1000, ["text"]),
        ("MMS", 1000, ["text", "files"]),
        ("SOMETHINGNEW", 1000, ["text"]),
    ],
)
def test_each_channel_has_its_window(story: Story, channel: str, hours: int, possible: list[str]):
    story.conversation.messaging_channel = channel
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=hours))

    sendable = what_may_be_sent(story.conversation, now=timezone.now(), by=story.agent)

    assert sendable.possible == possible
    assert bool(sendable.why) == ("text" not in possible or channel in ("SMS", "SOMETHINGNEW"))


def test_a_late_answer_on_instagram_says_that_an_agent_gives_it(story: Story, api):
    late = begun(
        story.sender,
        story.agent,
        "INSTAGRAM",
        id="01INSTAGRAM",
        conversation_id="01INSTAGRAM",
        at=(timezone.now() - timedelta(days=2)).isoformat(),
    )
    late.reply()

    work()

    (document,) = api.sent
    assert document["channel_properties"] == {"INSTAGRAM_MESSAGE_TAG": "HUMAN_AGENT"}
    (identity,) = document["recipient"]["identified_by"]["channel_identities"]
    assert identity["app_id"] == story.sender.service.app_id


@pytest.mark.parametrize("facts", [{"enabled": False}, {"key_secret": ""}])
def test_a_service_that_cannot_send_says_so_before_anything_waits(story: Story, facts: dict[str, object]):
    MessagingService.objects.update(**facts)

    with pytest.raises(NotSendable, match=story.sender.service.name):
        story.reply()


def test_what_came_through_no_service_is_not_answered(story: Story):
    sendable = what_may_be_sent(ConversationFactory(), now=timezone.now())

    assert sendable.possible == []
    assert sendable.why


def test_a_text_that_is_too_long_for_the_channel_is_refused_with_how_much(story: Story):
    with pytest.raises(NotSendable, match="4096"):
        story.reply("x" * 4097)


def test_what_waits_when_the_conversation_ends_still_goes_out(story: Story, api):
    message = story.reply()
    lifecycle.end(story.conversation.pk, by=story.agent, ended_by="agent", now=timezone.now())
    assert "ended" in story.delivery(message).why

    work()

    assert api.texts == ["It leaves today."]
    with pytest.raises(lifecycle.WrongState):
        story.reply()
