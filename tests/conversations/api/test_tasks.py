"""The task interface (RTI)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    Channel,
    OpeningHours,
    Queue,
    QueueAddress,
    QueueGroup,
    Right,
    SystemSettings,
)
from conversations import lifecycle
from conversations.models import Communication, Conversation, Event, InboundDelivery, Leg, LiveDatum, State, Task
from conversations.tasks import work_on_waiting_jobs
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import (
    AttachedKeyFactory,
    ChannelFactory,
    QueueFactory,
    UserFactory,
    grant,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

DOOR = "/RTI/tasks"
ADDRESS = "taskdesk@example.com"


@pytest.fixture
def desk() -> Queue:
    queue = QueueFactory(name="Task desk", channel=ChannelFactory(kind=Channel.Kind.EMAIL))
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    return queue


@pytest.fixture
def system(desk: Queue) -> ApiClient:
    """A system that makes tasks."""
    return client_with(Right.SERVE, on=desk)


def task(*entries: tuple[Any, Any], queue: Any = ADDRESS, kind: Any = "XRI", **data: Any) -> dict[str, Any]:
    said = {"subject": "It came back", "fromAddress": "maija@example.com", "toAddress": ADDRESS}
    values = {"KV": [{"k": key, "v": value} for key, value in entries]}
    return {"data": {"item": {"type": kind, "queue": queue}, **said, "values": values, **data}}


def made_by(answer: Any) -> Conversation:
    """What a worker makes of an accepted task."""
    assert answer.status_code == 201, answer.content
    apply_all()
    return Conversation.objects.get(pk=answer.json()["id"])


def apply_all() -> None:
    work_on_waiting_jobs("conversations.InboundDelivery")


# Making one


@pytest.mark.parametrize("kind", ["XRI", "EMAIL"])
def test_a_task_waits_in_the_queue_of_its_address_with_its_data(desk, system, kind):
    answer = system.post_json(
        DOOR, task(("orderId", "FI1"), ("XRI-body", "<b>Call</b>"), kind=kind, queue="TaskDesk@example.com")
    )

    conversation = made_by(answer)
    assert answer.json() == {"id": conversation.hex_id}
    assert answer["Location"] == f"{DOOR}/{conversation.hex_id}"
    assert (conversation.state, conversation.queue, conversation.subject) == (State.QUEUED, desk, "It came back")
    assert conversation.customer_address == "maija@example.com"
    assert dict(conversation.live_data.values_list("key", "value")) == {"orderId": "FI1", "XRI-body": "<b>Call</b>"}
    assert set(conversation.live_data.values_list("source", flat=True)) == {"customer"}
    assert system.get(answer["Location"]).json() == {
        "id": conversation.hex_id,
        "type": kind,
        "queue": desk.pk,
        "queueName": "Task desk",
        "responsible": None,
        "status": "Open",
        "rowVersion": conversation.version,
        "subject": "It came back",
        "fromAddress": "maija@example.com",
        "toAddress": ADDRESS,
    }


def test_a_task_leaves_the_rows_that_other_conversations_leave(desk, system):
    AttachedKeyFactory(name="amount", kind=AttachedKey.Kind.INTEGER, on_violation=AttachedKey.OnViolation.FLAG)
    AttachedKeyFactory(name="topic", kind=AttachedKey.Kind.INTEGER, on_violation=AttachedKey.OnViolation.DROP)
    data = {"a": "text", "b": 1.5, "c": None, "d": True, "amount": "much", "topic": "none", "deep": {"er": [1, "two"]}}

    made = made_by(system.post_json(DOOR, task(*data.items())))
    told = queued_conversation(
        desk,
        data=data,
        now=made.received_at,
        customer_address="maija@example.com",
        subject="It came back",
        by=system.user,
    )

    assert rows_of(made) == rows_of(told)


def rows_of(conversation: Conversation) -> list[Any]:
    """All that is stored of it, but ids; nobody was there when a factory attached its data."""
    kept = {"id", "pk", "number", "conversation_id", "leg_id", "actor_id"}

    def facts(row: Any) -> dict[str, Any]:
        return {
            field.attname: getattr(row, field.attname)
            for field in row._meta.concrete_fields
            if field.attname not in kept
        }

    found = [facts(Conversation.objects.get(pk=conversation.pk))]
    for model in (Leg, Event, LiveDatum):
        found += [facts(row) for row in model.objects.filter(conversation=conversation).order_by("pk")]
    return [
        *found,
        *(facts(row) for row in Communication.objects.filter(leg__conversation=conversation).order_by("pk")),
    ]


def test_a_second_post_with_the_same_idempotency_key_makes_no_second_task(system):
    first, second = (
        system.post_json(DOOR, task(("orderId", "1")), headers={"Idempotency-Key": "one"}) for _ in range(2)
    )
    other = system.post_json(DOOR, task(("orderId", "2")), headers={"Idempotency-Key": "one"})

    assert (first.status_code, first.json(), first["Location"]) == (201, second.json(), second["Location"])
    assert other.status_code == 422
    apply_all()
    assert Task.objects.count() == 1


def test_an_idempotency_key_is_known_after_the_task_is_applied_and_free_again_after_a_day(system):
    def post(key: str, value: str = "1") -> Any:
        return system.post_json(DOOR, task(("orderId", value)), headers={"Idempotency-Key": key})

    first = post("one")
    apply_all()
    assert post("one").json() == first.json()
    assert (
        client_with(Right.SERVE, on=Queue.objects.get())
        .post_json(DOOR, task(("orderId", "1")), headers={"Idempotency-Key": "one"})
        .json()
        != first.json()
    ), "another client's key"
    InboundDelivery.objects.update(received_at=timezone.now() - timedelta(hours=24))
    later = post("one", "2")
    assert (later.status_code, later.json() != first.json()) == (201, True)


def test_posts_repeated_shuffled_and_dropped_make_each_task_once(system):
    """Each post has a key, 0 to 2, and one of two bodies; the first body of a key counts."""

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(posts=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=8))
    def tell(posts: list[tuple[int, int]]) -> None:
        with transaction.atomic():
            check_posts(system, posts)
            transaction.set_rollback(True)

    tell()


def check_posts(system: ApiClient, posts: list[tuple[int, int]]) -> None:
    first: dict[int, tuple[int, str]] = {}
    for key, body in posts:
        sent = task(("orderId", str(body)), subject=f"Order {key}")
        answer = system.post_json(DOOR, sent, headers={"Idempotency-Key": f"key-{key}"})
        if key in first and first[key][0] != body:
            assert answer.status_code == 422
            continue
        assert answer.status_code == 201
        assert first.setdefault(key, (body, answer.json()["id"])) == (body, answer.json()["id"])
        if len(first) == 2:
            apply_all()
    apply_all()
    made = {str(conversation.pk): conversation.subject for conversation in Conversation.objects.all()}
    assert made == {str(uuid.UUID(pk)): f"Order {key}" for key, (_body, pk) in first.items()}
    data = {str(pk): value for pk, value in LiveDatum.objects.values_list("conversation", "value")}
    assert data == {str(uuid.UUID(pk)): str(body) for body, pk in first.values()}


@pytest.mark.parametrize(
    ("sent", "field", "status"),
    [
        ({"data": {"item": {"type": "XRI"}}}, "data.item.queue", 400),
        ({"data": {"subject": "x"}}, "data.item", 400),
        ({}, "data", 400),
        (task(queue=""), "data.item.queue", 400),
        (task(queue="nobody@example.com"), "data.item.queue", 400),
        (task(queue="chat@example.com"), "data.item.queue", 400),
        (task(queue=7), "data.item.queue", 400),
        (task(queue="half\ud800@example.com"), "data.item.queue", 400),
        (task(kind="FAX"), "data.item.type", 400),
        (task(subject=["x"]), "data.subject", 400),
        (task(subject="x" * 501), "data.subject", 400),
        (task(subject="half \ud800"), "data.subject", 400),
        (task(fromAddress="a" * 321), "data.fromAddress", 400),
        (task(values="x"), "data.values", 400),
        (task(values={"KV": {"k": "v"}}), "data.values.KV", 400),
        (task(values={"KV": [{"k": "a", "v": 1}, {"k": "b"}]}), "data.values.KV[1].v", 400),
        (task(values={"KV": [{"k": 1, "v": 1}]}), "data.values.KV[0].k", 400),
        (task(priority=3), "data.priority", 400),
        (task(("a", 1), ("b", 2), ("a", 1)), "data.values.KV[2]", 422),
        (task(*((f"key{number}", "v") for number in range(10_000))), "data.values.KV", 422),
        (task(("good", 1), ("bad key", 1)), "data.values.KV[1]", 422),
        (task(("", 1)), "data.values.KV[0]", 422),
        (task(("long", "x" * 4097)), "data.values.KV[0]", 422),
        (task(("half", "\ud800")), "data.values.KV[0]", 422),
        (task(("nul", "a\0b")), "data.values.KV[0]", 422),
        (task(("object", {"a": [1], "b c": 2})), "data.values.KV[0]", 422),
        (task(("amount", "12"), ("amount2", "much")), "data.values.KV[1]", 422),
        (task(*((f"key{number}", "v" * 4000) for number in range(10))), "data.values.KV", 422),
    ],
)
def test_a_task_that_is_not_right_is_refused_with_its_field(desk, system, sent, field, status):
    AttachedKeyFactory(name="amount2", kind=AttachedKey.Kind.INTEGER, on_violation=AttachedKey.OnViolation.REFUSE)
    chat = grant(system.user, Right.SERVE, on=QueueFactory()).access_rights.latest("pk").queue
    QueueAddress.objects.create(queue=chat, address="chat@example.com")

    answer = system.post_json(DOOR, sent)

    assert (answer.status_code, list(answer.json()["errors"])) == (status, [field])
    assert not InboundDelivery.objects.exists()


def test_a_refusal_names_the_words_that_may_be_sent(system):
    refused = system.post_json(DOOR, task(kind="FAX")).json()["errors"]

    assert refused == {"data.item.type": ["“FAX” is none of: XRI, EMAIL."]}


def test_limits_of_attached_data_are_those_of_the_system_settings(system):
    SystemSettings(pairs_per_conversation=1, value_characters=5000).save()

    assert system.post_json(DOOR, task(("XRI-body", "x" * 5000))).status_code == 201
    assert list(system.post_json(DOOR, task(("a", 1), ("b", 1))).json()["errors"]) == ["data.values.KV"]


def test_a_queue_that_is_closed_makes_no_task(desk, system):
    desk.opening_hours = OpeningHours.objects.create(name="Never")
    desk.save()

    answer = system.post_json(DOOR, task(("a", 1)))

    assert (answer.status_code, "Task desk is closed" in answer.json()["detail"]) == (409, True)
    assert not InboundDelivery.objects.exists()


# Between the answer and the worker


def test_a_task_is_kept_in_one_row_and_read_at_once(desk, system):
    answer = system.post_json(DOOR, task(("orderId", "FI1")))

    assert not Conversation.objects.exists()
    expected = {
        "id": answer.json()["id"],
        "type": "XRI",
        "queue": desk.pk,
        "queueName": "Task desk",
        "responsible": None,
        "status": "Open",
        "rowVersion": 1,
    }
    assert system.get(DOOR).json() == [expected]
    told = {"subject": "It came back", "fromAddress": "maija@example.com", "toAddress": ADDRESS}
    assert system.get(answer["Location"]).json() == expected | told
    for other in (client_with(Right.VIEW_REPORTS, on=desk), client_with(Right.SERVE, on=QueueFactory())):
        assert (other.get(DOOR).json(), other.get(answer["Location"]).status_code) == ([], 404)


def test_ids_of_tasks_and_other_conversations_follow_time(system, desk):
    ids = []
    for _ in range(3):
        ids += [system.post_json(DOOR, task()).json()["id"], queued_conversation(desk).pk.hex.upper()]
    assert ids == sorted(ids)


def test_a_task_waits_since_it_was_accepted_and_its_body_is_erased(system):
    answer = system.post_json(DOOR, task(("orderId", "FI1")))
    InboundDelivery.objects.update(received_at=(at := timezone.now() - timedelta(minutes=5)))

    made = made_by(answer)

    assert (made.received_at, made.queued_at) == (at, at)
    assert not InboundDelivery.objects.exclude(state="applied", body=None).exists()
    apply_all()
    assert Task.objects.count() == 1


def test_what_was_accepted_is_applied_whatever_changes_meanwhile(desk, system):
    answer = system.post_json(DOOR, task(("orderId", "FI1")))
    with pytest.raises(ProtectedError):
        desk.delete()
    AttachedKeyFactory(name="orderId", kind=AttachedKey.Kind.INTEGER, on_violation=AttachedKey.OnViolation.REFUSE)
    desk.opening_hours = OpeningHours.objects.create(name="Never")
    desk.save()
    QueueAddress.objects.all().delete()
    AccessRight.objects.all().delete()

    assert made_by(answer).state == State.QUEUED


def test_accepted_tasks_have_their_places_in_a_queue_with_a_size(desk, system):
    desk.size = 2
    desk.save()

    answers = [system.post_json(DOOR, task()) for _ in range(2)]
    full = system.post_json(DOOR, task())
    apply_all()

    assert [answer.status_code for answer in (*answers, full, system.post_json(DOOR, task()))] == [201, 201, 409, 409]
    assert Task.objects.count() == 2


def test_a_task_that_could_not_be_applied_is_listed_as_abandoned(system, monkeypatch):
    answer = system.post_json(DOOR, task())
    monkeypatch.setattr(lifecycle, "take_in", Mock(side_effect=RuntimeError))
    InboundDelivery.objects.update(received_at=timezone.now() - timedelta(days=30))
    apply_all()

    assert [one["status"] for one in system.get(f"{DOOR}?status=Abandoned").json()] == ["Abandoned"]
    read = system.get(answer["Location"]).json()
    assert (read["status"], read["subject"]) == ("Abandoned", "")


# Who may


def test_a_queue_where_the_sender_does_not_serve_is_as_if_it_were_not_there(desk, system):
    unknown = system.post_json(DOOR, task(queue="nobody@example.com")).json()
    for other in (
        client_with(Right.SERVE, on=QueueFactory()),
        client_with(Right.MANAGE_CONTACTS, Right.VIEW_HISTORY, on=desk),
    ):
        answer = other.post_json(DOOR, task())
        assert (answer.status_code, answer.json()) == (400, unknown)
    through_a_group = UserFactory(is_api_client=True)
    through_a_group.groups.add(grant_to_group(desk))
    assert ApiClient(through_a_group).post_json(DOOR, task()).status_code == 201


def grant_to_group(queue: Queue) -> Group:
    group, queues = Group.objects.create(name="Systems"), QueueGroup.objects.create(name="Desks")
    queue.groups.add(queues)
    AccessRight.objects.create(group=group, right=Right.SERVE, queue_group=queues)
    return group


def test_tasks_are_seen_by_who_serves_or_manages_contacts(desk, system):
    made = made_by(system.post_json(DOOR, task()))
    for client, sees in [
        (system, True),
        (client_with(Right.MANAGE_CONTACTS, on=desk), True),
        (client_with(Right.VIEW_REPORTS, on=desk), False),
        (client_with(Right.SERVE, on=QueueFactory()), False),
    ]:
        assert len(client.get(DOOR).json()) == sees
        assert client.get(f"{DOOR}/{made.pk}").status_code == (200 if sees else 404)
    assert system.get(f"{DOOR}/{uuid.uuid4()}").status_code == 404


# The list


def test_the_list_is_sorted_filtered_and_paged(desk, system):
    tasks = [made_by(system.post_json(DOOR, task(kind=kind))) for kind in ("XRI", "EMAIL", "XRI")]
    agent = user_with(Right.SERVE, on=desk)
    lifecycle.accept(tasks[0].pk, by=agent, now=timezone.now())
    lifecycle.end(tasks[0].pk, by=agent, now=timezone.now())
    lifecycle.handle(tasks[0].pk, by=agent, now=timezone.now())
    lifecycle.end(tasks[1].pk, now=timezone.now())
    queued_conversation(desk)

    def ids(query: str) -> list[int]:
        listed = system.get(f"{DOOR}{query}")
        assert listed.status_code == 200, listed.content
        return [tasks.index(Conversation.objects.get(pk=one["id"])) for one in listed.json()]

    waiting = system.post_json(DOOR, task(kind="EMAIL")).json()["id"]
    assert [one["id"] for one in system.get(f"{DOOR}?limit=2").json()] == [waiting, tasks[2].hex_id]
    assert [one["id"] for one in system.get(f"{DOOR}?queue={ADDRESS}&sort=received&offset=3").json()] == [waiting]
    assert waiting not in str(system.get(f"{DOOR}?responsible={agent.username}").json())
    assert waiting in str(system.get(f"{DOOR}?type=EMAIL&status=Open&queue={desk.pk}").json())
    InboundDelivery.objects.filter(conversation_id=waiting).delete()
    assert ids("") == [2, 1, 0] and ids("?sort=received") == [0, 1, 2]
    assert ids("?sort=status") == [1, 0, 2] and ids("?sort=-type") == [2, 0, 1]
    assert ids("?limit=1&offset=1") == [1]
    assert ids("?status=Handled") == [0] == ids(f"?responsible={agent.username}")
    assert ids("?status=Abandoned") == [1] == ids("?type=EMAIL")
    assert ids(f"?queue={ADDRESS}") == ids(f"?queue={desk.pk}") == ids("?queue=Task desk") == [2, 1, 0]
    assert ids("?queue=99999999") == [] == ids("?endTime=2020-01-01T00:00:00Z")
    refused = system.get(f"{DOOR}?sort=subject&colour=red").json()["errors"]
    assert set(refused) == {"sort"}
