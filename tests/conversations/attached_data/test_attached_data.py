from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from channels_cfg.models import Source, SystemSettings
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.attached_data.late import attach_late_data
from conversations.attached_data.post import NotPostable, post_data
from conversations.attached_data.reasons import missing_reason
from conversations.attached_data.visible import live_pairs, shown_to_agent
from conversations.models import Conversation, LiveDatum, ReportableChange
from conversations.pairs import RefusedPairs
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
)

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def attach(conversation, data, source=Source.CUSTOMER, at=NOW):
    return {k: v.outcome for k, v in attach_data(conversation, data, source=source, at=at).items()}


# While active


def test_an_object_is_flattened_with_dots_and_an_array_with_indexes():
    conversation = queued_conversation(QueueFactory())

    attach(conversation, {"customer_data": {"id": 7, "vip": True}, "tickets": ["a", None]})

    assert live_pairs(conversation) == {
        "customer_data.id": 7,
        "customer_data.vip": True,
        "tickets.0": "a",
        "tickets.1": None,
    }


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        (Source.CUSTOMER, Source.AGENT, "first"),
        (Source.AGENT, Source.CUSTOMER, "second"),
        (Source.AGENT, Source.INTEGRATION, "first"),
        (Source.INTEGRATION, Source.INTEGRATION, "second"),
    ],
)
def test_one_key_has_one_value_by_precedence_of_sources_and_then_the_latest(first, second, wins):
    conversation = queued_conversation(QueueFactory())
    attach(conversation, {"tier": "first"}, source=first)

    results = attach(conversation, {"tier": "second"}, source=second, at=NOW + timedelta(seconds=1))

    assert live_pairs(conversation) == {"tier": wins}
    assert results == {"tier": "stored" if wins == "second" else "superseded"}


def test_within_one_source_the_latest_said_wins_even_if_it_came_in_first():
    conversation = queued_conversation(QueueFactory())
    attach(conversation, {"tier": "later"}, at=NOW + timedelta(minutes=1))

    assert attach(conversation, {"tier": "earlier"}, at=NOW) == {"tier": "superseded"}
    assert live_pairs(conversation) == {"tier": "later"}


def test_a_channel_may_set_another_order_of_sources():
    channel = ChannelFactory(precedence=["agent", "customer", "integration", "api"])
    conversation = queued_conversation(QueueFactory(channel=channel))
    attach(conversation, {"tier": "customer"})

    attach(conversation, {"tier": "agent"}, source=Source.AGENT)

    assert live_pairs(conversation) == {"tier": "agent"}


def test_one_bad_pair_refuses_the_whole_write_and_names_itself():
    conversation = queued_conversation(QueueFactory(), data={"tier": "gold"})

    with pytest.raises(RefusedPairs) as refusal:
        attach(
            conversation,
            {"good": 1, "2nd": 2, "customer Id": 3, "long": "x" * 4097, "nul": "a\x00", "none": {}, "nobody": []},
        )

    complaints = refusal.value.complaints
    assert set(complaints) == {"2nd", "customer Id", "long", "nul", "none", "nobody"}
    assert "Character 9" in complaints["customer Id"]
    assert "4097 characters; at most 4096" in complaints["long"]
    assert "Character 2" in complaints["nul"]
    assert live_pairs(conversation) == {"tier": "gold"}


@pytest.mark.parametrize(
    ("limits", "data", "words"),
    [
        ({"pairs_per_conversation": 2}, {"b": 1, "c": 1}, "3 keys; at most 2"),
        ({"bytes_per_conversation": 40}, {"b": "x" * 40}, "at most 40"),
    ],
)
def test_going_over_a_limit_refuses_the_write_whole(limits, data, words):
    SystemSettings(**limits).save()
    conversation = queued_conversation(QueueFactory(), data={"a": 1})

    with pytest.raises(RefusedPairs) as refusal:
        attach(conversation, data)

    assert all(words in complaint for complaint in refusal.value.complaints.values())
    assert live_pairs(conversation) == {"a": 1}


def test_a_write_that_makes_nothing_larger_is_let_through_where_messages_went_over():
    SystemSettings(pairs_per_conversation=2).save()
    conversation = queued_conversation(QueueFactory())
    for number, data in enumerate([{"a": 1, "b": 1}, {"c": 1, "d": 1}]):
        attach_data(conversation, data, source=Source.CUSTOMER, at=NOW, message_id=str(number))

    assert attach(conversation, {"a": 2, "d": 2}) == {"a": "stored", "d": "stored"}
    with pytest.raises(RefusedPairs, match="5 keys; at most 2"):
        attach(conversation, {"e": 1})


