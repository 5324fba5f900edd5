"""Reading conversations over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, Channel, Right, Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.models import Conversation, Message
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import (
    ChannelFactory,
    ConversationFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
)

pytestmark = pytest.mark.django_db

DOOR = "/api/v1/conversations"
PAIRS = {"customerId": "1234567", "customerType": "gold"}


def read(client, conversation):
    return client.get(f"{DOOR}/{conversation.pk}")


def data_of(client, conversation):
    return read(client, conversation).json()["attached_data"]


def listed(client, **query):
    answer = client.get(DOOR, query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.fixture
def agent(queue) -> ApiClient:
    return client_with(Right.SERVE, on=queue)


@pytest.fixture
def supervisor(queue) -> ApiClient:
    return client_with(Right.VIEW_HISTORY, on=queue)


def test_a_conversation_is_told_with_its_places_times_and_data(queue, agent):
    conversation = accepted_conversation(
        queue, agent=agent.user, data=PAIRS, customer_name="Anna", messaging_channel="WHATSAPP"
    )

    answer = read(agent, conversation).json()

    assert answer["messages_url"] == f"http://testserver{DOOR}/{conversation.pk}/messages"
    assert answer | {"messages_url": "", "received_at": "", "queued_at": "", "allocated_at": "", "accepted_at": ""} == {
        "id": str(conversation.pk),
        "state": "accepted",
        "channel": queue.channel.name,
        "messaging_channel": "WHATSAPP",
        "queue": queue.name,
        "direction": "inbound",
        "customer": "Anna",
        "customer_address": "358401234567",
        "subject": "",
        "agent": agent.user.username,
        "received_at": "",
        "queued_at": "",
        "allocated_at": "",
        "accepted_at": "",
        "ended_at": None,
        "ended_by": None,
        "handled_at": None,
        "attached_data": PAIRS,
        "messages_url": "",
        "version": answer["version"],
    }


def test_the_specifications_example_over_the_api(queue, agent, supervisor):
    conversation = queued_conversation(queue, data=PAIRS)

    waiting = data_of(agent, conversation)
    active = agent.post_json(f"{DOOR}/{conversation.pk}/accept").json()["attached_data"]
    ended = agent.post_json(f"{DOOR}/{conversation.pk}/end").json()["attached_data"]
    in_history = data_of(supervisor, conversation)

    assert waiting == active == PAIRS
    assert ended == in_history == {"customerType": "gold"}


def test_live_data_is_for_who_serves_alone(queue, agent, supervisor):
    everything = client_with(*QUEUE_RIGHTS, on=queue)
    conversation = accepted_conversation(queue, agent=agent.user, data=PAIRS)

    assert data_of(agent, conversation) == PAIRS
    assert data_of(everything, conversation) == {}
    assert data_of(supervisor, conversation) == {}


def test_an_agent_who_lost_the_right_sees_nothing_of_what_is_still_allocated(queue, agent):
    conversation = accepted_conversation(queue, agent=agent.user, data=PAIRS)

    agent.user.access_rights.all().delete()

    assert read(agent, conversation).status_code == 404


def test_a_call_shows_its_allocation_list_until_it_is_connected():
    queue = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.VOICE, allocation_keys=["a"], connection_keys=["b"]))
    agent = client_with(Right.SERVE, on=queue)
    conversation = queued_conversation(queue, data={"a": 1, "b": 2, "c": 3})

    waiting = data_of(agent, conversation)
    lifecycle.accept(conversation.pk, by=agent.user, now=timezone.now())
    connected = data_of(agent, conversation)

    assert waiting == {"a": 1}
    assert connected == {"a": 1, "b": 2}


def test_where_the_channel_says_so_the_agent_sees_all_data_until_handled():
    queue = QueueFactory(channel=ChannelFactory(live_data_until_handled=True, statistics_keys=["customerType"]))
    agent, other = client_with(Right.SERVE, on=queue), client_with(Right.SERVE, on=queue)
    conversation = ended_conversation(queue, agent=agent.user, data=PAIRS)

    assert data_of(agent, conversation) == PAIRS
    assert data_of(other, conversation) == {"customerType": "gold"}
    lifecycle.handle(conversation.pk, by=agent.user, now=timezone.now())
    assert data_of(client_with(Right.VIEW_HISTORY, on=queue), conversation) == {"customerType": "gold"}


def test_what_is_handled_belongs_to_history(queue, agent, supervisor):
    conversation = ended_conversation(queue, agent=agent.user, data=PAIRS)

    handled = agent.post_json(f"{DOOR}/{conversation.pk}/handle")

    assert (handled.status_code, handled.json()["attached_data"]) == (200, {})
    assert read(agent, conversation).status_code == 404
    assert listed(agent) == []
    assert listed(supervisor) == [str(conversation.pk)]


def test_what_is_not_granted_is_not_found(queue, outsider):
    conversation = ended_conversation(queue, data=PAIRS, customer_name="Canary")
    neither = client_with(Right.VIEW_REPORTS, Right.MANAGE_CONTACTS, on=queue)
    superuser = ApiClient(UserFactory(is_superuser=True))

    for client in (outsider, neither, superuser):
        assert read(client, conversation).status_code == 404
        assert client.get(f"{DOOR}/{conversation.pk}/messages").status_code == 404
        assert listed(client) == listed(client, q="Canary") == listed(client, kept="customerType=gold") == []
        assert client.get(DOOR, {"queue": queue.name}).status_code == 400
        assert client.get(DOOR, {"queue": queue.pk}).status_code == 400


def test_the_list_can_be_asked_as_the_history_page(queue, supervisor):
    other = QueueFactory(channel=queue.channel)
    grant(supervisor.user, Right.VIEW_HISTORY, on=other)
    gold = ended_conversation(queue, data=PAIRS, customer_name="Anna")
    agent = gold.agent
    silver = ended_conversation(other, data={"customerType": "silver"}, now=timezone.now() - timedelta(days=2))
    waiting = queued_conversation(queue, now=timezone.now() - timedelta(days=3))
    for user in (agent, silver.agent):
        grant(user, Right.SERVE, on=queue)

    everything = [str(row.pk) for row in (gold, silver, waiting)]
    assert listed(supervisor) == everything
    assert listed(supervisor, queue=queue.name) == listed(supervisor, queue=queue.pk) == [everything[0], everything[2]]
    assert listed(supervisor, channel=queue.channel.name) == everything
    assert listed(supervisor, agent=agent.username) == everything[:1]
    assert listed(supervisor, customer="ann") == everything[:1]
    assert listed(supervisor, state="queued") == everything[2:]
    assert listed(supervisor, state=["queued", "wrap_up"]) == everything
    assert listed(supervisor, kept="customerType=silver") == [everything[1]]
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    assert listed(supervisor, received_after=yesterday) == everything[:1]
    assert listed(supervisor, received_before=yesterday) == everything[1:]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=sleeping", "state"),
        ("queue=nowhere", "queue"),
        ("queue=%00", "queue"),
        (f"queue={10**30}", "queue"),
        ("received_after=yesterday", "received_after"),
        ("received_after=2026-02-01&received_before=2026-01-01", "received_before"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("after=nonsense", "after"),
        ("customer=%00", "customer"),
        ("stat=queued", "stat"),
    ],
)
def test_a_question_that_cannot_be_understood_is_refused_by_the_parameters_name(supervisor, query, field):
    answer = supervisor.get(f"{DOOR}?{query}")

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"]


def test_pages_follow_each_other_without_gap_or_overlap(queue, supervisor):
    same_time = timezone.now()
    rows = [ConversationFactory(queue=queue, channel=queue.channel, received_at=same_time) for _ in range(5)]

    seen, address = [], f"{DOOR}?limit=2&queue={queue.pk}"
    while address:
        page = supervisor.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    assert seen == [str(row.pk) for row in sorted(rows, key=lambda row: row.pk, reverse=True)]


@pytest.mark.parametrize("kind", Channel.Kind.values)
def test_twenty_conversations_cost_the_queries_of_one(kind, django_assert_max_num_queries):
    shown = {} if kind == Channel.Kind.CHAT else {"allocation_keys": ["customerId"]}
    queue = QueueFactory(channel=ChannelFactory(kind=kind, **shown))
    client = client_with(*QUEUE_RIGHTS, on=queue)

    def queries_of_list():
        with django_assert_max_num_queries(40) as captured:
            assert client.get(DOOR).status_code == 200
        return len(captured)

    queries_of_list()
    counts = []
    for number in (1, 19):
        for turn in range(number):
            served = accepted_conversation(queue, agent=client.user, data=PAIRS)
            if turn % 2:
                lifecycle.end(served.pk, now=timezone.now())
        counts.append(queries_of_list())

    assert counts[0] == counts[1]


def test_the_transcript_comes_in_order_and_in_pages(queue, supervisor):
    conversation = ended_conversation(queue)
    now = timezone.now()
    for number in (2, 0, 1):
        Message.objects.create(
            conversation=conversation,
            author=Message.Author.CUSTOMER,
            text=f"message {number}",
            sent_at=now + timedelta(seconds=number),
        )

    address, texts = f"{DOOR}/{conversation.pk}/messages?limit=2", []
    while address:
        page = supervisor.get(address).json()
        texts += [message["text"] for message in page["results"]]
        address = page["next"]

    assert texts == ["message 0", "message 1", "message 2"]
    assert supervisor.get(f"{DOOR}/{conversation.pk}/messages?cursor=nonsense").status_code in (400, 404)


def test_a_direct_conversation_is_seen_by_who_holds_a_right_on_its_agents_group(group_of_direct_conversations):
    client, conversation = group_of_direct_conversations

    assert listed(client) == [str(conversation.pk)]
    assert listed(client, queue="direct") == [str(conversation.pk)]
    assert read(client, conversation).json()["queue"] is None
    assert data_of(client, conversation) == {}


@pytest.fixture
def group_of_direct_conversations(db):
    from channels_cfg.models import AccessRight
    from tests.factories import GroupFactory

    team, agent, viewer = GroupFactory(), UserFactory(), UserFactory()
    agent.groups.add(team)
    AccessRight.objects.create(user=viewer, right=Right.VIEW_HISTORY, direct_conversations_of=team)
    conversation = lifecycle.receive(channel=ChannelFactory(), now=timezone.now(), customer_address="1")
    lifecycle.allocate(conversation.pk, agent=agent, now=timezone.now())
    attach_data(conversation, PAIRS, source=Source.CUSTOMER, at=timezone.now())
    return ApiClient(viewer), Conversation.objects.get(pk=conversation.pk)


def test_what_waits_is_listed_by_when_it_was_queued(queue):
    client = client_with(Right.SERVE, on=queue)
    now = timezone.now()
    first, second = (queued_conversation(queue, now=now - timedelta(minutes=minutes)) for minutes in (5, 1))
    Conversation.objects.filter(pk=first.pk).update(queued_at=now)

    listed = client.get("/api/v1/conversations?state=queued&limit=1").json()
    rest = client.get(listed["next"]).json()

    assert [row["id"] for row in listed["results"] + rest["results"]] == [str(first.pk), str(second.pk)]
