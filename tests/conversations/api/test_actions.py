"""Actions over the API."""

from __future__ import annotations

import uuid

import pytest

from channels_cfg.models import QUEUE_RIGHTS, Queue, Right
from conversations.models import Conversation, Event
from tests.conversations.api.conftest import client_with
from tests.factories import (
    ApiKeyFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

ACTIONS = {
    "queue": {"queue": "Q"},
    "allocate": {"agent": "A"},
    "accept": {},
    "reject": {},
    "hold": {},
    "transfer": {"queue": "Q"},
    "end": {},
    "handle": {},
}


@pytest.fixture
def agent(queue):
    return client_with(Right.SERVE, on=queue)


def do(client, conversation, action, **order):
    return client.post_json(f"/api/v1/conversations/{conversation.pk}/{action}", order)


def events_of(conversation):
    return list(Event.objects.filter(conversation=conversation).values_list("kind", flat=True))


def test_a_life_from_queue_to_handled(queue, agent):
    conversation = queued_conversation(queue)
    other_queue = QueueFactory(channel=queue.channel)
    grant(agent.user, Right.SERVE, on=other_queue)
    me = agent.user.username

    actions = [
        ("queue", {"queue": other_queue.name}),
        ("allocate", {"agent": me}),
        ("reject", {}),
        ("accept", {}),
        ("hold", {}),
        ("hold", {"resume": True}),
        ("transfer", {"queue": queue.name}),
        ("accept", {}),
        ("transfer", {"agent": me}),
        ("accept", {}),
        ("end", {"ended_by": "customer"}),
        ("handle", {}),
    ]
    states = []
    for action, order in actions:
        answer = do(agent, conversation, action, **order)
        assert answer.status_code == 200, (action, answer.content)
        states.append((answer.json()["state"], answer.json()["queue"], answer.json()["agent"]))

    assert states == [
        ("queued", other_queue.name, None),
        ("allocated", other_queue.name, me),
        ("queued", other_queue.name, None),
        ("accepted", other_queue.name, me),
        ("accepted", other_queue.name, me),
        ("accepted", other_queue.name, me),
        ("queued", queue.name, None),
        ("accepted", queue.name, me),
        ("allocated", queue.name, me),
        ("accepted", queue.name, me),
        ("wrap_up", queue.name, me),
        ("handled", queue.name, me),
    ]
    assert Conversation.objects.get().ended_by == "customer"


@pytest.mark.parametrize(
    "action", ["queue", "allocate", "accept", "reject", "hold", "resume", "transfer", "transfer_agent", "end", "handle"]
)
def test_a_repeated_action_changes_nothing_and_is_no_error(queue, agent, action):
    other_queue = QueueFactory(channel=queue.channel)
    grant(agent.user, Right.SERVE, on=other_queue)
    colleague = user_with(Right.SERVE, on=queue)
    match action:
        case "queue" | "allocate" | "accept":
            conversation = queued_conversation(queue)
        case "reject":
            conversation = queued_conversation(queue)
            do(agent, conversation, "allocate", agent=agent.user.username)
        case "handle":
            conversation = ended_conversation(queue, agent=agent.user)
        case _:
            conversation = accepted_conversation(queue, agent=agent.user)
    order = {
        "queue": {"queue": other_queue.name},
        "allocate": {"agent": colleague.username},
        "transfer": {"queue": other_queue.name},
        "transfer_agent": {"agent": colleague.username},
        "resume": {"resume": True},
    }.get(action, {})
    if action == "resume":
        do(agent, conversation, "hold")
    path = {"resume": "hold", "transfer_agent": "transfer"}.get(action, action)

    first = do(agent, conversation, path, **order)
    events = events_of(conversation)
    again = do(agent, conversation, path, **order)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert events_of(conversation) == events


@pytest.mark.parametrize(
    ("action", "order", "state", "needed"),
    [
        ("queue", {"queue": "Home"}, "accepted", ["received", "queued"]),
        ("reject", {}, "accepted", ["allocated"]),
        ("hold", {}, "queued", ["accepted"]),
        ("transfer", {"queue": "Home"}, "queued", ["accepted"]),
        ("handle", {}, "accepted", ["wrap_up"]),
        ("accept", {}, "wrap_up", ["queued", "allocated"]),
        ("allocate", {"agent": "me"}, "wrap_up", ["received", "queued"]),
    ],
)
def test_an_action_that_does_not_fit_is_told_the_state_and_the_one_it_needs(queue, action, order, state, needed):
    queue.name = "Home"
    queue.save()
    client = client_with(Right.SERVE, on=queue)
    type(client.user).objects.filter(pk=client.user.pk).update(username="me")
    make = {"queued": queued_conversation, "wrap_up": ended_conversation, "accepted": accepted_conversation}[state]
    conversation = make(queue, **({} if state == "queued" else {"agent": client.user}))

    answer = do(client, conversation, action, **order)

    problem = answer.json()
    assert answer.status_code == 409, problem
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["state"], problem["needed"]) == (state, needed)
    assert Conversation.objects.get().state == state


def test_who_comes_second_is_told_who_was_first(queue, agent):
    first = user_with(Right.SERVE, on=queue, username="first")
    conversation = accepted_conversation(queue, agent=first)

    for action, order in [("accept", {}), ("allocate", {"agent": agent.user.username})]:
        answer = do(agent, conversation, action, **order)
        assert answer.status_code == 409
        assert answer.json()["agent"] == "first"


