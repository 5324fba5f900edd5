"""What waits longest is offered to who is available longest."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from channels_cfg.models import Queue, QueueGroup, Right, User
from conversations import lifecycle
from conversations.models import AgentPresence, Conversation, Event, State
from conversations.routing import offers
from conversations.routing.offers import offer_waiting
from conversations.routing.presence import set_presence
from conversations.tasks import offer_waiting_conversations, withdraw_stale_offers
from conversations.timeline import timeline
from tests.factories import (
    ChannelFactory,
    GroupFactory,
    QueueFactory,
    QueueGroupFactory,
    UserFactory,
    accepted_conversation,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(channel=ChannelFactory(pick_up_seconds=30))


def ready(*queues: Queue, since: float = 60, **facts: Any) -> User:
    """An agent who serves the queues and has been ready for so many seconds."""
    agent = user_with(Right.SERVE, on=queues[0], **facts)
    for other in queues[1:]:
        agent.access_rights.create(right=Right.SERVE, queue=other)
    set_presence(agent, status="ready", now=ago(since))
    return agent


def waiting(queue: Queue, *, since: float = 10, **facts: Any) -> Conversation:
    return queued_conversation(queue, now=ago(since), **facts)


def offered() -> dict[Conversation, User]:
    found = Conversation.objects.filter(state=State.ALLOCATED).select_related("agent")
    return {conversation: conversation.agent for conversation in found if conversation.agent}


def test_the_longest_waiting_goes_to_the_longest_available(queue: Queue):
    late, early = ready(queue, since=20), ready(queue, since=50)
    second, first = waiting(queue, since=5), waiting(queue, since=9)

    assert offer_waiting(now=NOW) == 2

    assert offered() == {first: early, second: late}


def test_who_took_one_by_hand_is_available_last(queue: Queue):
    queue.channel.conversations_at_once = 2
    queue.channel.save()
    early, late = ready(queue, since=50), ready(queue, since=20)
    lifecycle.accept(waiting(queue).pk, by=early, now=ago(5))
    conversation = waiting(queue)

    offer_waiting(now=NOW)

    assert offered() == {conversation: late}


def test_an_offer_leaves_the_same_rows_as_one_by_hand(queue: Queue):
    agent = ready(queue)
    routed, by_hand = waiting(queue), waiting(queue)

    lifecycle.allocate(by_hand.pk, agent=UserFactory(), now=NOW)
    offer_waiting(now=NOW)

    def rows(conversation: Conversation) -> Any:
        conversation.refresh_from_db()
        legs = conversation.legs.values_list(
            "purpose",
            "entry",
            "brought_by__purpose",
            "started_at",
            "connected_at",
            "ended_at",
            "communications__medium",
        )
        return list(legs), conversation.state, conversation.allocated_at, conversation.version

    assert rows(routed) == rows(by_hand)
    assert routed.agent == agent
    last = timeline(routed)[-1]
    assert (last.label, last.detail) == ("Offered", f"to {agent} · available longest")


def test_only_who_is_ready_serves_the_queue_and_has_room_is_offered_anything(queue: Queue):
    paused, other, busy = ready(queue), ready(QueueFactory(channel=queue.channel)), ready(queue)
    set_presence(paused, status="paused", now=NOW)
    user_with(Right.SERVE, on=queue)  # has never said anything
    ready(queue, is_active=False)
    accepted_conversation(queue, agent=busy)
    conversation = waiting(queue)

    assert offer_waiting(now=NOW) == 0
    queue.channel.conversations_at_once = 2
    queue.channel.save()
    assert offer_waiting(now=NOW) == 1

    assert offered() == {conversation: busy}
    assert other not in offered().values()


def test_wrap_up_takes_room_until_it_is_over(queue: Queue):
    agent = ready(queue)
    served = accepted_conversation(queue, agent=agent)
    waiting(queue)
    lifecycle.end(served.pk, now=NOW)
    assert offer_waiting(now=NOW) == 0

    lifecycle.handle(served.pk, by=agent, now=NOW)

    assert offer_waiting(now=NOW) == 1


def test_rights_count_however_they_are_held():
    channel = ChannelFactory()
    group: QueueGroup = QueueGroupFactory()
    queue = QueueFactory(channel=channel)
    queue.groups.add(group)
    team = GroupFactory()
    team.access_rights.create(right=Right.SERVE, queue_group=group)
    member = UserFactory()
    member.groups.add(team)
    set_presence(member, status="ready", now=NOW)
    conversation = waiting(queue)

    offer_waiting(now=NOW)

    assert offered() == {conversation: member}


def test_the_lowest_priority_is_first_its_own_before_its_queues(queue: Queue):
    urgent = QueueFactory(channel=queue.channel, priority=10)
    queue.channel.conversations_at_once = 2
    queue.channel.save()
    agent = ready(queue, urgent)
    waiting(queue, since=99)
    of_urgent = waiting(urgent, since=5)
    raised = lifecycle.prefer(waiting(queue, since=1).pk, priority=1, now=NOW)

    offer_waiting(now=NOW)

    assert offered() == {raised: agent, of_urgent: agent}


def test_a_preferred_agent_is_waited_for_and_then_anybody_takes_it(queue: Queue):
    anna, ben = ready(queue), ready(queue, since=99)
    set_presence(anna, status="paused", now=NOW)
    conversation = lifecycle.prefer(waiting(queue).pk, preferred_agent=anna, now=NOW)

    assert offer_waiting(now=NOW + timedelta(seconds=119)) == 0
    assert offer_waiting(now=NOW + timedelta(seconds=120)) == 1

    assert offered() == {conversation: ben}


def test_the_preferred_agent_has_it_first_and_who_rejects_it_is_preferred_no_longer(queue: Queue):
    anna, ben = ready(queue, since=1), ready(queue, since=99)
    conversation = lifecycle.prefer(waiting(queue).pk, preferred_agent=anna, now=NOW)

    offer_waiting(now=NOW)
    assert offered() == {conversation: anna}
    assert timeline(conversation)[-1].detail.endswith("the preferred agent")
    lifecycle.reject(conversation.pk, by=anna, now=NOW)
    offer_waiting(now=NOW)

    assert offered() == {conversation: ben}


@pytest.mark.parametrize(("seconds", "goes_to_others"), [(60, True), (None, False)])
def test_required_agents_have_it_alone_for_a_time_or_for_ever(queue: Queue, seconds: int | None, goes_to_others: bool):
    anna, ben = ready(queue), ready(queue)
    set_presence(anna, status="paused", now=NOW)
    limit = timedelta(seconds=seconds) if seconds else None
    conversation = lifecycle.prefer(waiting(queue).pk, required_agents=[anna], required_for=limit, now=NOW)

    assert offer_waiting(now=NOW + timedelta(seconds=59)) == 0
    assert offer_waiting(now=NOW + timedelta(days=1)) == goes_to_others
    set_presence(anna, status="ready", now=NOW)
    offer_waiting(now=NOW + timedelta(days=1))

    assert offered() == {conversation: ben if goes_to_others else anna}


def test_who_rejected_it_gets_it_again_only_where_nobody_else_is_left(queue: Queue):
    anna, ben = ready(queue, since=99), ready(queue)
    conversation = waiting(queue)
    offer_waiting(now=NOW)
    lifecycle.reject(conversation.pk, by=anna, now=NOW)
    busy = accepted_conversation(queue, agent=ben)

    later = NOW + timedelta(minutes=5)
    assert offer_waiting(now=later) == 0
    set_presence(ben, status="away", now=later)
    assert offer_waiting(now=later) == 1

    assert offered() == {conversation: anna}
    assert busy.agent == ben


def test_a_missed_offer_pauses_the_agent_and_goes_on_to_the_next(queue: Queue):
    anna, ben = ready(queue, since=99), ready(queue)
    conversation = waiting(queue)
    offer_waiting(now=ago(31))

    withdraw_stale_offers()
    offer_waiting(now=NOW)

    assert offered() == {conversation: ben}
    presence = AgentPresence.objects.get(agent=anna)
    assert (presence.status, presence.why) == ("paused", "An offer was not accepted in time")
    assert "Anna did not" in str([e.detail for e in timeline(conversation)]).replace(str(anna), "Anna")


def test_offers_to_who_goes_away_go_on_at_once(queue: Queue):
    anna, ben = ready(queue, since=99), ready(queue)
    conversation = waiting(queue)
    offer_waiting(now=NOW)

    set_presence(anna, status="away", now=NOW)
    offer_waiting(now=NOW)

    assert offered() == {conversation: ben}
    assert any(entry.detail == f"{anna} went away" for entry in timeline(conversation))


def test_offers_to_whose_desk_is_not_seen_any_more_go_on(queue: Queue):
    anna = ready(queue, since=500)
    conversation = waiting(queue)
    offer_waiting(now=ago(499))

    offer_waiting_conversations()
    withdraw_stale_offers()

    conversation.refresh_from_db()
    assert AgentPresence.objects.get(agent=anna).status == "away"
    assert conversation.state == State.QUEUED


def test_what_an_agent_picks_by_hand_meanwhile_stays_theirs(queue: Queue, monkeypatch: pytest.MonkeyPatch):
    ready(queue)
    by_hand = user_with(Right.SERVE, on=queue)
    conversation = waiting(queue)
    match = offers.match

    def match_and_lose(*args: Any, **options: Any) -> Any:
        found = list(match(*args, **options))
        lifecycle.accept(conversation.pk, by=by_hand, now=NOW)
        return found

    monkeypatch.setattr(offers, "match", match_and_lose)
    assert offer_waiting(now=NOW) == 0

    conversation.refresh_from_db()
    assert (conversation.state, conversation.agent) == (State.ACCEPTED, by_hand)


def test_an_idle_centre_costs_a_handful_of_queries(queue: Queue, django_assert_max_num_queries: Any):
    for _ in range(3):
        ready(queue)

    with django_assert_max_num_queries(6):
        offer_waiting(now=NOW)


@pytest.mark.django_db(transaction=True)
def test_two_hundred_agents_on_one_offer_and_one_wins(queue: Queue):
    agents = User.objects.bulk_create(User(username=f"ready-{number}") for number in range(200))
    team = GroupFactory()
    team.access_rights.create(right=Right.SERVE, queue=queue)
    team.user_set.set(agents)
    AgentPresence.objects.bulk_create(
        AgentPresence(agent=agent, status="ready", since=NOW, available_since=NOW, seen_at=NOW) for agent in agents
    )
    conversations = [waiting(queue) for _ in range(4)]
    start = threading.Barrier(6)
    counted: list[int] = []

    def route() -> None:
        start.wait()
        counted.append(offer_waiting(now=NOW))
        connections.close_all()

    def pick(agent: User) -> None:
        start.wait()
        with suppress(lifecycle.TakenByAnother):
            lifecycle.accept(conversations[0].pk, by=agent, now=NOW)
        connections.close_all()

    threads = [threading.Thread(target=route) for _ in range(4)]
    threads += [threading.Thread(target=pick, args=[agent]) for agent in agents[-2:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    offers_told = Event.objects.filter(kind=Event.Kind.ALLOCATED).values_list("conversation", flat=True)
    assert sorted(offers_told) == sorted(conversation.pk for conversation in conversations)
    taken = Conversation.objects.filter(state__in=[State.ALLOCATED, State.ACCEPTED])
    assert taken.values("agent").distinct().count() == taken.count() == 4
    assert sum(counted) in (3, 4)


def test_what_waits_is_found_by_an_index_of_what_waits(queue: Queue):
    over = {"channel": queue.channel, "queue": queue, "state": State.ABANDONED, "received_at": NOW, "ended_at": NOW}
    Conversation.objects.bulk_create(Conversation(**over) for _ in range(1000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_conversation")
    plans = [
        Conversation.objects.waiting().order_by().values_list("queue", "channel").distinct(),
        Conversation.objects.filter(state__in=["allocated", "accepted", "wrap_up"], agent__isnull=False).values_list(
            "agent"
        ),
    ]
    of_what_is_open = {"conversation_waiting", "conversation_with_agent", "conversation_on_desk"}

    for rows in plans:
        assert any(index in rows.explain() for index in of_what_is_open)
