"""Whatever is dropped, repeated or told in whatever order: each reply is there once, and never less far than told."""

from __future__ import annotations

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Message, OutboundMessage
from conversations.replies.deliveries import State
from tests.conversations.replies.conftest import Story, work
from tests.stand_ins.conversation_api import LOST, ConversationApi, error

FURTHEST = {"QUEUED_ON_CHANNEL": 1, "DELIVERED": 3, "FAILED": 4, "READ": 5}
STATES = {0: State.SENT, 1: State.SENT, 3: State.DELIVERED, 4: State.FAILED, 5: State.READ}
answers = st.sampled_from([(200, {}, None), LOST, error(429, "RESOURCE_EXHAUSTED"), error(503, "UNAVAILABLE")])
news = st.sampled_from(["submit", *FURTHEST])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(planned=st.lists(answers, max_size=4), told=st.lists(st.tuples(st.integers(0, 1), news), max_size=8))
def test_each_reply_is_sent_once_or_told_as_not_known(
    story: Story, api: ConversationApi, planned: list, told: list[tuple[int, str]]
):
    with transaction.atomic():
        check(story, api, planned, told)
        transaction.set_rollback(True)


def check(story: Story, api: ConversationApi, planned: list, told: list[tuple[int, str]]) -> None:
    api.planned.clear()
    api.sent.clear()
    api.ids.clear()
    replies = [story.reply("first"), story.reply("second")]
    api.planned += planned
    for _turn in range(8):
        work()

    assert api.texts == ["first", "second"]  # in order, and each once: what was refused had not been taken
    assert not OutboundMessage.objects.unfinished().exists()
    known = [story.delivery(message).state == State.SENT for message in replies]
    furthest = [0, 0]
    for which, what in told:
        mark = api.sent[which]["message_metadata"]
        if what == "submit":
            story.submit(api.ids[which], metadata=mark, text=api.texts[which])
        else:
            story.report(api.ids[which], what, metadata=mark)
            furthest[which] = max(furthest[which], FURTHEST[what])
        known[which] = True

    for message, is_known, far in zip(replies, known, furthest, strict=True):
        assert story.delivery(message).state == (STATES[far] if is_known else State.FAILED)
        assert is_known or "not known" in story.delivery(message).why
    assert Message.objects.filter(text__in=["first", "second"]).count() == 2
