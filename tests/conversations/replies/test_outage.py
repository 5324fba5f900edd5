"""While a channel takes nothing its messages wait in their order and say so, and it is tried now and then."""

from __future__ import annotations

import pytest
from django.utils import timezone

from conversations.models import ExternalReference, SendingPause
from conversations.replies import deliveries
from conversations.replies.deliveries import State
from tests.conversations.replies.conftest import Story, begun, work
from tests.factories import MessagingServiceFactory
from tests.stand_ins.conversation_api import ConversationApi, error

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(story: Story) -> Story:
    """Another customer of the same service."""
    return begun(story.sender, story.agent, id="01OTHER", conversation_id="01OTHERCONVERSATION", contact_id="01OTHER")


def test_in_an_outage_one_message_is_tried_for_all_of_its_service(story: Story, other: Story, api: ConversationApi):
    api.planned.extend([error(503, "UNAVAILABLE")] * 2)
    first, second, third = story.reply("One"), other.reply("Two"), other.reply("Three")

    for number in range(2):
        work(even_if_put_off=False)
        assert (len(api.planned), api.sent) == (1 - number, [])
        for reply in (first, second):
            waits = story.delivery(reply)
            assert (waits.state, waits.may_take_back) == (State.WAITING, True)
            assert "does not answer as it should (503)" in waits.why and "Next try in" in waits.why
        assert "message before it" in deliveries.of([second, third])[third.pk].why
        SendingPause.objects.update(until=timezone.now())  # of the pause, not of what was tried in it
    work(even_if_put_off=False)
    assert api.texts == []  # both that were tried wait longer than the channel
    work()
    work()

    assert sorted(api.texts) == ["One", "Three", "Two"] and api.texts.index("Two") < api.texts.index("Three")
    assert not SendingPause.objects.exists()


def test_the_pauses_grow_up_to_a_minute_and_begin_anew_afterwards(story: Story, api: ConversationApi):
    api.planned.extend([error(500, "INTERNAL")] * 8)
    story.reply()
    lengths = []

    for _ in range(8):
        work()
        lengths.append(round((SendingPause.objects.get().until - timezone.now()).total_seconds()))
    work()

    assert lengths == [2, 4, 8, 16, 32, 60, 60, 60]
    assert not SendingPause.objects.exists()


def test_a_message_that_never_succeeds_stops_no_other(story: Story, other: Story, api: ConversationApi):
    api.planned.append(error(500, "INTERNAL"))
    story.reply("Poison")
    other.reply("Fine")
    work(even_if_put_off=False)

    SendingPause.objects.update(until=timezone.now())
    work(even_if_put_off=False)

    assert api.texts == ["Fine"]


def test_another_service_goes_on(story: Story, other: Story, api: ConversationApi):
    queue = story.conversation.queue
    service = MessagingServiceFactory(queue=queue, api_address=api.url, key_id="key", key_secret="secret")
    ExternalReference.objects.filter(pk=other.conversation.reference_id).update(service=service)
    api.planned.append(error(503, "UNAVAILABLE"))
    story.reply("One")
    other.reply("Another")

    work(even_if_put_off=False)

    assert api.texts == ["Another"]
