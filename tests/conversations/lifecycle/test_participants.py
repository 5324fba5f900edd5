"""Legs: how each came in, what it holds by medium, and when the customer was on hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from channels_cfg.models import Queue, User
from conversations import lifecycle
from conversations.models import Communication, Conversation, Hold, Leg
from conversations.timeline import timeline
from tests.conversations.lifecycle.conftest import NOON, at, legs, on_hold
from tests.factories import QueueFactory, UserFactory

pytestmark = pytest.mark.django_db

VOICE, MESSAGE = Communication.Medium.VOICE, Communication.Medium.MESSAGE


def test_each_leg_tells_how_it_came_in_and_which_leg_brought_it(queue: Queue, anna: User, ben: User):
    service = QueueFactory(channel=queue.channel, name="Service")
    call = lifecycle.receive(channel=queue.channel, now=NOON)
    lifecycle.enter_ivr(call.pk, now=at(1))
    lifecycle.enqueue(call.pk, queue=queue, now=at(60))
    lifecycle.accept(call.pk, by=anna, now=at(90))
    lifecycle.consult(call.pk, by=anna, agent=ben, now=at(100))
    lifecycle.accept_consultation(call.pk, by=ben, now=at(105))
    lifecycle.conference(call.pk, by=anna, now=at(120))
    lifecycle.transfer(call.pk, by=anna, queue=service, now=at(150))
    lifecycle.accept(call.pk, by=ben, now=at(170))
    lifecycle.end(call.pk, now=at(200))

    assert legs(call) == [
        ("Customer", "arrived", ""),
        ("IVR or workflow", "arrived", ""),
        ("Sales", "arrived", "IVR or workflow"),
        ("Anna Ek", "queue", "Sales"),
        ("Ben Os", "consultation", "Anna Ek"),
        ("Ben Os", "conference", "Ben Os"),
        ("Service", "transfer", "Anna Ek"),
        ("Ben Os", "queue", "Service"),
    ]
    spans = [(leg.started_at, leg.ended_at) for leg in call.legs.all()]
    assert spans[1:] == [
        (at(start), at(end))
        for start, end in ((1, 60), (60, 90), (90, 150), (100, 120), (120, 150), (150, 170), (170, 200))
    ]


@pytest.mark.parametrize("straight", [False, True], ids=["by transfer", "without a queue"])
def test_an_agent_without_a_queue_was_offered_it_or_got_it_by_transfer(call: Conversation, anna, ben, straight: bool):
    if straight:
        call = lifecycle.receive(channel=call.channel, now=NOON)
        lifecycle.allocate(call.pk, agent=ben, now=at(40))
    else:
        lifecycle.transfer(call.pk, by=anna, agent=ben, now=at(40))

    assert legs(call)[-1] == ("Ben Os", "direct" if straight else "transfer", "" if straight else "Anna Ek")


def test_a_participant_holds_a_call_and_messages_at_once_and_leaves_them_one_by_one(call: Conversation, anna: User):
    lifecycle.connect(call, at=at(40), medium=MESSAGE, purpose=Leg.Purpose.AGENT)
    lifecycle.connect(call, at=at(41), medium=MESSAGE, agent=anna)
    leg = call.legs.get(agent=anna)
    held = leg.communications.values_list("medium", "connected_at", "ended_at")
    assert list(held.all()) == [(VOICE, at(30), None), (MESSAGE, at(40), None)]

    assert lifecycle.leave(call, at=at(50), medium=VOICE, agent=anna) == []
    assert list(held.all()) == [(VOICE, at(30), at(50)), (MESSAGE, at(40), None)]
    assert call.legs.get(agent=anna).ended_at is None

    assert lifecycle.leave(call, at=at(60), medium=MESSAGE, agent=anna) == [leg]
    assert call.legs.get(agent=anna).ended_at == at(60)


@pytest.mark.parametrize(
    "over",
    [
        lambda call, anna, queue: lifecycle.hold(call.pk, by=anna, now=at(50), resume=True),
        lambda call, anna, queue: lifecycle.transfer(call.pk, by=anna, queue=queue, now=at(50)),
        lambda call, anna, queue: lifecycle.transfer(call.pk, by=anna, agent=UserFactory(), now=at(50)),
        lambda call, anna, queue: lifecycle.end(call.pk, now=at(50)),
        lambda call, anna, queue: lifecycle.leave(lifecycle.locked(call.pk), at=at(50), agent=anna),
    ],
    ids=["resume", "transfer to a queue", "transfer to an agent", "end", "the agent leaves"],
)
def test_a_hold_lasts_from_hold_to(call: Conversation, anna: User, queue: Queue, over: Callable[..., Any]):
    lifecycle.hold(call.pk, by=anna, now=at(40))
    lifecycle.hold(call.pk, by=anna, now=at(45))
    assert on_hold(call) == [("Anna Ek", at(40), None)]

    over(call, anna, queue)

    assert on_hold(call) == [("Anna Ek", at(40), at(50))]


def test_time_on_hold_adds_up_for_each_agent(call: Conversation, anna: User, ben: User):
    for start, end in ((40, 45), (50, 58)):
        lifecycle.hold(call.pk, by=anna, now=at(start))
        lifecycle.hold(call.pk, by=anna, now=at(end), resume=True)
    lifecycle.transfer(call.pk, by=anna, agent=ben, now=at(60))
    lifecycle.accept(call.pk, by=ben, now=at(61))
    lifecycle.hold(call.pk, by=ben, now=at(70))

    held = Leg.objects.filter(conversation=call, purpose="agent").with_time_on_hold(now=at(75))

    assert [leg.time_on_hold for leg in held] == [timedelta(seconds=13), timedelta(seconds=5)]
    assert [entry.label for entry in timeline(call)][3:7] == ["Accepted", "On hold", "Resumed", "On hold"]


@pytest.mark.parametrize(
    "impossible",
    [
        lambda call, leg: Hold.objects.create(conversation=call, leg=leg, started_at=at(41)),
        lambda call, leg: Hold.objects.update(ended_at=at(39)),
        lambda call, leg: Leg.objects.filter(pk=leg.pk).update(ended_at=at(29)),
        lambda call, leg: Communication.objects.filter(leg=leg).update(ended_at=at(29)),
        lambda call, leg: Communication.objects.create(leg=leg, medium=VOICE, started_at=at(41)),
        lambda call, leg: Leg.objects.filter(pk=leg.pk).update(entry="conference", brought_by=None),
    ],
    ids=[
        "a_conversation_is_on_hold_once_at_a_time",
        "a_hold_ends_no_earlier_than_it_began",
        "a_leg_ends_no_earlier_than_it_began",
        "a_communication_ends_no_earlier_than_it_began",
        "a_leg_holds_a_medium_once_at_a_time",
        "somebody_consults_an_agent_or_a_queue",
    ],
)
def test_the_database_holds_that(call: Conversation, anna: User, impossible: Callable[..., Any], request: Any):
    lifecycle.hold(call.pk, by=anna, now=at(40))

    with pytest.raises(IntegrityError, match=request.node.callspec.id), transaction.atomic():
        impossible(call, call.legs.get(agent=anna))


def test_an_end_that_is_told_late_ends_no_leg_before_it_began(call: Conversation, anna: User):
    lifecycle.hold(call.pk, by=anna, now=at(40))

    lifecycle.end(call.pk, now=at(10))

    assert call.legs.get(agent=anna).ended_at == at(30)
    assert on_hold(call) == [("Anna Ek", at(40), at(40))]
