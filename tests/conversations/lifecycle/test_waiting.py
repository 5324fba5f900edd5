"""Waiting counts from queued, or from received without a queue; time in an IVR is none of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from channels_cfg.models import Queue, User
from conversations import lifecycle
from conversations.models import Conversation, State
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ContactLogEntry
from tests.conversations.lifecycle.conftest import at
from tests.factories import QueueFactory

pytestmark = pytest.mark.django_db

Step = Callable[..., Any]


def in_ivr(second: int) -> Step:
    return lambda call, **who: lifecycle.enter_ivr(call, now=at(second))


def queued(second: int) -> Step:
    return lambda call, queue, agent: lifecycle.enqueue(call, queue=queue, now=at(second))


def offered(second: int) -> Step:
    return lambda call, queue, agent: lifecycle.allocate(call, agent=agent, now=at(second))


def accepted(second: int) -> Step:
    return lambda call, queue, agent: lifecycle.accept(call, by=agent, now=at(second))


def ended(second: int) -> Step:
    return lambda call, queue, agent: lifecycle.end(call, now=at(second))


def transferred(second: int) -> Step:
    return lambda call, queue, agent: lifecycle.transfer(call, by=agent, queue=queue, now=at(second))


@pytest.mark.parametrize(
    ("steps", "spent", "waited", "state"),
    [
        ([queued(40), accepted(55), ended(90)], 38, 15, State.WRAP_UP),
        ([queued(40), ended(43)], 38, 3, State.FALSE_ATTEMPT),
        ([queued(40), ended(45)], 38, 5, State.ABANDONED),
        ([ended(90)], 88, 2, State.ABANDONED),
        ([ended(4)], 2, 2, State.FALSE_ATTEMPT),
        ([offered(40), accepted(50), ended(90)], 38, 12, State.WRAP_UP),
        ([offered(40), accepted(50), transferred(70), ended(90)], 38, 12, State.HANDLED),
    ],
    ids=[
        "queued",
        "left the queue at once",
        "abandoned",
        "hung up in the IVR",
        "hung up at once",
        "direct",
        "direct, then transferred",
    ],
)
def test_time_in_the_ivr_is_no_waiting(
    queue: Queue, anna: User, steps: list[Step], spent: int, waited: int, state: str
):
    call = lifecycle.receive(channel=queue.channel, now=at(0))

    for step in [in_ivr(2), *steps]:
        step(call.pk, queue=queue, agent=anna)

    call = Conversation.objects.get()
    assert (call.time_in_ivr, call.waited) == (timedelta(seconds=spent), timedelta(seconds=waited))
    assert call.state == state
    run_reporting_job()
    assert ContactLogEntry.objects.get().waited_seconds == waited


def test_what_still_waits_has_not_waited_so_long_yet(queue: Queue):
    call = lifecycle.receive(channel=queue.channel, queue=queue, now=at(0))

    assert Conversation.objects.get(pk=call.pk).waited is None


def test_an_end_that_turns_out_to_have_been_earlier_changes_both(queue: Queue):
    call = lifecycle.receive(channel=queue.channel, now=at(0))
    lifecycle.enter_ivr(call.pk, now=at(10))
    lifecycle.end(call.pk, now=at(60))

    lifecycle.ended_earlier(call.pk, at=at(30))
    told = Conversation.objects.get()
    assert (told.time_in_ivr, told.waited) == (timedelta(seconds=20), timedelta(seconds=10))

    lifecycle.began_earlier(call.pk, at=at(-10), queue=QueueFactory(channel=queue.channel))
    told = Conversation.objects.get()
    assert (told.time_in_ivr, told.waited) == (timedelta(seconds=20), timedelta(seconds=20))
