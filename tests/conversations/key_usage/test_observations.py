"""Key usage: every key of every ended conversation is counted once, and no value gets in."""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from channels_cfg.models import Queue, Source
from conversations import lifecycle
from conversations.attached_data.late import attach_late_data
from conversations.attached_data.post import post_data
from conversations.key_usage import aggregate, observations
from conversations.key_usage.aggregate import aggregate_observations
from conversations.models import EndedCount, KeyObservation, KeyUsage, LiveDatum, SeenKey
from conversations.tasks import delete_old_records
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
)

pytestmark = pytest.mark.django_db


def usage() -> list[dict[str, Any]]:
    """All key usage in a form that can be compared."""
    fields = ("channel", "queue", "day", "key", "seen", "keepable", "bytes", "types", "lengths", "sources", "hits")
    return sorted(KeyUsage.objects.values(*fields, "first_seen_at", "last_seen_at"), key=str)


def observe(key: str, number: int, *, queue: Queue | None = None, data: Any = "gold") -> None:
    queue = queue or QueueFactory()
    for _ in range(number):
        ended_conversation(queue, data={key: data})


def test_an_observation_tells_the_look_of_a_value_and_never_the_value():
    ended_conversation(QueueFactory(), data={"card": "4111 1111 1111 1111"})

    observation = KeyObservation.objects.get(key="card")

    assert (observation.value_type, observation.length_bucket, observation.source) == ("text", 5, "customer")
    assert observation.hits == ["card"]
    assert observation.bytes == len('{"card": "4111 1111 1111 1111"}')
    assert "4111 1111" not in str(list(KeyObservation.objects.values()))


@pytest.mark.parametrize(
    ("value", "value_type", "length_bucket"),
    [("", "text", 0), ("a", "text", 1), ("abcd", "text", 3), (7, "integer", 1), (-12.5, "decimal", 3),
     (True, "boolean", 3), (None, "null", 0)],
)  # fmt: skip
def test_types_are_those_of_json_and_lengths_are_rounded_to_powers_of_two(value, value_type, length_bucket):
    usage = observations.observe("key", value, source=Source.AGENT)

    assert (usage.value_type, usage.length_bucket) == (value_type, length_bucket)


def test_a_parent_is_seen_where_any_of_its_keys_is():
    data = {"customer_data": {"id": 7, "address": {"town": "Turku", "mail": "a@example.com"}}, "tier": "gold"}
    ended_conversation(QueueFactory(), data=data)

    seen = {observation.key: observation for observation in KeyObservation.objects.all()}

    assert seen.keys() == {
        "", "tier", "customer_data", "customer_data.id", "customer_data.address", "customer_data.address.town",
        "customer_data.address.mail",
    }  # fmt: skip
    assert seen["customer_data"].value_type == "group"
    assert seen["customer_data"].hits == ["email"]
    below = ("customer_data.id", "customer_data.address.town", "customer_data.address.mail")
    assert seen["customer_data"].bytes == sum(seen[key].bytes for key in below)
    assert seen[""].bytes == seen["customer_data"].bytes + seen["tier"].bytes


def test_a_key_that_is_also_a_parent_is_one_key_of_its_own_type():
    ended_conversation(QueueFactory(), data={"a": "x", "a.b": 1})

    observation = KeyObservation.objects.get(key="a")

    assert observation.value_type == "text"
    assert observation.bytes == len('{"a": "x"}') + len('{"a.b": 1}')


def test_every_end_is_counted_also_without_data_and_also_abandoned():
    queue = QueueFactory()
    ended_conversation(queue)
    lifecycle.end(queued_conversation(queue, data={"tier": "gold"}).pk, now=timezone.now())

    aggregate_observations()

    counted = EndedCount.objects.get()
    assert (counted.channel, counted.queue, counted.ended, counted.keepable) == (queue.channel, queue, 2, 1)
    assert KeyObservation.objects.get().keepable is False


def test_a_repeated_end_counts_once():
    conversation = ended_conversation(QueueFactory(), data={"tier": "gold"})

    lifecycle.end(conversation.pk, now=timezone.now())
    lifecycle.handle(conversation.pk, by=conversation.agent, now=timezone.now())

    assert KeyObservation.objects.filter(key="tier").count() == 1
    assert KeyObservation.objects.filter(key="").count() == 1