# What an agent sees


def test_a_chat_shows_its_agent_everything():
    conversation = queued_conversation(QueueFactory(), data={"a": 1, "b": 2})

    assert [datum.key for datum in shown_to_agent(conversation)] == ["a", "b"]


def test_a_call_shows_the_allocation_list_when_offered_and_the_connection_list_once_connected():
    channel = ChannelFactory(kind="voice", allocation_keys=["offered"], connection_keys=["connected"])
    data = {"offered": 1, "connected": 2, "never": 3}
    conversation = queued_conversation(QueueFactory(channel=channel), data=data)
    agent = UserFactory()

    conversation = lifecycle.allocate(conversation.pk, agent=agent, now=timezone.now())
    assert [datum.key for datum in shown_to_agent(conversation)] == ["offered"]

    conversation = lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    assert [datum.key for datum in shown_to_agent(conversation)] == ["connected", "offered"]


def test_an_e_mail_task_shows_the_keys_on_its_allocation_list():
    channel = ChannelFactory(kind="email", allocation_keys=["XRI-body"])
    conversation = accepted_conversation(QueueFactory(channel=channel), data={"XRI-body": "Hello", "other": 1})

    assert [datum.key for datum in shown_to_agent(conversation)] == ["XRI-body"]


# The end


def test_by_default_nothing_is_kept():
    conversation = ended_conversation(QueueFactory(), data={"customerId": "1234567"})

    assert conversation.kept_data == {}
    assert conversation.dropped_keys == {"customerId": "not_kept"}
    assert not LiveDatum.objects.exists()


def test_the_specifications_example_keeps_one_key_of_two():
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))

    conversation = ended_conversation(queue, data={"customerId": "1234567", "customerType": "gold"})

    assert conversation.kept_data == {"customerType": "gold"}
    assert conversation.kept_sources == {"customerType": "customer"}
    assert conversation.dropped_keys == {"customerId": "not_kept"}
    assert conversation.judged_keys == ["customerType"]
    assert conversation.settings_version
    assert not LiveDatum.objects.exists()


def test_naming_a_parent_keeps_its_leaves():
    queue = QueueFactory(statistics_keys=["customer_data"])

    conversation = ended_conversation(queue, data={"customer_data": {"id": 7, "name": "A"}, "other": 1})

    assert conversation.kept_data == {"customer_data.id": 7, "customer_data.name": "A"}


def test_changing_the_list_after_the_end_changes_nothing_kept():
    queue = QueueFactory(statistics_keys=["customerType"])
    conversation = ended_conversation(queue, data={"customerType": "gold"})

    queue.statistics_keys = ["other"]
    queue.save()
    conversation.refresh_from_db()

    assert conversation.kept_data == {"customerType": "gold"}


def test_the_list_is_judged_as_it_stands_at_the_end_not_at_the_start():
    queue = QueueFactory(statistics_keys=["customerType"])
    conversation = accepted_conversation(queue, data={"customerType": "gold", "customerId": 1})

    queue.statistics_keys = ["customerId"]
    queue.save()
    conversation = lifecycle.end(conversation.pk, now=timezone.now())

    assert conversation.kept_data == {"customerId": 1}


def test_an_abandoned_conversation_keeps_nothing_even_of_listed_keys():
    queue = QueueFactory(statistics_keys=["customerType"])
    conversation = queued_conversation(queue, data={"customerType": "gold"})

    conversation = lifecycle.end(conversation.pk, now=timezone.now())

    assert conversation.state == "abandoned"
    assert conversation.kept_data == {}
    assert conversation.dropped_keys == {"customerType": "abandoned"}
    assert not LiveDatum.objects.exists()


def test_a_channel_may_let_agents_see_everything_until_handled():
    queue = QueueFactory(channel=ChannelFactory(live_data_until_handled=True, statistics_keys=["a"]))
    conversation = ended_conversation(queue, data={"a": 1, "b": 2})
    assert live_pairs(conversation) == {"a": 1, "b": 2}

    lifecycle.handle(conversation.pk, by=UserFactory(), now=timezone.now())

    assert not LiveDatum.objects.exists()


