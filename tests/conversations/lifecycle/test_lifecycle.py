from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from conversations import lifecycle
from conversations.attached_data.visible import live_pairs
from conversations.models import Conversation, Event, Leg, ReportableChange, State
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    queued_conversation,
)

pytestmark = pytest.mark.django_db


def timeline(conversation: Conversation) -> list[str]:
    return list(conversation.events.values_list("kind", flat=True))


def test_a_conversation_lives_from_received_to_handled():
    queue, agent = QueueFactory(), UserFactory()

    conversation = queued_conversation(queue)
    conversation = lifecycle.allocate(conversation.pk, agent=agent, now=timezone.now())
    conversation = lifecycle.accept(conversation.pk, by=agent, now=timezone.now() + timedelta(seconds=1))
    conversation = lifecycle.end(conversation.pk, by=agent, ended_by="agent", now=timezone.now() + timedelta(seconds=2))
    conversation = lifecycle.handle(conversation.pk, by=agent, now=timezone.now() + timedelta(seconds=3))

    assert conversation.state == State.HANDLED
    assert timeline(conversation) == ["received", "queued", "allocated", "accepted", "ended", "kept", "handled"]
    assert conversation.received_at < conversation.accepted_at < conversation.ended_at < conversation.handled_at
    legs = {leg.purpose: leg for leg in conversation.legs.all()}
    assert set(legs) == {Leg.Purpose.CUSTOMER, Leg.Purpose.QUEUE, Leg.Purpose.AGENT}
    assert legs["queue"].ended_at == conversation.accepted_at
    assert legs["agent"].connected_at == conversation.accepted_at
    assert legs["agent"].ended_at == legs["customer"].ended_at == conversation.ended_at
    assert [c.medium for leg in legs.values() for c in leg.communications.all()] == ["message"] * 3


def test_ending_and_handling_are_news_for_the_reporting_job():
    conversation = ended_conversation(QueueFactory())
    assert ReportableChange.objects.filter(conversation=conversation).count() == 1

    lifecycle.handle(conversation.pk, by=conversation.agent, now=timezone.now())

    assert ReportableChange.objects.filter(conversation=conversation).count() == 2


@pytest.mark.parametrize(("seconds", "state"), [(4, State.FALSE_ATTEMPT), (5, State.ABANDONED), (60, State.ABANDONED)])
def test_a_customer_who_leaves_unaccepted_abandons_or_only_attempted(seconds, state):
    now = timezone.now()
    conversation = queued_conversation(QueueFactory(), now=now)

    conversation = lifecycle.end(conversation.pk, ended_by="customer", now=now + timedelta(seconds=seconds))

    assert conversation.state == state
    assert ReportableChange.objects.filter(conversation=conversation).exists()


def test_the_false_attempt_limit_is_the_channels():
    queue = QueueFactory(channel=ChannelFactory(false_attempt_seconds=30))
    now = timezone.now()
    conversation = queued_conversation(queue, now=now)

    assert lifecycle.end(conversation.pk, now=now + timedelta(seconds=20)).state == State.FALSE_ATTEMPT


def test_a_rejected_conversation_waits_in_its_queue_again():
    agent, now = UserFactory(), timezone.now()
    conversation = lifecycle.allocate(queued_conversation(QueueFactory()).pk, agent=agent, now=now)

    conversation = lifecycle.reject(conversation.pk, by=agent, now=now)

    assert (conversation.state, conversation.agent) == (State.QUEUED, None)
    assert conversation.legs.get(purpose="agent").ended_at == now


def test_a_transfer_adds_legs_and_keeps_the_data_and_the_conversation():
    channel = ChannelFactory(statistics_keys=["tier"])
    first, second = QueueFactory(channel=channel), QueueFactory(channel=channel)
    conversation = accepted_conversation(first, data={"tier": "gold"})
    other = UserFactory()

    conversation = lifecycle.transfer(conversation.pk, by=conversation.agent, queue=second, now=timezone.now())
    assert (conversation.state, conversation.queue, conversation.agent) == (State.QUEUED, second, None)
    conversation = lifecycle.accept(conversation.pk, by=other, now=timezone.now())

    assert live_pairs(conversation) == {"tier": "gold"}
    assert [leg.purpose for leg in conversation.legs.all()] == ["customer", "queue", "agent", "queue", "agent"]
    assert lifecycle.end(conversation.pk, now=timezone.now()).kept_data == {"tier": "gold"}


