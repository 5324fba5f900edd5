"""Calls as a telephone system tells them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, AccessRight, Queue, QueueAddress, Right
from conversations import tasks
from conversations.models import Conversation, Event, ExternalReference, Hold, Leg, LiveDatum
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import ChannelFactory, QueueFactory, UserFactory, grant, queued_conversation, user_with

NUMBER = "+358401234567"


@pytest.fixture
def queue(db: None) -> Queue:
    """A voice queue with a number, which keeps customerType and passes on what the facts' example passes on."""
    channel = ChannelFactory(
        kind="voice",
        statistics_keys=["customerType"],
        allocation_keys=["customerType"],
        connection_keys=["customerId"],
        outbound_keys=["customerId", "note"],
        sip_header_prefix="X-ACME-",
    )
    queue = QueueFactory(channel=channel)
    QueueAddress.objects.create(queue=queue, address=NUMBER)
    return queue


@pytest.fixture
def telephone(queue: Queue) -> ApiClient:
    return client_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)


@pytest.fixture
def group(db: None) -> Group:
    return Group.objects.create(name="Team")


def told(telephone: ApiClient, **call):
    call = {"call_id": "c1", "from": "+358 40 987 6543"} | call
    return telephone.post_json("/api/v1/calls", call)


def do(telephone: ApiClient, call, action, **order):
    return telephone.post_json(f"/api/v1/calls/{call['id']}/{action}", order)


def live(conversation_id) -> dict:
    return dict(LiveDatum.objects.filter(conversation=conversation_id).values_list("key", "value"))


# Arriving


def test_a_call_to_a_number_waits_in_its_queue_once_however_often_it_is_told(queue, telephone):
    first = told(telephone, to="00358 40 1234567", attached_data={"customerType": "gold"})
    again = told(telephone, to=NUMBER, attached_data={"customerType": "silver"})

    assert (first.status_code, again.status_code) == (201, 200), first.content
    assert again.json() == first.json()
    answer = first.json()
    assert (answer["state"], answer["queue"], answer["call_id"]) == ("queued", queue.name, "c1")
    assert answer["customer_address"] == "358409876543"
    assert answer["attached_data"] == {"customerType": "gold"}
    conversation = Conversation.objects.get()
    assert LiveDatum.objects.get().source == "customer"
    assert Event.objects.filter(conversation=conversation).count() == 3


def test_it_can_be_found_by_the_id_that_the_telephone_system_gave_it(queue, telephone):
    call = told(telephone, to=NUMBER).json()
    told(telephone, to=NUMBER, call_id="c2")
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))

    def found(client, call_id):
        return [row["id"] for row in client.get("/api/v1/conversations", {"call_id": call_id}).json()["results"]]

    assert (found(telephone, "c1"), found(telephone, "c3"), found(outsider, "c1")) == ([call["id"]], [], [])


