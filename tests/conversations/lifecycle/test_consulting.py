"""An agent asks a colleague while the customer is on hold."""

from __future__ import annotations

import pytest
from django.utils import timezone

from channels_cfg.models import Queue, User
from conversations import lifecycle
from conversations.models import Conversation, State
from conversations.timeline import timeline
from tests.conversations.lifecycle.conftest import at, legs, on_hold
from tests.factories import QueueFactory, UserFactory, queued_conversation

pytestmark = pytest.mark.django_db


def words(conversation: Conversation) -> list[str]:
    """The latest of the timeline."""
    return [f"{entry.label} {entry.detail}".strip() for entry in timeline(conversation)][4:]


def test_the_customer_is_on_hold_until_the_agent_comes_back(call: Conversation, anna: User, ben: User):
    lifecycle.consult(call.pk, by=anna, agent=ben, now=at(40))
    lifecycle.accept_consultation(call.pk, by=ben, now=at(45))
    lifecycle.end_consultation(call.pk, by=anna, now=at(60))

    asked = call.legs.get(agent=ben)
    assert (asked.started_at, asked.connected_at, asked.ended_at) == (at(40), at(45), at(60))
    assert on_hold(call) == [("Anna Ek", at(40), at(60))]
    call.refresh_from_db()
    assert (call.state, call.agent) == (State.ACCEPTED, anna)
    assert words(call) == [
        "On hold",
        "Consultation offered to Ben Os",
        "Consultation accepted",
        "Consultation ended",
        "Resumed",
    ]


def test_of_a_queue_that_is_asked_the_first_accepts(call: Conversation, queue: Queue, anna: User, ben: User):
    service = QueueFactory(channel=queue.channel, name="Service")
    lifecycle.consult(call.pk, by=anna, queue=service, now=at(40))
    lifecycle.accept_consultation(call.pk, by=ben, now=at(45))

    assert legs(call)[-2:] == [("Service", "consultation", "Anna Ek"), ("Ben Os", "consultation", "Service")]
    assert call.legs.get(queue=service).ended_at == at(45)
    with pytest.raises(lifecycle.TakenByAnother):
        lifecycle.accept_consultation(call.pk, by=UserFactory(), now=at(46))
    call.refresh_from_db()
    assert call.queue == queue


def test_asking_another_ends_the_consultation_before(call: Conversation, anna: User, ben: User):
    lifecycle.consult(call.pk, by=anna, agent=UserFactory(first_name="Cleo", last_name="Li"), now=at(40))
    lifecycle.consult(call.pk, by=anna, agent=ben, now=at(50))

    assert [str(leg) for leg in call.legs.there() if leg.entry == "consultation"] == ["Ben Os"]
    assert on_hold(call) == [("Anna Ek", at(40), None)]


def test_who_was_consulted_joins_and_takes_over_without_accepting_again(call: Conversation, anna: User, ben: User):
    lifecycle.consult(call.pk, by=anna, agent=ben, now=at(40))
    with pytest.raises(lifecycle.NobodyConsulted, match="Nobody has accepted"):
        lifecycle.conference(call.pk, by=anna, now=at(42))
    lifecycle.accept_consultation(call.pk, by=ben, now=at(45))
    lifecycle.conference(call.pk, by=anna, now=at(50))
    assert on_hold(call) == [("Anna Ek", at(40), at(50))]
    assert words(call)[-2:] == ["Conference with Ben Os", "Resumed"]

    after = lifecycle.transfer(call.pk, by=anna, agent=ben, now=at(70))

    assert (after.state, after.agent, after.accepted_at) == (State.ACCEPTED, ben, at(30))
    assert legs(call)[-1] == ("Ben Os", "transfer", "Anna Ek")
    assert [str(leg) for leg in call.legs.there()] == ["Customer", "Ben Os"]


def test_what_is_told_twice_changes_nothing_the_second_time(call: Conversation, queue: Queue, anna: User, ben: User):
    steps = [
        lambda: lifecycle.enter_ivr(fresh.pk, now=at(2)),
        lambda: lifecycle.consult(call.pk, by=anna, queue=queue, now=at(40)),
        lambda: lifecycle.accept_consultation(call.pk, by=ben, now=at(45)),
        lambda: lifecycle.consult(call.pk, by=anna, queue=queue, now=at(46)),
        lambda: lifecycle.conference(call.pk, by=anna, now=at(50)),
        lambda: lifecycle.end_consultation(call.pk, by=anna, now=at(55)),
        lambda: lifecycle.transfer(call.pk, by=anna, agent=ben, now=at(60)),
    ]
    fresh = lifecycle.receive(channel=call.channel, now=at(1))
    for step in steps:
        assert step().version == step().version
    assert words(call) == [
        "On hold",
        "Consultation offered to Sales",
        "Consultation accepted",
        "Conference with Ben Os",
        "Resumed",
        "Transferred to Ben Os",
        "Offered to Ben Os",
        "Accepted",
    ]


def test_an_impossible_consultation_says_the_state_and_the_one_it_needs(call: Conversation, queue: Queue, anna: User):
    waiting = queued_conversation(queue)

    with pytest.raises(lifecycle.WrongState, match="queued; for this it would"):
        lifecycle.consult(waiting.pk, by=anna, agent=UserFactory(), now=timezone.now())
    with pytest.raises(lifecycle.WrongState, match="queued; for this it would have to be received"):
        lifecycle.enter_ivr(waiting.pk, now=timezone.now())
    with pytest.raises(lifecycle.WrongChannel):
        lifecycle.consult(call.pk, by=anna, queue=QueueFactory(), now=at(40))
    with pytest.raises(ValueError, match="another agent"):
        lifecycle.consult(call.pk, by=anna, agent=anna, now=at(40))