def test_a_conversation_that_leaves_while_waiting_after_a_transfer_was_served_and_keeps_its_data():
    channel = ChannelFactory(statistics_keys=["tier"])
    conversation = accepted_conversation(QueueFactory(channel=channel), data={"tier": "gold"})
    lifecycle.transfer(conversation.pk, by=conversation.agent, queue=QueueFactory(channel=channel), now=timezone.now())

    conversation = lifecycle.end(conversation.pk, ended_by="customer", now=timezone.now())

    assert (conversation.state, conversation.kept_data) == (State.HANDLED, {"tier": "gold"})


def test_a_direct_conversation_has_no_queue():
    agent = UserFactory()
    conversation = lifecycle.receive(channel=ChannelFactory(), now=timezone.now())

    conversation = lifecycle.allocate(conversation.pk, agent=agent, now=timezone.now())
    conversation = lifecycle.accept(conversation.pk, by=agent, now=timezone.now())

    assert (conversation.queue, conversation.state) == (None, State.ACCEPTED)


def test_a_queue_of_another_channel_is_refused():
    conversation = queued_conversation(QueueFactory())

    with pytest.raises(lifecycle.WrongChannel):
        lifecycle.enqueue(conversation.pk, queue=QueueFactory(), now=timezone.now())


def test_a_repeated_action_changes_nothing_and_is_no_error():
    conversation = ended_conversation(QueueFactory(statistics_keys=["a"]), data={"a": 1})
    events = timeline(conversation)

    again = lifecycle.end(conversation.pk, now=timezone.now() + timedelta(hours=1))

    assert again.ended_at == conversation.ended_at
    assert again.version == conversation.version
    assert timeline(conversation) == events


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (
            lambda c, u: lifecycle.accept(c.pk, by=u, now=timezone.now()),
            "wrap-up; for this it would have to be queued or",
        ),
        (
            lambda c, u: lifecycle.reject(c.pk, by=u, now=timezone.now()),
            "wrap-up; for this it would have to be offered",
        ),
        (
            lambda c, u: lifecycle.transfer(c.pk, by=u, agent=u, now=timezone.now()),
            "for this it would have to be accepted",
        ),
        (
            lambda c, u: lifecycle.allocate(c.pk, agent=u, now=timezone.now()),
            "for this it would have to be received or",
        ),
    ],
)
def test_an_impossible_action_says_the_state_and_the_one_it_needs(action, words):
    conversation = ended_conversation(QueueFactory())

    with pytest.raises(lifecycle.WrongState, match=words):
        action(conversation, conversation.agent)


def test_who_comes_second_is_told_who_has_it():
    conversation = accepted_conversation(QueueFactory(), agent=UserFactory(first_name="Anna", last_name="Ek"))

    with pytest.raises(lifecycle.TakenByAnother, match="Anna Ek has this conversation already"):
        lifecycle.accept(conversation.pk, by=UserFactory(), now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_accepting_at_once_one_wins():
    conversation = queued_conversation(QueueFactory())
    agents = [UserFactory(), UserFactory()]
    outcomes: dict[int, str] = {}
    together = threading.Barrier(2)

    def accept(agent) -> None:
        together.wait()
        try:
            lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
            outcomes[agent.pk] = "won"
        except lifecycle.TakenByAnother:
            outcomes[agent.pk] = "told"
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes.values()) == ["told", "won"]
    winner = Conversation.objects.get(pk=conversation.pk).agent_id
    assert outcomes[winner] == "won"
    assert Event.objects.filter(conversation=conversation, kind="accepted").count() == 1


def test_a_change_writes_what_has_changed_and_nothing_else():
    conversation = queued_conversation(QueueFactory())
    with transaction.atomic():
        held = lifecycle.locked(conversation.pk)
        Conversation.objects.filter(pk=held.pk).update(note="of another hand", kept_data={}, subject="old")
        held.subject = "new"
        held.dropped_keys["n"] = 1
        lifecycle.save(held)
        held.dropped_keys["n"] = True
        lifecycle.save(held)

    stored = Conversation.objects.get(pk=held.pk)
    assert (stored.note, stored.subject, stored.version) == ("of another hand", "new", conversation.version + 2)
    assert stored.dropped_keys["n"] is True
