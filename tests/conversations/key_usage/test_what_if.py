"""What a list would have kept. The estimate is held against what is kept when the same conversations happen again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.key_names import is_listed
from channels_cfg.models import Channel, Queue, Source, SystemSettings, User
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.key_usage import observations
from conversations.key_usage.aggregate import aggregate_observations
from conversations.key_usage.what_if import Estimate, estimate
from conversations.models import Conversation
from conversations.pairs import as_text
from conversations.pii_detectors import Hit, hits_of
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    ended_conversation,
    queued_conversation,
)
from tests.statistics import gather_statistics

pytestmark = pytest.mark.django_db

CARD, MAIL = "4111 1111 1111 1111", "maija@example.com"


class Script(NamedTuple):
    """One conversation, which can happen again."""

    channel: Channel
    queue: Queue | None
    data: dict[str, Any]
    is_accepted: bool


def scripts(chance: random.Random, places: list[tuple[Channel, Queue | None]], number: int) -> list[Script]:
    def pairs() -> dict[str, Any]:
        all_of_them: dict[str, Any] = {
            "tier": chance.choice(["gold", "silver", None, 7]),
            "loyalty": chance.choice([CARD, "none", "4111 1111 1111 1112"]),
            "customer": {"id": chance.randrange(10**6), "mail": chance.choice([MAIL, ""]), "tags": ["a", {"b": True}]},
            "customerx": "no leaf of customer",
            "customer.id.old": "a leaf by its name",
            "seldom": "x",
        }
        chances = {"seldom": 0.01, "customer.id.old": 0.1}
        return {key: value for key, value in all_of_them.items() if chance.random() < chances.get(key, 0.6)}

    return [Script(*chance.choice(places), pairs(), chance.random() < 0.7) for _ in range(number)]


def happen(script: Script, agent: User) -> Conversation:
    now = timezone.now()
    conversation = lifecycle.receive(channel=script.channel, queue=script.queue, now=now)
    if script.data:
        attach_data(conversation, script.data, source=Source.CUSTOMER, at=now)
    if script.is_accepted:
        lifecycle.allocate(conversation.pk, agent=agent, now=now)
        lifecycle.accept(conversation.pk, by=agent, now=now)
    return lifecycle.end(conversation.pk, now=now + timedelta(minutes=1))


class Kept(NamedTuple):
    """What became of conversations: how many keep something that a key on the list names, bytes, and hits."""

    conversations: Counter[str]
    bytes: Counter[str]
    hits: Counter[tuple[str, Hit]]

    @classmethod
    def of(cls, conversations: Iterable[Conversation], listed: list[str]) -> Kept:
        kept = cls(Counter(), Counter(), Counter())
        for conversation in conversations:
            for item in listed:
                pairs = {key: value for key, value in conversation.kept_data.items() if is_listed(key, [item])}
                kept.conversations[item] += bool(pairs)
                kept.bytes[item] += sum(observations.bytes_of(*pair) for pair in pairs.items())
                hits = {hit for value in pairs.values() for hit in hits_of(as_text(value))}
                kept.hits.update((item, hit) for hit in hits)
        return kept


LISTS = {
    "system": ["tier", "loyalty", "customer"],
    "channel": ["customer.id", "customer", "customer.tags.1", "seldom", "never", "customerx"],
    "queue": ["customer.mail", "customer.id.old", "customer.tags", "loyalty"],
}


def test_the_same_conversations_after_saving_keep_exactly_what_was_estimated():
    chat, other = ChannelFactory(), ChannelFactory(statistics_keys=["customerx"])
    queues = [QueueFactory(channel=chat), QueueFactory(channel=chat, statistics_keys=["tier"])]
    places = [(chat, queues[0]), (chat, queues[1]), (chat, None), (other, QueueFactory(channel=other)),
              (ChannelFactory(), None)]  # fmt: skip
    first_time = scripts(random.Random("what if"), places, 80)
    agent = UserFactory()
    for script in first_time[:50]:
        happen(script, agent)
    aggregate_observations()
    gather_statistics()
    for script in first_time[50:]:
        happen(script, agent)  # counted before it is added up

    for record, asked in (
        (SystemSettings.load(), {"channel": None, "keys": LISTS["system"]}),
        (chat, {"channel": chat, "keys": LISTS["channel"]}),
        (queues[1], {"channel": chat, "queue": queues[1], "keys": LISTS["queue"]}),
    ):
        with transaction.atomic():
            told = estimate(**asked)
            record.statistics_keys = asked["keys"]
            record.save()
            place = asked.get("queue") or asked["channel"]
            judged = [script for script in first_time if place in (None, script.channel, script.queue)]
            again = [happen(read_again(script), agent) for script in judged]
            told_what_is_kept(told, again, asked["keys"])
            transaction.set_rollback(True)


def told_what_is_kept(told: Estimate, again: list[Conversation], keys: list[str]) -> None:
    judged_by_it = [conversation for conversation in again if conversation.judged_keys == keys]
    kept = Kept.of(judged_by_it, keys)
    assert told.ended == len(judged_by_it) > 12
    assert told.keepable == len([row for row in judged_by_it if row.accepted_at])
    rare = {row.key for row in told.keys if row.keepable is None}
    assert rare == {key for key in keys if key in ("seldom", "never")}
    for row in told.keys:
        if row.key in rare:
            assert kept.conversations[row.key] < 5
        else:
            assert row.keepable == kept.conversations[row.key], row.key
            assert row.bytes_a_year == 365 * kept.bytes[row.key]
            assert row.hits == {hit: number for (item, hit), number in kept.hits.items() if item == row.key}
    pairs = [pair for row in judged_by_it for pair in row.kept_data.items() if pair[0] not in rare]
    assert told.bytes_a_year == 365 * sum(observations.bytes_of(*pair) for pair in pairs)


def read_again(script: Script) -> Script:
    queue = script.queue and Queue.objects.select_related("channel").get(pk=script.queue.pk)
    return script._replace(channel=Channel.objects.get(pk=script.channel.pk), queue=queue)


def test_an_estimate_is_the_same_before_and_after_aggregating():
    queue = QueueFactory()
    for _ in range(6):
        ended_conversation(queue, data={"tier": "gold", "card": CARD})
    before = estimate(channel=queue.channel, keys=["tier", "card", "other"])

    aggregate_observations()

    assert estimate(channel=queue.channel, keys=["tier", "card", "other"]) == before
    assert [(row.keepable, row.share, row.hits) for row in before.keys] == [
        (6, 1.0, {}),
        (6, 1.0, {Hit.CARD: 6}),
        (None, 0.0, {}),
    ]
    assert before.hits == {Hit.CARD: 6}


def test_a_rare_name_is_not_counted():
    queue = QueueFactory()
    for _ in range(4):
        ended_conversation(queue, data={"rare": CARD})

    told = estimate(channel=queue.channel, keys=["rare"])

    assert (told.keys[0].keepable, told.keys[0].bytes_a_year, told.hits) == (None, 0, {})
    assert told.keepable == 4


def test_a_known_name_that_a_channel_never_had_counts_as_none():
    queue, other = QueueFactory(), QueueFactory()
    for _ in range(5):
        ended_conversation(queue, data={"tier": "gold"})

    assert estimate(channel=other.channel, keys=["tier"]).keys[0].keepable == 0


def test_days_before_the_period_do_not_count():
    queue, now = QueueFactory(), timezone.now()
    for days in (0, 5, 29, 30, 45):
        conversation = queued_conversation(queue, data={"tier": "gold"}, now=now - timedelta(days=days, seconds=60))
        lifecycle.accept(conversation.pk, by=UserFactory(), now=now - timedelta(days=days))
        lifecycle.end(conversation.pk, now=now - timedelta(days=days))

    assert estimate(channel=queue.channel, keys=["tier"], now=now).keys[0].keepable == 3
    assert estimate(channel=queue.channel, keys=["tier"], now=now, days=60).keys[0].keepable == 5


def test_a_year_is_reckoned_from_the_days_there_were():
    queue, now = QueueFactory(), timezone.now()
    for _ in range(5):
        ended_conversation(queue, data={"tier": "gold"})
    assert estimate(channel=queue.channel, keys=["tier"]).bytes_a_year == 5 * len('{"tier": "gold"}') * 365

    old = queued_conversation(queue, now=now - timedelta(days=9, seconds=60))
    lifecycle.end(old.pk, now=now - timedelta(days=9))

    assert estimate(channel=queue.channel, keys=["tier"]).bytes_a_year == round(5 * len('{"tier": "gold"}') * 365 / 10)


def test_an_empty_list_is_told_by_what_it_follows():
    channel = ChannelFactory(statistics_keys=["tier"])
    queue = QueueFactory(channel=channel)
    for _ in range(5):
        ended_conversation(queue, data={"tier": "gold"})

    of_queue = estimate(channel=channel, queue=queue, keys=[])
    of_channel = estimate(channel=channel, keys=[])

    assert (of_queue.follows, [row.key for row in of_queue.keys]) == ("channel", ["tier"])
    assert (of_channel.follows, of_channel.keys) == ("", [])


def test_an_estimate_of_a_thousand_keys_costs_one_query_and_little_time():
    queue = QueueFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO conversations_keyusage (channel_id, queue_id, key, day, seen, keepable, bytes, types, lengths,
                                                sources, hits, first_seen_at, last_seen_at)
            SELECT %s, %s, 'key' || key, current_date - day, 2, 1, 20, '{}', '{}', '{}', '{"card": 1}', now(), now()
              FROM generate_series(0, 999) AS key, generate_series(0, 29) AS day;
            INSERT INTO conversations_seenkey (name, paths, seen, types, lengths, sources, hits, first_seen_at,
                                               last_seen_at)
            SELECT key, ARRAY[key], sum(seen), '{}', '{}', '{}', '{}', now(), now()
              FROM conversations_keyusage
             GROUP BY key
            """,
            [queue.channel_id, queue.pk],
        )
    names = [f"key{number}" for number in range(1000)]
    gather_statistics()

    with CaptureQueriesContext(connection) as asked:
        told = estimate(channel=queue.channel, queue=queue, keys=names)

    assert len(asked) == 1
    assert told.keys[0].keepable == 30
    assert told.hits == {Hit.CARD: 30_000}


def test_nothing_to_go_by_is_no_error():
    told = estimate(channel=ChannelFactory(), keys=["tier"])

    assert (told.ended, told.keepable, told.keys[0].share) == (0, 0, 0.0)
