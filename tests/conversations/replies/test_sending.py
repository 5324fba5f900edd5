"""Each reply is sent once, in order, or told as not known to have been sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from channels_cfg.models import MessagingService
from conversations.models import Message, OutboundMessage
from conversations.replies.deliveries import State
from conversations.replies.take_back import TooLate, take_back
from tests.conversations.doors.conversation_api.conftest import message as from_customer
from tests.conversations.replies.conftest import Story, work
from tests.stand_ins.conversation_api import LOST, ConversationApi, error


def test_a_reply_waits_and_is_sent_to_the_customer_on_the_channel_of_the_conversation(story: Story, api):
    message = story.reply()
    assert story.delivery(message).state == State.WAITING

    work()

    assert story.delivery(message).state == State.SENT
    assert message.external_id == api.ids[0]
    (document,) = api.sent
    token = document.pop("message_metadata")
    assert document == {
        "app_id": story.sender.service.app_id,
        "recipient": {"identified_by": {"channel_identities": [{"channel": "WHATSAPP", "identity": "358401234567"}]}},
        "message": {"text_message": {"text": "It leaves today."}},
        "channel_priority_order": ["WHATSAPP"],
    }
    assert message.outbound.token.hex in token


def test_replies_leave_in_the_order_of_their_conversation(story: Story, api: ConversationApi):
    api.planned += [error(503, "UNAVAILABLE")]
    first, second = story.reply("first"), story.reply("second")

    work()
    work(even_if_put_off=False)

    assert api.texts == []
    waits = story.delivery(first)
    assert (waits.state, waits.may_take_back) == (State.WAITING, True)
    assert "503" in waits.why and "Next try" in waits.why
    assert story.delivery(second).state == State.WAITING

    work()
    work()

    assert api.texts == ["first", "second"]


def test_a_channel_that_takes_no_more_says_when_it_is_tried_again(story: Story, api: ConversationApi):
    api.planned += [error(429, "RESOURCE_EXHAUSTED", retry_after="120")]
    story.reply()
    before = timezone.now()

    work()

    job = OutboundMessage.objects.get()
    assert timedelta(seconds=119) <= job.held_until - before <= timedelta(seconds=130)
    assert job.posting_since is None


def test_nobody_there_is_tried_again_and_nothing_is_lost(story: Story, api: ConversationApi):
    MessagingService.objects.update(api_address="http://127.0.0.1:1")
    message = story.reply()
    work()
    assert (story.delivery(message).state, story.delivery(message).may_take_back) == (State.WAITING, True)

    MessagingService.objects.update(api_address=api.url)
    work()

    assert story.delivery(message).state == State.SENT


def test_a_refused_message_fails_at_once_with_the_code_and_nothing_else(story: Story, api: ConversationApi):
    api.planned += [error(400, "INVALID_ARGUMENT")]
    message = story.reply()

    work()

    failed = story.delivery(message)
    assert failed.state == State.FAILED
    assert "Invalid argument (400)" in failed.why and "CANARY" not in failed.why


@pytest.mark.parametrize("how", ["lost answer", "dead worker"])
def test_what_may_have_been_sent_is_not_sent_again_and_told_as_not_known(story: Story, api: ConversationApi, how: str):
    message, later = story.reply(), story.reply("later")
    if how == "lost answer":
        api.planned += [LOST]
    else:
        OutboundMessage.objects.filter(message=message).update(
            posting_since=timezone.now(), holder=message.outbound.token, held_until=timezone.now() - timedelta(1)
        )
    work()

    failed = story.delivery(message)
    assert (failed.state, failed.may_take_back) == (State.FAILED, False)
    assert "not known" in failed.why
    assert OutboundMessage.objects.all().try_again() == 1  # the later one, which waits anyway
    work()
    assert api.texts.count("It leaves today.") == (how == "lost answer")
    assert story.delivery(later).state == State.SENT

    if api.texts[0] == "It leaves today.":  # and the channel tells of it after all
        story.report(api.ids[0], "DELIVERED", metadata=api.sent[0]["message_metadata"])
        assert story.delivery(message).state == State.DELIVERED


def test_signing_in_happens_once_and_again_when_the_token_is_withdrawn(story: Story, api: ConversationApi):
    for text in ("one", "two"):
        story.reply(text)
        work()
    assert api.sign_ins == 1

    api.tokens.clear()
    story.reply("three")
    work()

    assert api.texts == ["one", "two", "three"]
    assert api.sign_ins == 2


def test_an_unknown_access_key_fails_in_words(story: Story, api: ConversationApi):
    api.keys.clear()
    message = story.reply()

    work()

    assert story.delivery(message).state == State.FAILED
    assert "access key" in story.delivery(message).why


def test_a_reply_is_taken_back_while_it_waits_and_not_afterwards(story: Story, api: ConversationApi):
    message, sent = story.reply("taken back"), story.reply("sent")

    take_back(message.pk, by=story.agent, now=timezone.now())
    work()

    assert api.texts == ["sent"]
    assert not Message.objects.filter(text="taken back").exists()
    with pytest.raises(TooLate):
        take_back(sent.pk, by=story.agent, now=timezone.now())


def test_what_is_erased_before_it_is_sent_is_not_sent(story: Story, api: ConversationApi):
    message = story.reply("CANARY")

    story.sender.tell(
        {
            "accepted_time": timezone.now().isoformat(),
            "conversation_delete_notification": {"conversation": {"id": "01CONVERSATION"}},
        }
    )
    work()

    assert api.sent == []
    assert story.delivery(message).state == State.FAILED
    assert message.text == ""


# News of it


@pytest.mark.django_db(transaction=True)  # the channel tells of it in a thread of its own
def test_a_submit_that_comes_before_the_answer_is_known_as_ours(story: Story, api: ConversationApi):
    def submit(message_id: str, document: dict[str, Any]) -> None:
        notes.extend(story.submit(message_id, metadata=document["message_metadata"]).notes)
        connection.close()

    notes: list[str] = []
    api.before_answer = submit
    message = story.reply()

    work()

    assert story.delivery(message).state == State.SENT
    assert message.external_id == api.ids[0]
    assert notes == []
    assert story.transcript() == [("customer", "Where is it?"), ("agent", "It leaves today.")]


def test_a_submit_without_our_mark_that_came_first_becomes_ours_with_the_answer(story: Story, api: ConversationApi):
    message = story.reply()
    story.submit("01SENT00000000000000000000")
    assert ("system", "It leaves today.") in story.transcript()

    work()

    assert story.transcript() == [("customer", "Where is it?"), ("agent", "It leaves today.")]
    assert story.delivery(message).state == State.SENT


def test_somebody_elses_submit_stays_somebody_elses(story: Story):
    story.submit("01BOT", metadata='{"flow": "1"}', text="A bot speaks")

    assert ("system", "A bot speaks") in story.transcript()


def test_our_mark_in_an_answer_is_no_attached_data_and_draws_no_note(story: Story, api: ConversationApi):
    story.reply()
    work()

    log = story.sender.tell(from_customer("Yes", id="01ANSWER", metadata=api.sent[0]["message_metadata"]))

    assert log.notes == []
    assert not story.conversation.live_data.exists()


def test_the_wire_channel_is_the_messages_and_the_conversation_keeps_its_own(story: Story, api: ConversationApi):
    message = story.reply()
    work()

    identity = {"channel": "SMS", "identity": "358401234567", "app_id": ""}
    story.submit(message.external_id or api.ids[0], metadata=api.sent[0]["message_metadata"], channel_identity=identity)

    message.refresh_from_db()
    story.conversation.refresh_from_db()
    assert (message.messaging_channel, story.conversation.messaging_channel) == ("SMS", "WHATSAPP")


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        (["QUEUED_ON_CHANNEL"], State.SENT),
        (["READ", "DELIVERED", "QUEUED_ON_CHANNEL"], State.READ),
        (["DELIVERED", "DELIVERED"], State.DELIVERED),
        (["FAILED"], State.FAILED),
        (["SOMETHING_NEW"], State.SENT),
    ],
)
def test_delivery_states_only_go_forward(story: Story, api: ConversationApi, reports: list[str], state: State):
    message = story.reply()
    work()

    for status in reports:
        story.report(api.ids[0], status, reason={"code": "RECIPIENT_NOT_REACHABLE"})

    assert story.delivery(message).state == state
    assert story.delivery(message).why == ("Recipient not reachable" if state == State.FAILED else "")
