"""An offer that nobody accepts in time goes back to where it came from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations import lifecycle
from conversations.models import Conversation, Event, State
from conversations.tasks import withdraw_stale_offers
from conversations.timeline import timeline
from tests.factories import ChannelFactory, QueueFactory, UserFactory, queued_conversation

pytestmark = pytest.mark.django_db


def offered(*, seconds_ago: int, limit: int | None = 30, **facts: Any) -> Conversation:
    """A conversation that was offered to Anna so long ago, on a channel with this time to accept."""
    queue = QueueFactory(channel=ChannelFactory(pick_up_seconds=limit))
    then = timezone.now() - timedelta(seconds=seconds_ago)
    waiting = queued_conversation(queue, now=then - timedelta(seconds=10), **facts)
    return lifecycle.allocate(waiting.pk, agent=UserFactory(first_name="Anna"), now=then)


def test_it_goes_back_to_its_queue_and_the_timeline_says_why():
    conversation = offered(seconds_ago=31, data={"tier": "gold"})

    withdraw_stale_offers()

    conversation.refresh_from_db()
    assert (conversation.state, conversation.agent) == (State.QUEUED, None)
    last = timeline(conversation)[-1]
    assert (last.label, last.detail) == ("Offer withdrawn", "Anna did not accept it within 30 seconds")
    assert conversation.live_data.count() == 1
    assert list(conversation.legs.filter(ended_at=None).values_list("purpose", flat=True)) == ["customer", "queue"]


@pytest.mark.parametrize(("seconds_ago", "limit"), [(29, 30), (10_000, None)], ids=["in time", "no limit"])
def test_an_offer_whose_time_is_not_over_stays(seconds_ago: int, limit: int | None):
    conversation = offered(seconds_ago=seconds_ago, limit=limit)

    withdraw_stale_offers()
    lifecycle.withdraw(conversation.pk, now=timezone.now())

    conversation.refresh_from_db()
    assert conversation.state == State.ALLOCATED


def test_an_accepted_conversation_is_left_alone():
    conversation = offered(seconds_ago=60)
    lifecycle.accept(conversation.pk, by=conversation.agent, now=timezone.now())

    withdraw_stale_offers()
    lifecycle.withdraw(conversation.pk, now=timezone.now())

    conversation.refresh_from_db()
    assert conversation.state == State.ACCEPTED


def test_the_time_counts_from_the_latest_offer():
    conversation = offered(seconds_ago=60)
    lifecycle.reject(conversation.pk, by=conversation.agent, now=timezone.now())
    lifecycle.allocate(conversation.pk, agent=UserFactory(), now=timezone.now())

    withdraw_stale_offers()

    conversation.refresh_from_db()
    assert conversation.state == State.ALLOCATED


def test_a_direct_offer_goes_back_to_received():
    channel = ChannelFactory(pick_up_seconds=30)
    then = timezone.now() - timedelta(seconds=31)
    conversation = lifecycle.receive(channel=channel, now=then)
    lifecycle.allocate(conversation.pk, agent=UserFactory(), now=then)

    withdraw_stale_offers()

    conversation.refresh_from_db()
    assert conversation.state == State.RECEIVED


def test_two_sweeps_withdraw_once():
    conversation = offered(seconds_ago=60)

    withdraw_stale_offers()
    withdraw_stale_offers()

    assert conversation.events.filter(kind=Event.Kind.WITHDRAWN).count() == 1


def test_who_accepts_too_late_is_told_and_may_still_take_it_from_the_queue():
    conversation = offered(seconds_ago=60)
    agent = conversation.agent
    withdraw_stale_offers()

    with pytest.raises(lifecycle.WrongState):
        lifecycle.reject(conversation.pk, by=agent, now=timezone.now())
    accepted = lifecycle.accept(conversation.pk, by=agent, now=timezone.now())

    assert accepted.state == State.ACCEPTED


def test_a_sweep_costs_one_query_where_nothing_is_stale(django_assert_num_queries: Any):
    for _ in range(3):
        offered(seconds_ago=1)

    with django_assert_num_queries(1):
        withdraw_stale_offers()
