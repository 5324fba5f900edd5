"""Deliveries come twice, late and out of order. The outcome is the same."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import override_settings

from channels_cfg.models import SystemSettings
from conversations.models import Conversation, InboundDelivery, State
from tests.conversations.doors.conversation_api.conftest import (
    CALLBACKS,
    Sender,
    apply_all,
    contact_news,
    conversation_news,
    message,
    needs_callbacks,
)
from tests.conversations.doors.conversation_api.rows import all_rows

BODIES = [file.read_bytes() for file in sorted((CALLBACKS / "callbacks").glob("*.json"))]


@pytest.fixture(autouse=True)
def one_moment() -> Iterator[None]:
    """Where a sender tells no time the time of arrival counts, so everything arrives at once."""
    with time_machine.travel(datetime(2026, 7, 1, 12, tzinfo=UTC), tick=False):
        yield


class Undone(Exception):
    pass


def rows_after(sender: Sender, callbacks: list[Any]) -> dict[str, list[Any]]:
    """What is there once these have come in this order; undone again."""
    try:
        with transaction.atomic():
            sender.tell(*callbacks)
            InboundDelivery.objects.update(held_until=None)
            with override_settings(DELIVERY_PATIENCE=timedelta()):  # what came before its conversation is tried again
                apply_all()
            assert not InboundDelivery.objects.exclude(state__in=["applied", "ignored"]).exists()
            rows = all_rows()
            raise Undone
    except Undone:
        return rows


def twice_and_shuffled(callbacks: list[Any], *, seed: int) -> list[Any]:
    shuffled = callbacks * 2
    random.Random(seed).shuffle(shuffled)
    return shuffled


@needs_callbacks
def test_the_documented_callbacks_twice_and_shuffled_leave_the_same_rows(sender: Sender) -> None:
    in_order = rows_after(sender, BODIES)

    for seed in range(3):
        out_of_order = rows_after(sender, twice_and_shuffled(BODIES, seed=seed))

        assert json.dumps(out_of_order, indent=1) == json.dumps(in_order, indent=1), seed
    assert len(in_order["conversations"]) == 10


PAIRS_ONE = {"customerId": "1", "customerType": "silver"}
PAIRS_TWO = {"customerType": "gold", "language": "fi"}

STORIES: dict[str, list[dict[str, Any]]] = {
    "two messages": [
        message("One", id="01A", at="2026-02-13T08:00:00Z", metadata=PAIRS_ONE),
        message("Two", id="01B", at="2026-02-13T08:01:00Z", metadata=PAIRS_TWO),
        message("Three", id="01C", at="2026-02-13T08:02:00Z", metadata={"customerType": "silver"}),
    ],
    "a value said again after another": [
        message("One", id="01A", at="2026-02-13T08:00:00Z", metadata={"a": 1}),
        message("Two", id="01B", at="2026-02-13T08:01:00Z", metadata={"a": 2}),
        message("Three", id="01C", at="2026-02-13T08:02:00Z", metadata={"a": 1}),
    ],
    "a stop": [
        conversation_news("start"),
        message("One", id="01A", at="2026-02-13T08:00:00Z", metadata=PAIRS_ONE),
        message("Two", id="01B", at="2026-02-13T08:01:00Z", metadata=PAIRS_TWO),
        conversation_news("stop", at="2026-02-13T08:30:00Z"),
    ],
    "a stop within the time of a false attempt": [
        message("One", id="01A", at="2026-02-13T08:00:00Z"),
        message("Two", id="01B", at="2026-02-13T08:00:59Z"),
        conversation_news("stop", at="2026-02-13T08:01:00Z"),
    ],
    "a stop and a deletion": [
        message("One", id="01A", at="2026-02-13T08:00:00Z", metadata=PAIRS_ONE),
        message("Two", id="01B", at="2026-02-13T08:01:00Z", metadata=PAIRS_TWO),
        conversation_news("stop", at="2026-02-13T08:30:00Z"),
        conversation_news("delete", at="2026-02-13T08:40:00Z"),
    ],
    "another channel first": [
        message("One", id="01A", at="2026-02-13T08:00:00Z", channel_identity={"channel": "SMS", "identity": "1"}),
        message("Two", id="01B", at="2026-02-13T08:01:00Z"),
        conversation_news("stop", at="2026-02-13T08:30:00Z"),
    ],
    "a contact": [
        contact_news("create", at="2026-02-13T07:00:00Z"),
        message("One", id="01A", at="2026-02-13T08:00:00Z"),
        contact_news("update", at="2026-02-13T08:30:00Z", display_name="Ada King"),
        conversation_news("stop", at="2026-02-13T08:30:00Z"),
    ],
    "a contact that was merged": [
        contact_news("create", at="2026-02-13T07:00:00Z"),
        message("One", id="01A", at="2026-02-13T08:00:00Z"),
        {
            "accepted_time": "2026-02-13T08:10:00Z",
            "contact_merge_notification": {
                "preserved_contact": {"id": "01KEPT", "display_name": "Ada King"},
                "deleted_contact": {"id": "01CONTACT", "display_name": "Ada Lovelace"},
            },
        },
        contact_news("update", at="2026-02-13T08:30:00Z", id="01KEPT", display_name="Countess Lovelace"),
    ],
    "a contact that was deleted": [
        contact_news("create", at="2026-02-13T07:00:00Z"),
        message("One", id="01A", at="2026-02-13T08:00:00Z"),
        contact_news("delete", at="2026-02-13T08:10:00Z"),
        contact_news("update", at="2026-02-13T08:20:00Z"),
    ],
    "messages to the customer": [
        {
            "accepted_time": f"2026-02-13T{time}Z",
            "message_submit_notification": {
                "message_id": message_id,
                "conversation_id": "01CONVERSATION",
                "submitted_message": {"text_message": {"text": "How can I help?"}},
            },
        }
        for time, message_id in (("07:59:00", "01X"), ("08:10:00", "01Y"), ("08:40:00", "01Z"))
    ]
    + [
        message("One", id="01A", at="2026-02-13T08:00:00Z"),
        conversation_news("stop", at="2026-02-13T08:30:00Z"),
    ],
    "a redaction": [
        message("My name is Ada", id="01A", at="2026-02-13T08:00:00Z", metadata=PAIRS_ONE),
        {"message_redaction": message("My name is {PERSON}", id="01A", metadata=PAIRS_ONE)["message"]},
        message("Two", id="01B", at="2026-02-13T08:01:00Z"),
    ],
}


def test_a_limit_refuses_the_same_messages_in_whatever_order_they_come(sender: Sender) -> None:
    SystemSettings(pairs_per_conversation=3, bytes_per_conversation=90).save()
    sent = [
        ("01A", {"a": 1, "b": 1, "c": 1}),
        ("01B", {"c": 2, "d": 2, "e": "x" * 60}),
        ("01C", {"a": 3, "b": 3, "c": 3, "f": 3}),  # too many keys
    ]
    told = [message("Hi", id=id, at=f"2026-02-13T08:0{n}:00Z", metadata=data) for n, (id, data) in enumerate(sent)]

    rows = [rows_after(sender, list(order)) for order in permutations(told)]

    [conversation] = rows[0]["conversations"]
    assert [row["key"] for row in conversation["live data"]] == ["a", "b", "c", "d", "e"]
    assert [row["value"] for row in conversation["live data"]][1:3] == ["1", "2"]
    assert all(others == rows[0] for others in rows)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_told_in_any_order_is_the_same_story(sender: Sender, story: str) -> None:
    in_order = rows_after(sender, STORIES[story])

    for seed in range(5):
        out_of_order = rows_after(sender, twice_and_shuffled(STORIES[story], seed=seed))

        assert json.dumps(out_of_order, indent=1) == json.dumps(in_order, indent=1), seed


@pytest.mark.parametrize("story", STORIES)
def test_what_is_left_of_a_story_is_the_same_in_any_order(sender: Sender, story: str) -> None:
    """Where a delivery is lost, the others still agree."""
    lost = random.Random(story).randrange(len(STORIES[story]))
    left = [callback for number, callback in enumerate(STORIES[story]) if number != lost]

    in_order = rows_after(sender, left)
    out_of_order = rows_after(sender, twice_and_shuffled(left, seed=1))

    assert json.dumps(out_of_order, indent=1) == json.dumps(in_order, indent=1), lost


def test_a_stop_that_comes_first_ends_the_conversation_when_its_message_comes(sender: Sender) -> None:
    sender.tell(conversation_news("stop", at="2026-02-13T08:30:00Z"))

    sender.tell(message(at="2026-02-13T08:00:00Z", metadata={"customerType": "gold"}))

    conversation = Conversation.objects.get()
    assert conversation.state == State.ABANDONED
    assert conversation.received_at == datetime(2026, 2, 13, 8, tzinfo=UTC)
    assert conversation.ended_at == datetime(2026, 2, 13, 8, 30, tzinfo=UTC)
    assert conversation.dropped_keys == {"customerType": "abandoned"}
    assert not conversation.live_data.exists()


def test_a_message_after_the_stop_begins_another_conversation(sender: Sender) -> None:
    sender.tell(message(id="01A", at="2026-02-13T08:00:00Z"), conversation_news("stop", at="2026-02-13T08:30:00Z"))

    sender.tell(message(id="01B", at="2026-02-13T08:31:00Z"))

    assert sorted(Conversation.objects.values_list("state", flat=True)) == [State.ABANDONED, State.QUEUED]
