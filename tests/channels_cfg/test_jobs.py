"""What every kind of job has in common, shown with deliveries and files."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_cfg import jobs
from conversations.models import InboundDelivery
from tests.factories import MessagingServiceFactory


@pytest.fixture
def delivery(db: None) -> InboundDelivery:
    return InboundDelivery.objects.create(
        door="conversation_api",
        service=MessagingServiceFactory(),
        nonce="n",
        body_digest=b"",
        body=b"{}",
        received_at=timezone.now(),
    )


def worked_on(delivery: InboundDelivery) -> InboundDelivery:
    jobs.work_on(InboundDelivery, delivery.pk)
    delivery.refresh_from_db()
    return delivery


def work_with(monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    monkeypatch.setitem(jobs._kinds, "conversations.InboundDelivery", jobs.Kind(InboundDelivery, work, timedelta(1)))


def fail(job: Any) -> None:
    raise RuntimeError("canary")


def test_a_failure_is_tried_again_after_a_pause_that_grows(delivery, monkeypatch):
    work_with(monkeypatch, fail)
    pauses = []
    for _ in range(3):
        InboundDelivery.objects.update(held_until=None)
        before = timezone.now()
        pauses.append(round((worked_on(delivery).held_until - before).total_seconds()))

    assert pauses == [10, 20, 40]
    assert (delivery.state, delivery.holder, delivery.attempts) == ("waiting", None, 3)
    assert delivery.reason == "It failed (RuntimeError) and is tried again."


def test_what_can_never_be_done_is_given_up_with_the_reason_and_without_its_input(delivery, monkeypatch):
    def refuse(job: Any) -> None:
        raise jobs.GiveUp("There is no such queue.")

    work_with(monkeypatch, refuse)

    given_up = worked_on(delivery)

    assert (given_up.state, given_up.reason, given_up.body) == ("failed", "There is no such queue.", None)
    assert InboundDelivery.objects.dead_letters().get() == given_up


def test_a_job_that_takes_its_workers_with_it_is_given_up(delivery):
    for _ in range(InboundDelivery.most_interruptions):
        assert InboundDelivery.objects.claim(delivery.pk, now=timezone.now())
        InboundDelivery.objects.update(held_until=timezone.now() - timedelta(seconds=1))

    assert worked_on(delivery).state == "failed"
    assert delivery.reason == f"Its worker was interrupted {InboundDelivery.most_interruptions} times."


def test_trying_again_takes_what_waits_for_its_next_try_and_leaves_what_is_held_or_erased(delivery, monkeypatch):
    work_with(monkeypatch, fail)
    worked_on(delivery)
    assert InboundDelivery.objects.try_again() == 1
    assert InboundDelivery.objects.waiting(now=timezone.now()).exists()

    InboundDelivery.objects.claim(delivery.pk, now=timezone.now())
    assert InboundDelivery.objects.try_again() == 0

    InboundDelivery.objects.update(holder=None, state="failed", finished_at=timezone.now(), body=None)
    assert InboundDelivery.objects.try_again() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_lives_keeps_its_job_and_another_has_it_within_a_minute_of_its_death(
    transactional_db, settings, monkeypatch
):
    assert settings.JOB_LEASE.total_seconds() < 60
    settings.JOB_LEASE = timedelta(seconds=0.3)
    monkeypatch.setattr(jobs, "_renewing_in", None)  # the thread of earlier tests sleeps for longer
    delivery = InboundDelivery.objects.create(
        door="conversation_api",
        service=MessagingServiceFactory(),
        nonce="n",
        body_digest=b"",
        body=b"{}",
        received_at=timezone.now(),
    )
    taken_meanwhile = []

    def work_slowly(job: InboundDelivery) -> None:
        for _ in range(10):
            time.sleep(0.1)
            taken_meanwhile.append(InboundDelivery.objects.claim(job.pk, now=timezone.now()))
        jobs.finish(job, InboundDelivery.State.APPLIED)

    work_with(monkeypatch, work_slowly)
    jobs.work_on(InboundDelivery, delivery.pk)
    assert set(taken_meanwhile) == {None}
    assert InboundDelivery.objects.get().state == "applied"

    InboundDelivery.objects.update(state="waiting", finished_at=None)
    assert InboundDelivery.objects.claim(delivery.pk, now=timezone.now())  # by a worker that dies now
    time.sleep(0.4)
    assert InboundDelivery.objects.claim(delivery.pk, now=timezone.now())


# Handfuls


def several(count: int) -> list[InboundDelivery]:
    service = MessagingServiceFactory()
    return [
        InboundDelivery.objects.create(
            door="conversation_api",
            service=service,
            nonce=f"n{number}",
            body_digest=b"",
            body=b"{}",
            received_at=timezone.now(),
        )
        for number in range(count)
    ]


def pks(claimed: list[InboundDelivery]) -> list[int]:
    return [job.pk for job in claimed]


def test_two_workers_never_hold_the_same_of_a_handful(db):
    made = several(5)
    now = timezone.now()

    first, second, third = (InboundDelivery.objects.claim_handful(3, now=now) for _ in range(3))

    assert (pks(first), pks(second), third) == (pks(made[:3]), pks(made[3:]), [])
    assert len({job.holder for job in first}) == 1 and first[0].holder != second[0].holder
    assert InboundDelivery.objects.claim(made[0].pk, now=now) is None


def test_one_that_cost_several_workers_is_worked_on_alone(db):
    made = several(4)
    InboundDelivery.objects.filter(pk=made[1].pk).update(interruptions=3)
    now = timezone.now()

    claimed = [pks(InboundDelivery.objects.claim_handful(3, now=now)) for _ in range(3)]

    assert claimed == [[made[0].pk, made[2].pk], [made[1].pk], [made[3].pk]]


def test_a_handful_that_fails_is_tried_again_each_by_itself(db, monkeypatch):
    several(3)
    kind = jobs.Kind(InboundDelivery, fail, timedelta(1), handful=3)
    monkeypatch.setitem(jobs._kinds, "conversations.InboundDelivery", kind)

    assert jobs.work_on_handful(kind) == 3

    assert list(InboundDelivery.objects.values_list("state", "holder", "attempts")) == [("waiting", None, 1)] * 3
    assert {job.reason for job in InboundDelivery.objects.all()} == {"It failed (RuntimeError) and is tried again."}