@pytest.mark.parametrize("action", ["hold", "transfer", "end", "handle"])
def test_a_person_cannot_meddle_with_a_colleagues_conversation_but_a_telephone_system_can(queue, action):
    make = ended_conversation if action == "handle" else accepted_conversation
    conversation = make(queue, agent=user_with(Right.SERVE, on=queue))
    person, system = client_with(Right.SERVE, on=queue), client_with(Right.SERVE, on=queue)
    type(person.user).objects.filter(pk=person.user.pk).update(is_api_client=False)
    order = {"queue": queue.name} if action == "transfer" else {}

    assert do(person, conversation, action, **order).status_code == 409
    assert do(system, conversation, action, **order).status_code == 200


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_not_granted_is_not_found(queue, outsider, action):
    conversation = queued_conversation(queue)
    others = client_with(*set(QUEUE_RIGHTS) - {Right.SERVE}, on=queue)

    answers = [do(client, conversation, action, **ACTIONS[action]) for client in (outsider, others)]
    unknown = do(outsider, Conversation(pk=uuid.uuid4()), action, **ACTIONS[action])

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == unknown.json()["detail"]


def test_places_and_people_that_are_not_granted_are_as_if_they_were_not_there(queue, agent):
    conversation = accepted_conversation(queue, agent=agent.user)
    foreign = QueueFactory(channel=queue.channel)
    stranger, gone = user_with(Right.SERVE, on=foreign), user_with(Right.SERVE, on=queue, is_active=False)

    def errors(action, **order):
        answer = do(agent, conversation, action, **order)
        assert answer.status_code == 400
        return answer.json()["errors"]

    for action in ("transfer", "queue"):
        assert errors(action, queue=foreign.name) == errors(action, queue="nowhere")
    for action in ("transfer", "allocate"):
        of_nobody = errors(action, agent="nobody")
        assert errors(action, agent=stranger.username) == errors(action, agent=gone.username) == of_nobody
    assert Conversation.objects.get().state == "accepted"


@pytest.mark.parametrize(
    ("action", "order", "field"),
    [
        ("queue", {}, "queue"),
        ("queue", {"queue": 7}, "queue"),
        ("queue", {"queue": None}, "queue"),
        ("queue", {"queue": ["a"]}, "queue"),
        ("queue", {"queue": "a\x00"}, "queue"),
        ("queue", {"queue": "\ud800"}, "queue"),
        ("queue", {"queue": "x" * 101}, "queue"),
        ("allocate", {}, "agent"),
        ("allocate", {"agent": True}, "agent"),
        ("accept", {"agent": "somebody"}, "agent"),
        ("hold", {"resume": "perhaps"}, "resume"),
        ("transfer", {}, ""),
        ("transfer", {"queue": "a", "agent": "b"}, ""),
        ("end", {"ended_by": "nobody"}, "ended_by"),
        ("end", {"endedby": "agent"}, "endedby"),
        ("end", [], ""),
    ],
)
def test_a_body_that_cannot_be_understood_is_refused_by_the_fields_name(queue, agent, action, order, field):
    conversation = accepted_conversation(queue, agent=agent.user)

    answer = agent.post_json(f"/api/v1/conversations/{conversation.pk}/{action}", order)

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    if field:
        assert field in answer.json()["errors"]
    assert Conversation.objects.get().state == "accepted"


def test_a_queue_of_another_channel_is_refused(queue, agent):
    elsewhere = QueueFactory()
    grant(agent.user, Right.SERVE, on=elsewhere)
    conversation = accepted_conversation(queue, agent=agent.user)

    answer = do(agent, conversation, "transfer", queue=elsewhere.name)

    assert answer.status_code == 400
    assert "belongs to channel" in answer.json()["errors"]["queue"][0]


def test_no_body_at_all_is_as_good_as_an_empty_one(queue, agent):
    conversation = queued_conversation(queue)

    answers = [
        agent.generic("POST", f"/api/v1/conversations/{conversation.pk}/accept", b"", content_type)
        for content_type in ("", "application/json", "application/x-www-form-urlencoded")
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_a_person_with_a_session_does_actions_too(queue, client):
    person = user_with(Right.SERVE, on=queue)
    client.force_login(person)

    answer = client.generic("POST", f"/api/v1/conversations/{queued_conversation(queue).pk}/accept")

    assert answer.json()["agent"] == person.username


def test_a_user_without_any_right_finds_nothing(queue, client):
    key = ApiKeyFactory(user=UserFactory())

    answer = client.post(
        f"/api/v1/conversations/{queued_conversation(queue).pk}/accept", headers={"X-Api-Key": key.text}
    )

    assert answer.status_code == 404


def test_who_is_to_have_it_is_said_with_the_queue(queue: Queue):
    client = client_with(Right.SERVE, on=queue)
    anna, outsider = user_with(Right.SERVE, on=queue), UserFactory()
    conversation = queued_conversation(queue)
    address = f"/api/v1/conversations/{conversation.pk}/queue"
    order = {"queue": queue.name, "priority": 1, "preferred_agent": anna.username, "required_seconds": 60}

    first = client.post_json(address, order | {"required_agents": [anna.username]})
    again = client.post_json(address, order | {"required_agents": [anna.username]})
    refused = client.post_json(address, order | {"required_agents": [outsider.username]})

    conversation.refresh_from_db()
    assert (conversation.priority, conversation.preferred_agent) == (1, anna)
    assert conversation.required_agents == [anna.pk]
    assert first.json() == again.json()
    assert list(refused.json()["errors"]) == ["required_agents"]
