"""One live conversation side by side: what is there now, and what its end will leave."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, Channel, Right, SystemSettings, User
from conversations import lifecycle
from conversations.attached_data.retention_preview import preview_retention, propose
from conversations.models import Conversation
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

DATA = {"tier": "gold", "customer": {"id": 7, "card": "4111 1111 1111 1111"}, "other": "canary"}


def page_of(conversation: Conversation, viewer: User, **query: str) -> Any:
    client = Client()
    client.force_login(viewer)
    return client.get(f"/history/{conversation.hex_id}/after-the-end/", query)


def retention_on(answer: Any) -> dict[str, tuple[str, str]]:
    return {key.key: (key.listed_as, key.proposed_as) for key, _looks in answer.context["rows"]}


def test_each_key_is_told_with_what_becomes_of_it_and_the_list_that_decides():
    queue = QueueFactory(channel=ChannelFactory(name="Customer chat", statistics_keys=["tier", "customer"]))
    agent = user_with(Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data=DATA)

    answer = page_of(conversation, agent)

    assert retention_on(answer) == {
        "customer.card": ("customer", ""),
        "customer.id": ("customer", ""),
        "other": ("", ""),
        "tier": ("tier", ""),
    }
    assert "The list of channel Customer chat counts: tier, customer." in answer.content.decode()
    kept = lifecycle.end(conversation.pk, now=timezone.now()).kept_data
    assert kept.keys() == {key for key, (listed, _) in retention_on(answer).items() if listed}


@pytest.mark.parametrize(
    ("level", "keys", "kept", "counts"),
    [
        ("queue", "other", {"other"}, True),
        ("channel", "tier other", {"other", "tier"}, True),
        ("system", "other", {"tier"}, False),
    ],
)
def test_a_list_that_is_not_saved_is_compared_and_then_does_what_was_told(level, keys, kept, counts):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["tier"]))
    agent = user_with(Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data=DATA)
    record = {"queue": queue, "channel": queue.channel, "system": SystemSettings.load()}[level]

    answer = page_of(conversation, agent, keys=keys.replace(" ", ","), level=level)

    assert {key for key, (_, proposed) in retention_on(answer).items() if proposed} == kept
    assert ("would not count here" in answer.content.decode()) is not counts
    assert Channel.objects.get().statistics_keys == ["tier"]
    record.statistics_keys = keys.split()
    record.save()
    assert lifecycle.end(conversation.pk, now=timezone.now()).kept_data.keys() == kept


def test_values_show_to_whom_they_show_on_the_desk_and_shapes_to_the_others():
    queue = QueueFactory()
    agent, colleague, supervisor = (
        user_with(Right.SERVE, on=queue),
        user_with(Right.SERVE, on=queue),
        user_with(Right.VIEW_HISTORY, on=queue),
    )
    conversation = accepted_conversation(queue, agent=agent, data=DATA)

    own = page_of(conversation, agent).content.decode()
    others = [page_of(conversation, user).content.decode() for user in (colleague, supervisor)]

    assert "canary" in own and "4111" in own
    for page in others:
        assert "canary" not in page and "4111" not in page
        assert "customer.card" in page
        assert "text, 16–31 characters, Card number" in page


def test_a_call_shows_the_values_that_its_lists_show():
    channel = ChannelFactory(kind=Channel.Kind.VOICE, allocation_keys=["tier"], statistics_keys=["other"])
    queue = QueueFactory(channel=channel)
    agent = user_with(Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data=DATA)

    texts = {key.key: key.text for key in preview_retention(conversation, viewer=agent, judged_by=[])}

    assert texts == {"customer.card": None, "customer.id": None, "other": None, "tier": "gold"}


def test_what_waits_tells_that_its_end_would_keep_nothing():
    queue = QueueFactory(statistics_keys=["tier"])
    agent = user_with(Right.SERVE, on=queue)

    page = page_of(queued_conversation(queue, data=DATA), agent).content.decode()

    assert "would count as abandoned" in page


@pytest.mark.parametrize("rights", [[], [Right.VIEW_REPORTS], [Right.MANAGE_CONTACTS]])
def test_without_the_right_to_serve_or_to_view_it_is_not_found(rights):
    queue = QueueFactory()
    conversation = accepted_conversation(queue, data=DATA)

    assert page_of(conversation, user_with(*rights, on=queue)).status_code == 404
    assert page_of(conversation, user_with(*QUEUE_RIGHTS, on=QueueFactory())).status_code == 404
    assert page_of(conversation, UserFactory(is_superuser=True, is_staff=True)).status_code == 404


def test_after_the_end_nothing_is_told_but_that():
    queue = QueueFactory(statistics_keys=["tier"])
    agent = user_with(Right.SERVE, on=queue)
    conversation = ended_conversation(queue, agent=agent, data=DATA)

    page = page_of(conversation, agent).content.decode()

    assert "This conversation has ended" in page
    assert "other" not in page and "gold" not in page


def test_a_bad_list_says_what_is_wrong_and_stays_typed():
    queue = QueueFactory()
    agent = user_with(Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data=DATA)

    page = page_of(conversation, agent, keys="tier, customer Id", level="queue").content.decode()

    assert "Character 9 is a space" in page
    assert ">tier, customer Id</textarea>" in page


def test_a_proposal_changes_no_record_in_hand():
    queue = QueueFactory(statistics_keys=["tier"])
    conversation = accepted_conversation(queue, data=DATA)

    proposal = propose(conversation, ["other"], level="queue")

    assert proposal.effective.value == ["other"]
    assert conversation.queue is not None and conversation.queue.statistics_keys == ["tier"]


def test_the_page_costs_the_same_for_one_key_and_for_fifty():
    queue = QueueFactory()
    agent = user_with(Right.SERVE, on=queue)
    few = accepted_conversation(queue, agent=agent, data={"a": 1})
    many = accepted_conversation(queue, agent=agent, data={f"key{number}": number for number in range(50)})
    page_of(few, agent)

    with CaptureQueriesContext(connection) as for_one:
        page_of(few, agent)
    with CaptureQueriesContext(connection) as for_fifty:
        page_of(many, agent)

    assert len(for_fifty) == len(for_one)
