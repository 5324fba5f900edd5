import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from channels_cfg import jobs
from conversations import tasks
from conversations.doors import deliveries
from conversations.doors.conversation_api import messages
from conversations.doors.deliveries import apply_delivery
from conversations.models import Conversation, Event, IdempotentAnswer, InboundDelivery, LiveDatum, Message
from tests.conversations.doors.conversation_api.conftest import Sender, apply_all, message
from tests.conversations.doors.conversation_api.rows import all_rows
from tests.factories import ConversationFactory, UserFactory


def send(sender: Sender, callback: dict[str, Any]) -> InboundDelivery:
    assert sender.send(callback).status_code == 200
    return InboundDelivery.objects.latest("pk")


@pytest.fixture
def attaching_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Applying breaks off half-way, when conversation, legs and message are written already."""

    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("CANARY quoted by some library")

    with monkeypatch.context() as patch:
        patch.setattr(messages, "attach_said", fail)
        yield


def test_what_is_applied_leaves_no_body_behind(sender: Sender) -> None:
    delivery = send(sender, message("CANARY said", metadata={"customerId": "CANARY"}))

    apply_delivery(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.body, delivery.trigger) == ("applied", None, "MESSAGE_INBOUND")
    assert "CANARY" not in str(InboundDelivery.objects.values())


def test_an_application_that_breaks_off_leaves_nothing_half_done(sender: Sender, attaching_fails: None) -> None:
    delivery = send(sender, message(metadata={"customerId": "1"}))

    apply_delivery(delivery.pk)

    assert not any(all_rows().values())
    delivery.refresh_from_db()
    assert (delivery.finished_at, delivery.attempts, bool(delivery.body)) == (None, 1, True)
    assert delivery.held_until > timezone.now()


def test_a_failure_is_logged_without_what_it_says(
    sender: Sender, attaching_fails: None, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = send(sender, message("CANARY said", metadata={"customerId": "CANARY"}))

    with caplog.at_level(logging.DEBUG):
        apply_delivery(delivery.pk)

    logged = [record.getMessage() for record in caplog.records if record.name == "channels_cfg.jobs"]
    assert logged == [f"InboundDelivery {delivery.pk} failed (ValueError)"]
    assert not any(record.exc_info for record in caplog.records)
    assert "CANARY" not in caplog.text


def test_a_failed_application_is_tried_again_and_given_up_in_the_end(sender: Sender, attaching_fails: None) -> None:
    delivery = send(sender, message(metadata={"customerId": "CANARY"}))
    apply_delivery(delivery.pk)
    past = timezone.now() - settings.DELIVERY_DEAD_AFTER
    InboundDelivery.objects.update(held_until=None, received_at=past)

    tasks.work_on_waiting_jobs("conversations.InboundDelivery")

    delivery.refresh_from_db()
    assert (delivery.state, delivery.body) == ("failed", None)
    assert delivery.reason == "Given up after 2 attempts (ValueError)."


def test_a_delivery_whose_worker_was_killed_is_applied_by_another_once_its_lease_is_over(sender: Sender) -> None:
    delivery = send(sender, message())
    InboundDelivery.objects.claim(delivery.pk, now=timezone.now())

    tasks.work_on_waiting_jobs("conversations.InboundDelivery")
    assert not Conversation.objects.exists()
    InboundDelivery.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    tasks.work_on_waiting_jobs("conversations.InboundDelivery")

    assert Conversation.objects.count() == 1


def test_a_delivery_applied_twice_changes_nothing_more(sender: Sender) -> None:
    delivery = send(sender, message(metadata={"a": 1}))
    apply_delivery(delivery.pk)
    before = all_rows()

    apply_delivery(delivery.pk)
    tasks.work_on_waiting_jobs("conversations.InboundDelivery")

    assert all_rows() == before


def test_a_slow_worker_whose_lease_ran_out_does_not_apply_it_again(sender: Sender) -> None:
    delivery = send(sender, message(metadata={"a": 1}))
    slow = InboundDelivery.objects.claim(delivery.pk, now=timezone.now())
    InboundDelivery.objects.update(held_until=None)
    apply_delivery(delivery.pk)
    before = all_rows()

    with pytest.raises(jobs.NoLongerHeld):
        deliveries.work(slow)

    assert all_rows() == before


def in_threads(*actions: Any) -> None:
    """Do all at once, each over a connection of its own."""
    together = Barrier(len(actions))

    def do(action: Any) -> None:
        try:
            together.wait()
            action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as threads:
        list(threads.map(do, actions))


def test_workers_that_apply_messages_of_one_new_thread_at_once_make_one_conversation(
    transactional_sender: Sender,
) -> None:
    sender = transactional_sender
    deliveries = [
        send(sender, message(f"Message {number}", id=f"01{number}", metadata={f"key{number}": number}))
        for number in range(6)
    ]

    in_threads(*[lambda pk=delivery.pk: apply_delivery(pk) for delivery in deliveries])

    conversation = Conversation.objects.get()
    assert conversation.messages.count() == 6
    assert LiveDatum.objects.filter(conversation=conversation).count() == 6
    assert conversation.legs.count() == 2
    assert set(InboundDelivery.objects.values_list("state", flat=True)) == {"applied"}


def test_workers_that_race_for_one_delivery_apply_it_once(transactional_sender: Sender) -> None:
    delivery = send(transactional_sender, message())

    in_threads(*[lambda: apply_delivery(delivery.pk)] * 4)

    delivery.refresh_from_db()
    assert delivery.attempts == 1
    assert Event.objects.filter(kind=Event.Kind.RECEIVED).count() == 1


def test_a_delivery_sent_twice_at_once_is_kept_once(transactional_sender: Sender) -> None:
    sender = transactional_sender
    body = b'{"message": {"id": "01A"}}'
    headers = sender.headers(body)
    answers: list[int] = []

    in_threads(*[lambda: answers.append(sender.post(body, headers).status_code)] * 4)

    assert answers == [200] * 4
    assert InboundDelivery.objects.count() == 1


def test_a_broker_that_is_down_does_not_keep_a_callback_from_being_taken_in(
    transactional_sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.work_on_waiting_jobs, "apply_async", refuse)

    delivery = send(transactional_sender, message())

    apply_all()
    assert Message.objects.count() == 1
    assert delivery.pk


@pytest.mark.django_db
def test_what_is_remembered_only_to_recognise_repetitions_is_forgotten_in_time(sender: Sender) -> None:
    old, young = (sender.tell(message(id=str(number))) for number in range(2))
    waiting = send(sender, message(id="waiting"))
    long_ago = timezone.now() - timedelta(days=31)
    InboundDelivery.objects.filter(pk__in=[old.pk, waiting.pk]).update(received_at=long_ago)
    for key, hours in (("old", 25), ("young", 23)):
        IdempotentAnswer.objects.create(
            user=UserFactory(),
            key=key,
            conversation=ConversationFactory(),
            answer={},
            answered_at=timezone.now() - timedelta(hours=hours),
        )

    tasks.delete_old_records()

    assert set(InboundDelivery.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert IdempotentAnswer.objects.get().key == "young"


def test_the_sweep_takes_the_oldest_first_and_costs_no_more_for_a_long_log(sender: Sender) -> None:
    sender.tell(*[message(id=str(number)) for number in range(3)])

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + str(InboundDelivery.objects.filter(finished_at=None).order_by("pk").values("pk").query)
        )
        plan = str(cursor.fetchall())

    assert "delivery_waiting" in plan
