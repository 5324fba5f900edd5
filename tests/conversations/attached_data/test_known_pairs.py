"""The key catalogue at work: other names, and values that break the rules, from the door to the kept data."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import AttachedKey, Queue, Right, Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.attached_data.late import attach_late_data
from conversations.attached_data.post import post_data
from conversations.attached_data.reasons import missing_reason
from conversations.models import Conversation, Event, LiveDatum
from conversations.pairs import RefusedPairs
from tests.conversations.api.conftest import client_with
from tests.conversations.doors.conversation_api.conftest import Sender, conversation_news, message, sender, service
from tests.conversations.doors.conversation_api.test_order import rows_after
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
)

__all__ = ["sender", "service"]  # fixtures

pytestmark = pytest.mark.django_db

REFUSE, FLAG, DROP = AttachedKey.OnViolation
SECRET = "canary-5f1c"
RULE = "It should be one of gold, silver."


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


def customer_type(on_violation: str = FLAG, **facts: Any) -> AttachedKey:
    """A choice of gold and silver, also known as custmerType."""
    return AttachedKeyFactory(
        name="customerType",
        kind=AttachedKey.Kind.CHOICE,
        choices=["gold", "silver"],
        on_violation=on_violation,
        aliases=["custmerType", "type"],
        **facts,
    )


def attach(conversation: Conversation, data: dict[str, Any]) -> dict[str, tuple[str, str]]:
    told = attach_data(conversation, data, source=Source.CUSTOMER, at=timezone.now())
    return {name: (result.outcome, result.reason) for name, result in told.items()}


def post(conversation: Conversation, data: dict[str, Any]) -> dict[str, tuple[str, str]]:
    _, told = post_data(conversation, data, by=UserFactory(), now=timezone.now())
    conversation.refresh_from_db()
    return {name: (result.outcome, result.reason) for name, result in told.items()}


def live(conversation: Conversation) -> dict[str, tuple[Any, str]]:
    return {datum.key: (datum.value, datum.flag) for datum in LiveDatum.objects.filter(conversation=conversation)}


def ended(conversation: Conversation) -> Conversation:
    return lifecycle.end(conversation.pk, by=conversation.agent, ended_by="agent", now=timezone.now())


# While active


def test_a_pair_goes_by_the_keys_own_name(queue: Queue):
    customer_type()
    conversation = accepted_conversation(queue)

    results = attach(conversation, {"custmerType": "GOLD", "other": 1})

    assert live(conversation) == {"customerType": ("gold", ""), "other": (1, "")}
    assert results == {
        "custmerType": ("stored", "“custmerType” is another name of customerType."),
        "other": ("stored", ""),
    }
    assert ended(conversation).kept_data == {"customerType": "gold"}


@pytest.mark.parametrize("names", list(itertools.permutations(["customerType", "custmerType", "type"])))
def test_of_several_names_of_a_key_its_own_counts(queue: Queue, names: tuple[str, ...]):
    customer_type()
    conversation = accepted_conversation(queue)

    results = attach(conversation, {name: "gold" if name == "customerType" else "silver" for name in names})

    assert live(conversation) == {"customerType": ("gold", "")}
    assert results["customerType"] == ("stored", "")
    superseded = ("superseded", "“customerType” came with it, and both are names of the key customerType.")
    assert (results["custmerType"], results["type"]) == (superseded, superseded)


def test_a_refused_value_leaves_the_conversation_as_it_was(queue: Queue):
    customer_type(REFUSE)
    conversation = accepted_conversation(queue)

    with pytest.raises(RefusedPairs) as refused:
        attach(conversation, {"type": SECRET, "other": 1})

    assert refused.value.complaints == {"type": "It should be one of gold, silver. A good value is gold."}
    assert live(conversation) == {}


def test_a_flag_goes_with_its_value_until_a_good_one_takes_its_place(queue: Queue):
    customer_type(FLAG)
    conversation = accepted_conversation(queue)

    results = attach(conversation, {"customerType": SECRET})
    flagged = live(conversation)
    attach(conversation, {"customerType": "gold"})

    assert results == {"customerType": ("stored", f"Stored with a flag: {RULE}")}
    assert flagged == {"customerType": (SECRET, RULE)}
    assert live(conversation) == {"customerType": ("gold", "")}


def test_a_flag_is_kept_with_its_value(queue: Queue):
    customer_type(FLAG)
    conversation = accepted_conversation(queue)
    attach(conversation, {"customerType": SECRET})

    kept = ended(conversation)

    assert (kept.kept_data, kept.kept_flags) == ({"customerType": SECRET}, {"customerType": RULE})


def test_a_dropped_value_is_left_out_and_the_reason_stays(queue: Queue):
    customer_type(DROP)
    conversation = accepted_conversation(queue)

    results = attach(conversation, {"type": SECRET, "other": 1})
    kept = ended(conversation)

    assert results["type"] == ("dropped", "It should be one of gold, silver. A good value is gold.")
    assert kept.kept_data == {}
    assert kept.dropped_keys == {"customerType": "invalid", "other": "not_kept"}
    assert missing_reason(kept, "customerType") == "invalid"
    assert SECRET not in str(list(Event.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize("values", [["gold", SECRET], [SECRET, "gold"]])
def test_a_dropped_value_takes_no_good_one_along(queue: Queue, values: list[str]):
    customer_type(DROP)
    conversation = accepted_conversation(queue)

    for value in values:
        attach(conversation, {"customerType": value})
    kept = ended(conversation)

    assert (kept.kept_data, kept.dropped_keys) == ({"customerType": "gold"}, {})


def test_an_abandoned_conversation_keeps_no_reason_but_that(queue: Queue):
    customer_type(DROP)
    conversation = lifecycle.receive(channel=queue.channel, queue=queue, now=timezone.now())
    attach(conversation, {"customerType": SECRET})

    over = lifecycle.end(conversation.pk, now=timezone.now())

    assert over.dropped_keys == {"customerType": "abandoned"}


def test_empty_values_break_no_rule(queue: Queue):
    customer_type(REFUSE)
    conversation = accepted_conversation(queue)

    attach(conversation, {"customerType": None})

    assert live(conversation) == {"customerType": (None, "")}


def test_the_catalogue_costs_one_query_a_write(queue: Queue):
    conversation = accepted_conversation(queue)
    for number in range(20):
        AttachedKeyFactory(name=f"k{number}", kind=AttachedKey.Kind.INTEGER, aliases=[f"other{number}"])

    with CaptureQueriesContext(connection) as queries:
        attach(conversation, {f"k{number}": "5" for number in range(10)} | {f"other{n}": "6" for n in range(10, 20)})

    assert sum("attachedkey" in query["sql"] for query in queries) == 1
    assert set(live(conversation).values()) == {(5, ""), (6, "")}


# After the end


def test_what_is_posted_goes_by_the_keys_own_name(queue: Queue):
    customer_type()
    conversation = ended_conversation(queue, data={"customerType": "gold"})

    results = post(conversation, {"type": "Silver"})

    assert conversation.kept_data == {"customerType": "silver"}
    assert results == {"type": ("stored", "“type” is another name of customerType.")}


def test_a_posted_value_brings_its_flag_and_a_good_one_takes_it_away(queue: Queue):
    customer_type(FLAG)
    conversation = ended_conversation(queue)

    post(conversation, {"customerType": SECRET})
    flagged = conversation.kept_flags
    post(conversation, {"customerType": "gold"})

    assert flagged == {"customerType": RULE}
    assert (conversation.kept_data, conversation.kept_flags) == ({"customerType": "gold"}, {})


def test_a_posted_value_that_is_dropped_leaves_the_reason(queue: Queue):
    customer_type(DROP)
    conversation = ended_conversation(queue)

    results = post(conversation, {"customerType": SECRET, "csat": 5})

    assert results["customerType"][0] == "dropped"
    assert conversation.kept_data == {"csat": 5}
    assert conversation.dropped_keys == {"customerType": "invalid"}
    assert post(conversation, {"customerType": "gold"})["customerType"] == ("stored", "")
    assert conversation.dropped_keys == {}


def test_a_posted_value_that_is_dropped_leaves_the_kept_one(queue: Queue):
    customer_type(DROP)
    conversation = ended_conversation(queue, data={"customerType": "gold"})
    version = conversation.version

    post(conversation, {"customerType": SECRET})

    assert (conversation.kept_data, conversation.dropped_keys) == ({"customerType": "gold"}, {})
    assert conversation.version == version


# Through the doors


def test_contact_data_refuses_the_whole_request_and_tells_rule_and_example(queue: Queue):
    customer_type(REFUSE)
    conversation = ended_conversation(queue)
    client = client_with(Right.MANAGE_CONTACTS, on=queue)

    answer = client.post_json(
        "/RI/cmi/contactData",
        {"contact_id": conversation.hex_id, "attached_data": {"custmerType": SECRET, "csat": 5}},
    )

    told = answer.json()
    conversation.refresh_from_db()
    assert answer.status_code == 422
    assert told["errors"] == {"custmerType": ["It should be one of gold, silver. A good value is gold."]}
    assert told["verdicts"]["csat"]["verdict"] == told["verdicts"]["custmerType"]["verdict"] == "rejected"
    assert SECRET not in answer.content.decode()
    assert conversation.kept_data == {}


def test_contact_data_answers_what_became_of_each_pair(queue: Queue):
    customer_type(FLAG)
    AttachedKeyFactory(name="orderId", pattern="[A-Z]{2}[0-9]{6}", example="FI123456", on_violation=DROP)
    conversation = ended_conversation(queue)
    client = client_with(Right.MANAGE_CONTACTS, on=queue)

    answer = client.post_json(
        "/RI/cmi/contactData?dry_run=true",
        {"contact_id": conversation.hex_id, "attached_data": {"type": "tin", "orderId": SECRET, "csat": 5}},
    )

    assert answer.json()["attached_data"] == {"customerType": "tin", "csat": 5}
    assert answer.json()["verdicts"] == {
        "type": {"verdict": "stored", "reason": f"Stored with a flag: {RULE} “type” is another name of customerType."},
        "orderId": {
            "verdict": "dropped",
            "reason": "It should be a text that matches [A-Z]{2}[0-9]{6}. A good value is FI123456.",
        },
        "csat": {"verdict": "stored", "reason": ""},
    }


def test_a_message_is_taken_without_the_pair_that_is_refused(sender: Sender):
    customer_type(REFUSE)

    delivery = sender.tell(message(metadata={"custmerType": SECRET, "topic": "returns"}))

    assert live(Conversation.objects.get()) == {"topic": ("returns", "")}
    assert "“custmerType”: It should be one of gold, silver. A good value is gold. It was left out." in delivery.notes
    assert SECRET not in delivery.notes


def test_of_a_dropped_value_the_delivery_log_tells_why(sender: Sender):
    customer_type(DROP)

    delivery = sender.tell(message(metadata={"type": SECRET, "topic": "returns"}))

    assert live(Conversation.objects.get()) == {"topic": ("returns", "")}
    assert "“type”: It should be one of gold, silver. A good value is gold. It was left out." in delivery.notes


@time_machine.travel("2026-07-01T12:00:00Z", tick=False)
def test_messages_in_any_order_leave_the_same_rows(sender: Sender):
    customer_type(DROP)
    AttachedKeyFactory(name="topic", kind=AttachedKey.Kind.CHOICE, choices=["returns"], on_violation=FLAG)
    story = [
        message(id="01A", at="2026-02-13T08:00:00Z", metadata={"type": "gold", "topic": "other"}),
        message(id="01B", at="2026-02-13T08:01:00Z", metadata={"customerType": SECRET, "topic": "RETURNS"}),
        message(id="01C", at="2026-02-13T08:02:00Z", metadata={"custmerType": "silver", "x": 1}),
        conversation_news("stop"),
    ]
    rows = [rows_after(sender, list(order)) for order in itertools.permutations(story)]

    assert all(json.dumps(row) == json.dumps(rows[0]) for row in rows)
    assert len(rows[0]["conversations"]) == 1


# Late


def test_a_late_pair_is_judged_as_the_end_would_have(queue: Queue):
    customer_type(FLAG)
    conversation = ended_conversation(queue)

    told = attach_late_data(conversation, {"type": SECRET, "other": 1}, source=Source.CUSTOMER, at=timezone.now())

    assert conversation.kept_data == {"customerType": SECRET}
    assert conversation.kept_flags == {"customerType": RULE}
    assert conversation.dropped_keys == {"other": "not_kept"}
    assert (told["type"].key, told["type"].outcome) == ("customerType", "stored")


def test_a_late_value_that_is_dropped_leaves_the_reason_until_a_good_one_comes(queue: Queue):
    customer_type(DROP)
    conversation = ended_conversation(queue)

    attach_late_data(conversation, {"type": SECRET}, source=Source.CUSTOMER, at=timezone.now())
    dropped = dict(conversation.dropped_keys)
    attach_late_data(conversation, {"type": "gold"}, source=Source.CUSTOMER, at=timezone.now())

    assert dropped == {"customerType": "invalid"}
    assert (conversation.kept_data, conversation.dropped_keys) == ({"customerType": "gold"}, {})
