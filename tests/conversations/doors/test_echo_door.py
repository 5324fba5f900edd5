"""A door of a few lines: what every door has without doing anything for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from itertools import permutations
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from channels_cfg.models import QUEUE_RIGHTS, Channel, Queue, QueueAddress, Source
from conversations import lifecycle, tasks
from conversations.attached_data.late import attach_said
from conversations.doors import deliveries, references, registry, webhook_use
from conversations.doors.queue_addresses import queue_with_address
from conversations.models import Conversation, ExternalReference, InboundDelivery, LiveDatum, RefusedCallbacks
from tests.conversations.admin.test_delivery_log import LIST
from tests.factories import ChannelFactory, QueueFactory, UserFactory, user_with
from tests.journeys.test_canary import database_dump

APPLIED = InboundDelivery.State.APPLIED


SIGNED = {"x-signed": "yes"}


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    if "x-signed" not in request.headers:
        webhook_use.note_refusal("echo", RefusedCallbacks.Reason.UNSIGNED)
        return HttpResponse(status=401)
    kept = keep(request.body, nonce=request.headers["x-nonce"])
    return HttpResponse(status=201 if kept else 200)


def keep(body: bytes, *, nonce: str) -> int | None:
    digest = deliveries.keyed_digest(body)
    return deliveries.keep("echo", None, nonce=nonce, body=body, digest=digest, trigger="SAID", now=timezone.now())


def handle(delivery: InboundDelivery) -> tuple[str, list[str]]:
    said = json.loads(bytes(delivery.body))
    at = datetime.fromisoformat(said["at"])
    reference = references.hold("echo", said["id"])
    if said.get("event") == "left":
        references.end(reference, at=at)
        return APPLIED, []
    if said.get("event"):
        raise deliveries.TooEarly
    queue = queue_with_address(said["to"], kind=Channel.Kind.CHAT)
    conversation, is_first = references.conversation_of(reference, at, queue=queue, customer_address=said["from"])
    keys = attach_said(conversation, said["data"], source=Source.CUSTOMER, at=at, message_id=said["at"])
    if not conversation.is_active:
        lifecycle.spoke_late(conversation, said["at"], list(keys), at=at, is_news=True, now=delivery.received_at)
    if is_first:
        references.end_if_told(reference, conversation)
    return APPLIED, []


@pytest.fixture
def queue(db: None, monkeypatch: pytest.MonkeyPatch) -> Queue:
    import_module("conversations.urls")  # before the echo is there: the portal's own addresses are read once
    door = registry.Door("echo", "Echo", handle, urls=[path("echo", receive)], triggers={"SAID": "Something was said"})
    monkeypatch.setitem(registry._doors, "echo", door)
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))
    QueueAddress.objects.create(queue=queue, address="Sales@echo.example")
    return queue


def said(**told: Any) -> bytes:
    usual = {"id": "E1", "to": "sales@ECHO.example", "from": "ada", "at": "2026-02-13T08:00:00Z", "data": {}}
    return json.dumps(usual | told).encode()


def work() -> None:
    tasks.work_on_waiting_jobs("conversations.InboundDelivery")


def test_its_address_is_answered_and_what_it_refuses_is_noted(queue, settings, monkeypatch):
    settings.ROOT_URLCONF = tuple(registry.urls())
    monkeypatch.setattr(webhook_use, "_later", lambda write: write())
    post = partial(Client().post, "/echo", said(), content_type="application/json")

    assert [post(headers=SIGNED | {"x-nonce": nonce}).status_code for nonce in "112"] == [201, 200, 201]
    assert [post().status_code for _ in range(3)] == [401, 401, 401]

    assert InboundDelivery.objects.filter(door="echo").count() == 2
    assert list(RefusedCallbacks.objects.values_list("door", "reason")) == [("echo", "unsigned")]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_what_comes_in_any_order_leaves_the_same_rows(queue, order):
    story = [
        said(data={"customerType": "gold", "topic": "order"}),
        said(at="2026-02-13T08:00:03Z", data={"topic": "invoice"}, **{"from": "ada@home"}),
        said(at="2026-02-13T08:00:04Z", event="left"),
    ]
    for number in order:
        keep(story[number], nonce=str(number))
        work()

    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.customer) == ("false_attempt", "ada")
    assert conversation.dropped_keys == {"customerType": "abandoned", "topic": "abandoned"}
    assert conversation.ended_at - conversation.received_at == conversation.waited == timedelta(seconds=4)
    assert list(conversation.events.values_list("kind", "detail__keys").order_by("at", "kind")) == [
        ("attached", ["customerType", "topic"]),
        ("queued", None),
        ("received", None),
        ("attached", ["topic"]),
        ("abandoned", None),
    ]


def test_what_comes_in_at_a_new_door_becomes_a_conversation_in_the_queue_with_its_address(queue):
    keep(said(data={"customerType": "gold"}), nonce="1")
    keep(said(at="2026-02-13T08:01:00Z", data={"topic": "order"}), nonce="2")
    work()

    conversation = Conversation.objects.get()
    assert (conversation.queue, conversation.state, conversation.customer) == (queue, "queued", "ada")
    assert str(conversation.reference) == "E1"
    assert set(LiveDatum.objects.values_list("key", flat=True)) == {"customerType", "topic"}


def test_a_reference_leads_to_the_next_conversation_once_the_first_has_ended(queue):
    keep(said(), nonce="1")
    work()
    first = Conversation.objects.get()
    lifecycle.end(first.pk, now=first.received_at)

    keep(said(at="2026-02-13T09:00:00Z"), nonce="2")
    work()

    assert Conversation.objects.filter(reference=ExternalReference.objects.get()).count() == 2


def test_the_same_delivery_is_kept_once_and_the_nonce_of_another_door_is_its_own(queue):
    assert keep(said(), nonce="1")
    assert keep(said(), nonce="1") is None
    InboundDelivery.objects.update(door="conversation_api")
    assert keep(said(), nonce="1")


def test_what_fails_is_tried_again_and_what_comes_too_early_is_done_without_in_the_end(queue, settings):
    keep(b"{}", nonce="broken")
    keep(said(event="joined"), nonce="early")
    work()
    broken, early = InboundDelivery.objects.order_by("pk")
    assert (broken.state, broken.reason) == ("waiting", "It failed (KeyError) and is tried again.")
    assert (early.state, early.reason) == ("waiting", "")

    long_ago = timezone.now() - settings.DELIVERY_DEAD_AFTER
    InboundDelivery.objects.update(received_at=long_ago, held_until=None)
    work()

    assert list(InboundDelivery.objects.order_by("pk").values_list("state", "body")) == [
        ("failed", None),
        ("ignored", None),
    ]


def test_the_delivery_log_tells_of_it_and_nothing_is_left_of_what_it_said(queue):
    keep(said(data={"customerType": "gold", "secret": "CANARY"}), nonce="1")
    work()
    conversation = Conversation.objects.get()
    agent = UserFactory()
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    lifecycle.end(conversation.pk, now=timezone.now())
    root, client = UserFactory(is_staff=True, is_superuser=True), Client()
    client.force_login(root)

    page = client.get(LIST, {"trigger": "SAID"}).text

    assert "Echo" in page and "Applied" in page
    assert not [table for table, content in database_dump() if b"CANARY" in content]
    assert Conversation.objects.get().kept_data == {"customerType": "gold"}


def test_rights_on_its_conversations_are_those_on_their_queue(queue):
    keep(said(), nonce="1")
    work()

    stranger = UserFactory()
    for right in QUEUE_RIGHTS:
        assert Conversation.objects.granting(right, to=user_with(right, on=queue)).count() == 1
        assert Conversation.objects.granting(right, to=stranger).count() == 0