@pytest.mark.parametrize(("said", "kept"), [(-30, "first"), (-10, "second")])
def test_data_said_before_the_end_and_arriving_after_it_is_judged_as_if_in_time(said, kept):
    queue = QueueFactory(statistics_keys=["tier"])
    served = accepted_conversation(queue)
    attach(served, {"tier": "first"}, at=NOW - timedelta(seconds=20))
    ended = lifecycle.end(served.pk, now=NOW)

    attach_late_data(ended, {"tier": "second", "x": 1}, source=Source.CUSTOMER, at=NOW + timedelta(seconds=said))

    assert ended.kept_data == {"tier": kept}
    assert ended.dropped_keys == {"x": "not_kept"}


# Posting


def post(conversation, data, **options):
    return post_data(conversation, data, by=UserFactory(), now=timezone.now(), **options)


def test_a_post_merges_and_says_what_became_of_each_pair():
    conversation = ended_conversation(QueueFactory(statistics_keys=["tier"]), data={"tier": "gold", "gone": 1})
    before = ReportableChange.objects.count()

    merged, results = post(conversation, {"tier": "gold", "csat": 5, "gone": 2})

    assert merged == {"tier": "gold", "csat": 5, "gone": 2}
    assert {key: result.outcome for key, result in results.items()} == {
        "tier": "unchanged",
        "csat": "stored",
        "gone": "stored",
    }
    conversation.refresh_from_db()
    assert conversation.kept_data == merged
    assert conversation.kept_sources == {"tier": "customer", "csat": "api", "gone": "api"}
    assert conversation.dropped_keys == {}
    assert ReportableChange.objects.count() == before + 1


def test_a_number_is_not_the_same_as_its_text_and_true_is_not_one():
    conversation = ended_conversation(QueueFactory(statistics_keys=["n"]), data={"n": 1})

    assert post(conversation, {"n": "1"})[1]["n"].outcome == "stored"
    assert post(conversation, {"n": True})[1]["n"].outcome == "stored"
    conversation.refresh_from_db()
    assert conversation.kept_data == {"n": True}


def test_a_dry_run_answers_the_same_and_writes_nothing():
    conversation = ended_conversation(QueueFactory())
    changes = ReportableChange.objects.count()

    merged, results = post(conversation, {"csat": 5}, dry_run=True)

    assert (merged, results["csat"].outcome) == ({"csat": 5}, "stored")
    conversation.refresh_from_db()
    assert conversation.kept_data == {}
    assert ReportableChange.objects.count() == changes


def test_data_is_posted_in_wrap_up_and_handled_only():
    queue = QueueFactory()
    waiting, served = queued_conversation(queue), accepted_conversation(queue)
    abandoned = lifecycle.end(queued_conversation(queue).pk, now=timezone.now())

    for conversation, state in ((waiting, "queued"), (served, "accepted"), (abandoned, "abandoned")):
        with pytest.raises(NotPostable, match=f"The conversation is {state}"):
            post(conversation, {"csat": 5})


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_of_different_keys_all_survive():
    conversation = ended_conversation(QueueFactory())
    user = UserFactory()

    def write(number: int) -> None:
        post_data(conversation, {f"key{number}": number}, by=user, now=timezone.now())
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))

    conversation.refresh_from_db()
    assert conversation.kept_data == {f"key{number}": number for number in range(40)}


# Reasons


def test_every_missing_value_has_a_reason():
    queue = QueueFactory(statistics_keys=["listed"])
    served = accepted_conversation(queue, data={"unlisted": 1})
    abandoned = lifecycle.end(queued_conversation(queue, data={"listed": 1}).pk, now=timezone.now())

    assert missing_reason(served, "listed") == "still_active"
    ended = lifecycle.end(served.pk, now=timezone.now())
    assert missing_reason(ended, "listed") == "not_provided"
    assert missing_reason(ended, "unlisted") == "not_kept"
    assert missing_reason(ended, "neverHeardOf") == "not_kept"
    assert missing_reason(abandoned, "listed") == "abandoned"


def test_the_database_refuses_kept_data_on_an_active_conversation():
    from django.db import IntegrityError

    conversation = queued_conversation(QueueFactory())

    with pytest.raises(IntegrityError, match="only_an_accepted_and_ended_conversation_keeps_data"):
        Conversation.objects.filter(pk=conversation.pk).update(kept_data={"a": 1})