def test_an_ending_that_fails_notes_nothing():
    conversation = accepted_conversation(QueueFactory(), data={"tier": "gold"})

    with pytest.raises(ZeroDivisionError):
        from django.db import transaction

        with transaction.atomic():
            lifecycle.end(conversation.pk, now=timezone.now())
            raise ZeroDivisionError

    assert not KeyObservation.objects.exists()


def test_news_that_comes_after_the_end_is_noted_once_and_a_post_never():
    queue = QueueFactory(statistics_keys=["tier", "late"])
    conversation = ended_conversation(queue, data={"tier": "gold", "data.a": 1})
    late = {"late": "x", "gone": "y", "tier": "silver", "data.b": 2}

    for _ in range(2):
        attach_late_data(conversation, late, source=Source.CUSTOMER, at=timezone.now())
        conversation.save()
    post_data(conversation, {"posted": 1}, by=conversation.agent, now=timezone.now())

    noted = Counter(KeyObservation.objects.values_list("key", flat=True))
    assert noted == dict.fromkeys(["", "tier", "data", "data.a", "late", "gone", "data.b"], 1)


def test_a_name_is_counted_once_enough_conversations_had_it(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 5
    queue = QueueFactory()
    observe("loyalty", 4, queue=queue)
    aggregate_observations()
    assert not KeyUsage.objects.exists() and not SeenKey.objects.exists()

    observe("loyalty", 1, queue=queue)
    aggregate_observations()
    observe("loyalty", 1, queue=queue)
    aggregate_observations()

    assert KeyUsage.objects.get().seen == 6
    assert SeenKey.objects.get(name="loyalty").seen == 6
    assert not KeyObservation.objects.exists()


def test_enough_is_counted_over_all_channels(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 3
    for _ in range(3):
        observe("loyalty", 1)

    aggregate_observations()

    assert [usage.seen for usage in KeyUsage.objects.all()] == [1, 1, 1]


def test_a_rare_name_is_forgotten_after_a_month_and_a_known_one_is_not(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 2
    observe("rare", 1)
    observe("known", 2)
    aggregate_observations()
    observe("known", 1)
    KeyObservation.objects.update(day=timezone.now().date() - timedelta(days=31))

    delete_old_records()

    assert set(KeyObservation.objects.values_list("key", flat=True)) == {"", "known"}
    aggregate_observations()
    assert SeenKey.objects.get().seen == 3


def test_days_long_ago_are_forgotten_and_names_stay_known(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 1
    observe("tier", 1)
    aggregate_observations()
    KeyUsage.objects.update(day=timezone.now().date() - timedelta(days=settings.KEY_USAGE_DAYS + 1))

    delete_old_records()

    assert not KeyUsage.objects.exists()
    assert EndedCount.objects.exists() and SeenKey.objects.exists()


def test_key_usage_sums_up_what_was_seen(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 1
    queue = QueueFactory()
    for value in ("gold", "4111111111111111", 7, None):
        ended_conversation(queue, data={"k": value})
    lifecycle.end(queued_conversation(queue, data={"k": "4222222222222"}).pk, now=timezone.now())

    aggregate_observations()

    usage = KeyUsage.objects.get()
    assert (usage.seen, usage.keepable) == (5, 4)
    assert usage.types == {"text": 3, "integer": 1, "null": 1}
    assert usage.lengths == {"3": 1, "5": 1, "1": 1, "0": 1, "4": 1}
    assert usage.sources == {"customer": 5}
    assert usage.hits == {"card": 1}
    assert usage.bytes == sum(len(json.dumps({"k": v})) for v in ("gold", "4111111111111111", 7, None))
    assert SeenKey.objects.get().hits == {"card": 2}


def note_at_random(chance: random.Random, places: list[Queue]) -> list[KeyObservation]:
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    return [
        KeyObservation(
            channel_id=queue.channel_id,
            queue=chance.choice([queue, None]),
            day=(now - timedelta(days=chance.randrange(3))).date(),
            key=chance.choice(["", "tier", "a", "a.b", "a.b.c", f"rare{chance.randrange(40)}"]),
            keepable=chance.random() < 0.8,
            value_type=chance.choice(["text", "integer", "group"]),
            length_bucket=chance.randrange(5),
            bytes=chance.randrange(200),
            source=chance.choice(["customer", "agent", ""]),
            hits=chance.choice([[], [], ["card"], ["email", "phone"]]),
            seen_at=now - timedelta(seconds=chance.randrange(10**6)),
        )
        for queue in chance.choices(places, k=600)
    ]


def test_aggregating_often_gives_the_same_as_aggregating_once(monkeypatch):
    chance = random.Random(3)
    places = [QueueFactory(), QueueFactory()]
    noted = note_at_random(chance, places)
    KeyObservation.objects.bulk_create(noted)
    aggregate_observations()
    at_once = usage(), list(SeenKey.objects.values()), list(EndedCount.objects.values("queue", "day", "ended"))
    for model in (KeyUsage, SeenKey, EndedCount, KeyObservation):
        model.objects.all().delete()

    monkeypatch.setattr(aggregate, "BATCH", 7)
    for start in range(0, len(noted), 83):
        for observation in noted[start : start + 83]:
            observation.pk = None
        KeyObservation.objects.bulk_create(noted[start : start + 83])
        aggregate_observations()

    bit_by_bit = usage(), list(SeenKey.objects.values()), list(EndedCount.objects.values("queue", "day", "ended"))
    assert sorted(map(str, bit_by_bit[0])) == sorted(map(str, at_once[0]))
    assert bit_by_bit[1] == at_once[1]
    assert sorted(bit_by_bit[2], key=str) == sorted(at_once[2], key=str)


def test_paths_are_the_parents_and_the_name(settings):
    settings.KEY_USAGE_MINIMUM_CONVERSATIONS = 1
    observe("a.b..c", 1)

    aggregate_observations()

    paths = dict(SeenKey.objects.values_list("name", "paths"))
    assert paths["a.b..c"] == [*observations.parents_of("a.b..c"), "a.b..c"] == ["a", "a.b", "a.b.", "a.b..c"]


@pytest.mark.django_db(transaction=True)
def test_aggregating_in_four_places_at_once_loses_and_doubles_nothing(monkeypatch):
    monkeypatch.setattr(aggregate, "BATCH", 50)
    KeyObservation.objects.bulk_create(note_at_random(random.Random(5), [QueueFactory(), QueueFactory()]))
    expected = Counter(KeyObservation.objects.values_list("key", flat=True))
    together = threading.Barrier(4)
    counted: list[int] = []

    def in_a_thread() -> None:
        together.wait()
        try:
            counted.append(aggregate_observations())
        finally:
            connection.close()

    threads = [threading.Thread(target=in_a_thread) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    known = {key: number for key, number in expected.items() if key and number >= 5}
    assert dict(SeenKey.objects.values_list("name", "seen")) == known
    assert sum(EndedCount.objects.values_list("ended", flat=True)) == expected[""]
    assert sum(counted) == sum(known.values()) + expected[""]
    assert KeyObservation.objects.count() == 600 - sum(counted)


def test_no_value_is_anywhere_in_key_usage():
    canaries = [f"canary{uuid.uuid4().hex}" for _ in range(3)]
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["other"]))
    for _ in range(6):
        ended_conversation(queue, data={"secret": canaries[0], "nested": {"x": [canaries[1]]}})
        lifecycle.end(queued_conversation(queue, data={"secret": canaries[2]}).pk, now=timezone.now())

    noted = table_contents()
    aggregate_observations()

    assert b"secret" in noted and b"secret" in table_contents()
    for content in (noted, table_contents()):
        assert not any(canary.encode() in content for canary in canaries)
    assert not LiveDatum.objects.exists()


def table_contents() -> bytes:
    """Everything in the tables of key usage, as PostgreSQL writes it out."""
    found = b""
    with connection.cursor() as cursor:
        for model in (KeyObservation, KeyUsage, SeenKey, EndedCount):
            with cursor.copy(f'COPY "{model._meta.db_table}" TO STDOUT') as rows:
                found += b"".join(bytes(chunk) for chunk in rows)
    return found