def test_what_another_telephone_system_calls_so_is_another_call(queue, telephone):
    other = client_with(Right.SERVE, on=queue)

    answers = [told(client, to=NUMBER) for client in (telephone, other)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_a_queue_an_agent_or_both_may_be_named_instead_of_a_number(queue, telephone):
    anna = user_with(Right.SERVE, on=queue, username="anna")

    waiting = told(telephone, queue=queue.name).json()
    offered = told(telephone, call_id="c2", queue=queue.name, agent="anna").json()

    assert (waiting["state"], waiting["agent"]) == ("queued", None)
    assert (offered["state"], offered["agent"], offered["queue"]) == ("allocated", anna.username, queue.name)


def test_a_direct_call_is_offered_to_its_agent_and_needs_the_right_on_direct_conversations(queue, telephone, group):
    anna = UserFactory(username="anna")
    anna.groups.add(group)
    refused = told(telephone, agent="anna")
    AccessRight.objects.create(group=group, right=Right.SERVE, direct_conversations_of=group)
    AccessRight.objects.create(user=telephone.user, right=Right.SERVE, direct_conversations_of=group)

    answer = told(telephone, agent="anna", to="+358401111111")

    assert refused.json()["errors"].keys() == {"agent"}
    assert refused.json()["errors"] == told(telephone, agent="nobody", call_id="c9").json()["errors"]
    assert answer.status_code == 201, answer.content
    assert (answer.json()["state"], answer.json()["queue"], answer.json()["agent"]) == ("allocated", None, "anna")
    assert do(telephone, answer.json(), "accept").json()["state"] == "accepted"


def test_an_outbound_call_takes_its_headers_along(queue, telephone):
    user_with(Right.SERVE, on=queue, username="anna")

    answer = told(
        telephone,
        direction="outbound",
        to="+46701234567",
        queue=queue.name,
        agent="anna",
        attached_data={"customerId": 7, "customerType": "gold"},
    ).json()

    assert (answer["direction"], answer["customer_address"], answer["state"]) == (
        "outbound",
        "46701234567",
        "allocated",
    )
    assert answer["sip_headers"] == {"X-ACME-customerId": "7"}


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ({}, "to"),
        ({"to": "+358409999999"}, "to"),
        ({"to": "x" * 321}, "to"),
        ({"to": NUMBER, "queue": "Home"}, "queue"),
        ({"queue": "nowhere"}, "queue"),
        ({"queue": "Chat"}, "queue"),
        ({"queue": 7}, "queue"),
        ({"ivr": "nowhere"}, "ivr"),
        ({"ivr": "a", "queue": "Home"}, "queue"),
        ({"queue": "Home", "agent": "nobody"}, "agent"),
        ({"direction": "outbound", "to": NUMBER}, "queue"),
        ({"to": NUMBER, "call_id": ""}, "call_id"),
        ({"to": NUMBER, "call_id": None}, "call_id"),
        ({"to": NUMBER, "call_id": "c" * 256}, "call_id"),
        ({"to": NUMBER, "from": 358}, "from"),
        ({"to": NUMBER, "direction": "sideways"}, "direction"),
        ({"to": NUMBER, "attached_data": []}, "attached_data"),
        ({"to": NUMBER, "sip_headers": {"X-ACME-a": ["b"]}}, "sip_headers.X-ACME-a"),
        ({"to": NUMBER, "sip_headers": {f"X-{n}": "" for n in range(201)}}, "sip_headers"),
        ({"to": NUMBER, "happened_at": "yesterday"}, "happened_at"),
        ({"to": NUMBER, "happened_at": "2999-01-01T00:00:00Z"}, "happened_at"),
        ({"to": NUMBER, "channel": "none", "callid": "x"}, "callid"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_field_and_nothing_is_stored(queue, telephone, call, field):
    Queue.objects.filter(pk=queue.pk).update(name="Home")
    grant(telephone.user, Right.SERVE, on=QueueFactory(name="Chat"))

    answer = told(telephone, **call)

    assert answer.status_code == 400, answer.content
    assert field in answer.json()["errors"]
    assert not Conversation.objects.exists() and not ExternalReference.objects.exists()


def test_a_queue_that_is_not_granted_is_as_if_it_were_not_there(queue, telephone):
    foreign = QueueFactory(channel=queue.channel, name="Foreign")
    QueueAddress.objects.create(queue=foreign, address="+358405550000")

    assert told(telephone, queue="Foreign").json() == told(telephone, queue="Nowhere").json()
    assert told(telephone, to="+358405550000").json() == told(telephone, to="+358405550001").json()


def test_pairs_that_break_the_rules_refuse_the_call_by_key_and_never_repeat_a_value(queue, telephone):
    answer = told(telephone, to=NUMBER, attached_data={"2nd": "secret", "ok": "fine"})

    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {"2nd"}
    assert "secret" not in answer.content.decode()
    assert not Conversation.objects.exists()


def test_a_call_to_a_closed_or_full_queue_is_turned_away(queue, telephone):
    Queue.objects.filter(pk=queue.pk).update(size=1)
    told(telephone, to=NUMBER)

    answer = told(telephone, to=NUMBER, call_id="c2", attached_data={"a": "b"})

    assert (answer.status_code, answer.json()["state"]) == (201, "abandoned")
    assert live(answer.json()["id"]) == {}


# SIP headers (the facts' example)


def test_headers_with_the_channels_prefix_become_pairs_and_go_out_again_with_a_transfer(queue, telephone):
    anna = user_with(Right.SERVE, on=queue, username="anna")
    call = told(
        telephone,
        to=NUMBER,
        attached_data={"customerType": "gold"},
        sip_headers={
            "X-ACME-customerId": "1",
            "x-acme-note": "line one\r\nX-Evil: yes",
            "X-ACME-customerType": "silver",
            "X-ACME-2nd": "no key",
            "X-ACME-": "no name",
            "X-Other-key": "not ours",
            "Via": "SIP/2.0/UDP pc33.atlanta.com",
        },
    ).json()
    pairs = live(call["id"])
    do(telephone, call, "accept", agent="anna")
    other = grant(UserFactory(username="bob"), Right.SERVE, on=queue)

    passed_on = do(telephone, call, "transfer", agent="bob").json()
    again = do(telephone, call, "transfer", agent="bob").json()

    assert pairs == {"customerType": "gold", "customerId": "1", "note": "line one\r\nX-Evil: yes"}
    assert set(LiveDatum.objects.values_list("source", flat=True)) == {"customer"}
    assert passed_on["sip_headers"] == {"X-ACME-customerId": "1", "X-ACME-note": "line one X-Evil: yes"}
    assert (passed_on["agent"], passed_on["state"], again) == (other.username, "allocated", passed_on)
    assert anna.username != passed_on["agent"]


def test_without_a_prefix_no_header_is_taken_or_sent(queue, telephone):
    type(queue.channel).objects.update(sip_header_prefix="")

    call = told(telephone, to=NUMBER, sip_headers={"X-ACME-customerId": "1"}).json()
    do(telephone, call, "accept")

    assert live(call["id"]) == {}
    assert do(telephone, call, "transfer", queue=queue.name).json()["sip_headers"] == {}


def test_a_transfer_takes_along_what_the_agent_adds_and_overwrites_nothing(queue, telephone):
    call = told(telephone, to=NUMBER, attached_data={"customerType": "gold"}).json()
    do(telephone, call, "accept")

    added = {"customerType": "bronze", "note": "is angry"}
    refused = do(telephone, call, "transfer", queue=queue.name, attached_data={"2nd": 1, "fine": 2})
    answer = do(telephone, call, "transfer", queue=queue.name, attached_data=added)

    assert refused.status_code == 422 and refused.json()["errors"].keys() == {"2nd"}
    assert answer.json()["state"] == "queued"
    assert dict(LiveDatum.objects.values_list("key", "source")) == {"customerType": "customer", "note": "agent"}
    assert live(call["id"]) == {"customerType": "gold", "note": "is angry"}
    assert answer.json()["sip_headers"] == {"X-ACME-note": "is angry"}


# A life


def test_the_legs_of_a_held_consulted_and_transferred_call_add_up(queue, telephone):
    for name in ("anna", "bob", "carl"):
        user_with(Right.SERVE, on=queue, username=name)
    began = timezone.now().replace(microsecond=0) - timedelta(hours=1)

    def at(seconds: int) -> str:
        return (began + timedelta(seconds=seconds)).isoformat()

    call = told(telephone, to=NUMBER, happened_at=at(0)).json()
    steps = [
        ("allocate", {"agent": "anna"}, 10),
        ("accept", {}, 15),
        ("hold", {}, 20),
        ("hold", {"resume": True}, 30),
        ("consult", {"agent": "bob"}, 40),
        ("accept", {}, 45),  # bob is asked, and accepts
        ("consult", {"end": True}, 70),
        ("consult", {"agent": "carl"}, 80),
        ("reject", {}, 85),
        ("transfer", {"agent": "bob"}, 100),
        ("accept", {}, 110),
        ("end", {"ended_by": "customer"}, 200),
        ("handle", {}, 230),
    ]
    for action, order, seconds in steps:
        answer = do(telephone, call, action, **order, happened_at=at(seconds))
        assert answer.status_code == 200, (action, answer.content)

    assert answer.json()["state"] == "handled"
    spans = {
        (leg.purpose, leg.agent.username if leg.agent else "", leg.entry): (leg.started_at, leg.ended_at)
        for leg in Leg.objects.select_related("agent")
    }
    seconds = {
        leg: ((start - began).total_seconds(), (end - began).total_seconds()) for leg, (start, end) in spans.items()
    }
    assert seconds == {
        ("customer", "", "arrived"): (0, 200),
        ("queue", "", "arrived"): (0, 15),
        ("agent", "anna", "queue"): (10, 100),
        ("agent", "bob", "consultation"): (40, 70),
        ("agent", "carl", "consultation"): (80, 85),
        ("agent", "bob", "transfer"): (100, 200),
    }
    held = sum(((hold.ended_at - hold.started_at) for hold in Hold.objects.all()), timedelta())
    assert held == timedelta(seconds=10 + 30 + 5)
    # Waiting, then with one agent after the other: no gap, nothing twice.
    assert 15 + (100 - 15) + (200 - 100) == 200


def test_a_telephone_system_speaks_for_whom_the_call_is_offered_to(queue, telephone):
    anna, bob = (user_with(Right.SERVE, on=queue, username=name) for name in ("anna", "bob"))
    call = told(telephone, queue=queue.name, agent="anna").json()

    rejected = do(telephone, call, "reject").json()
    accepted = do(telephone, call, "accept", agent="bob").json()
    refused = do(telephone, call, "accept", agent="nobody")

    assert (rejected["state"], rejected["agent"]) == ("queued", None)
    assert accepted["agent"] == bob.username
    assert refused.json()["errors"].keys() == {"agent"}
    assert Event.objects.get(kind="rejected").actor == anna


def test_a_person_acts_for_nobody_else(queue, telephone, client):
    anna, bob = (user_with(Right.SERVE, on=queue, username=name) for name in ("anna", "bob"))
    call = told(telephone, queue=queue.name, agent="bob").json()
    client.force_login(anna)

    def ask(action, **order):
        return client.post(f"/api/v1/calls/{call['id']}/{action}", order, content_type="application/json")

    assert ask("accept", agent="bob").json()["errors"].keys() == {"agent"}
    assert ask("accept").status_code == 409
    assert Conversation.objects.get().agent == bob


def test_a_consulted_queue_is_answered_by_whoever_is_named_and_all_may_confer(queue, telephone):
    care = QueueFactory(channel=queue.channel, name="Care")
    grant(telephone.user, Right.SERVE, on=care)
    carl = user_with(Right.SERVE, on=care, username="carl")
    stranger = UserFactory(username="stranger")
    call = told(telephone, to=NUMBER, attached_data={"customerId": "1"}).json()
    do(telephone, call, "accept")

    asked = do(telephone, call, "consult", queue="Care").json()
    refused = do(telephone, call, "accept", agent=stranger.username)
    answered = do(telephone, call, "accept", agent="carl")
    joined = do(telephone, call, "conference")

    assert asked["sip_headers"] == {"X-ACME-customerId": "1"}
    assert refused.status_code == 400
    assert answered.status_code == joined.status_code == 200
    assert Leg.objects.there().get(entry="conference").agent == carl
    assert not Hold.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("order", "field"),
    [({}, ""), ({"end": False}, ""), ({"agent": "anna", "end": True}, ""), ({"agent": "nobody"}, "agent")],
)
def test_a_consultation_that_asks_nobody_is_refused(queue, telephone, order, field):
    call = told(telephone, to=NUMBER).json()
    do(telephone, call, "accept")

    answer = do(telephone, call, "consult", **order)

    assert answer.status_code == 400
    assert not field or field in answer.json()["errors"]


def test_nobody_consults_oneself(queue, telephone):
    call = told(telephone, to=NUMBER).json()
    do(telephone, call, "accept")

    assert do(telephone, call, "consult", agent=telephone.user.username).json()["errors"].keys() == {"agent"}


def test_actions_of_calls_are_for_calls_that_are_served_alone(queue, telephone):
    chat = QueueFactory()
    grant(telephone.user, Right.SERVE, on=chat)
    outsider = client_with(*QUEUE_RIGHTS, on=QueueFactory(channel=queue.channel))
    call = told(telephone, to=NUMBER).json()

    assert do(telephone, {"id": queued_conversation(chat).pk}, "accept").status_code == 404
    assert do(outsider, call, "accept").status_code == 404


# Times


def test_times_of_one_call_never_run_backwards(queue, telephone):
    now = timezone.now()
    call = told(telephone, to=NUMBER, happened_at=(now - timedelta(minutes=10)).isoformat()).json()

    do(telephone, call, "accept", happened_at=(now - timedelta(minutes=5)).isoformat())
    do(telephone, call, "hold", happened_at=(now - timedelta(minutes=7)).isoformat())
    do(telephone, call, "end", happened_at=(now + timedelta(minutes=4)).isoformat())

    times = list(Event.objects.order_by("id").values_list("at", flat=True))
    assert times == sorted(times)
    assert times[0] == now - timedelta(minutes=10)
    assert Hold.objects.get().started_at == now - timedelta(minutes=5)
    assert now <= Conversation.objects.get().ended_at <= timezone.now()


def test_what_comes_after_the_end_is_told_the_state_and_changes_nothing(queue, telephone):
    call = told(telephone, to=NUMBER).json()
    do(telephone, call, "accept")
    ended = do(telephone, call, "end").json()

    answers = [do(telephone, call, action) for action in ("accept", "hold", "conference", "reject")]

    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [(409, "wrap_up")] * 4
    assert do(telephone, call, "end").json() == ended
    assert told(telephone, to=NUMBER).json()["state"] == "wrap_up"
    assert Conversation.objects.count() == 1


# A telephone system that dies


def test_a_call_of_which_nothing_is_heard_is_ended_by_the_system(queue, telephone):
    type(queue.channel).objects.update(silent_call_minutes=30)
    silent = told(telephone, to=NUMBER, call_id="silent", attached_data={"customerType": "gold"}).json()
    told_again = told(telephone, to=NUMBER, call_id="again").json()
    acted_on = told(telephone, to=NUMBER, call_id="acted").json()
    fresh = told(telephone, to=NUMBER, call_id="fresh", happened_at="2026-01-01T08:00:00Z").json()
    quietly(queue, silent, told_again, acted_on)

    told(telephone, to=NUMBER, call_id="again")
    do(telephone, acted_on, "accept", happened_at="2026-01-01T08:00:00Z")
    tasks.end_silent_calls()
    tasks.end_silent_calls()

    states = {str(row.pk): (row.state, row.ended_by) for row in Conversation.objects.all()}
    assert states == {
        silent["id"]: ("abandoned", "system"),
        told_again["id"]: ("queued", ""),
        acted_on["id"]: ("accepted", ""),
        fresh["id"]: ("queued", ""),
    }
    assert live(silent["id"]) == {}


def test_a_silent_call_that_was_accepted_keeps_what_the_settings_keep(queue, telephone):
    call = told(telephone, to=NUMBER, attached_data={"customerType": "gold", "customerId": "1"}).json()
    do(telephone, call, "accept")
    quietly(queue, call)
    tasks.end_silent_calls()
    assert Conversation.objects.get().state == "wrap_up"
    assert Conversation.objects.get().kept_data == {"customerType": "gold"}


def test_a_channel_without_such_a_time_waits_for_ever(queue, telephone):
    type(queue.channel).objects.update(silent_call_minutes=None)
    quietly(queue, told(telephone, to=NUMBER).json())

    tasks.end_silent_calls()

    assert Conversation.objects.get().state == "queued"


def quietly(queue: Queue, *calls, minutes: int = 300) -> None:
    """Let that much time pass without a word about these calls."""
    ids = [call["id"] for call in calls]
    long_ago: datetime = timezone.now() - timedelta(minutes=minutes)
    Conversation.objects.filter(pk__in=ids).update(received_at=long_ago, queued_at=long_ago)
    Event.objects.filter(conversation__in=ids).update(at=long_ago)
    ExternalReference.objects.filter(conversations__in=ids).update(heard_at=long_ago)
