"""A queue that is closed or full answers in the channel's words, and nothing is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_cfg.models import Channel, MessagingService
from conversations.models import Conversation, LiveDatum, Message, State
from tests.conversations.doors.conversation_api.conftest import Sender, message, sender, service  # noqa: F401
from tests.conversations.replies.conftest import work
from tests.factories import OpeningHoursFactory, queued_conversation
from tests.stand_ins.conversation_api import ConversationApi


@pytest.mark.parametrize("why", ["closed", "full"])
def test_who_writes_to_a_queue_that_takes_nothing_is_told_once(
    sender: Sender,  # noqa: F811
    service: MessagingService,  # noqa: F811
    api: ConversationApi,
    why: str,
):
    MessagingService.objects.filter(pk=service.pk).update(api_address=api.url, key_id="key", key_secret="secret")
    if why == "closed":
        service.queue.opening_hours = OpeningHoursFactory(weekly=[])
    else:
        service.queue.size = 1
        queued_conversation(service.queue)
    service.queue.save()
    texts = {"closed_text": "It is closed.", "queue_full_text": "It is full."}
    Channel.objects.filter(pk=service.queue.channel_id).update(**texts)
    at = timezone.now() - timedelta(seconds=9)

    sender.tell(message("Hello?", at=at.isoformat(), metadata='{"customerType": "gold"}'))
    sender.tell(message("Anybody?", id="01SECOND", at=(at + timedelta(seconds=5)).isoformat()))
    work()

    assert api.texts == [f"It is {why}."]
    answered = Message.objects.filter(author=Message.Author.SYSTEM).get()
    assert answered.external_id
    turned_away = Conversation.objects.exclude(reference=None)
    assert set(turned_away.values_list("state", flat=True)) == {State.ABANDONED}
    assert not LiveDatum.objects.exists()
    assert Conversation.objects.get(pk=answered.conversation_id).kept_data == {}
