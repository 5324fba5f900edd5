"""A door of a few lines: what every door has without doing anything for it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Channel, Queue, QueueAddress, Right, Source
from conversations import lifecycle, tasks
from conversations.attached_data.attach import attach_data
from conversations.doors import deliveries, references, registry
from conversations.doors.routing import queue_with_address
from conversations.models import Conversation, ExternalReference, InboundDelivery, LiveDatum
from tests.conversations.admin.test_delivery_log import LIST
from tests.factories import ChannelFactory, QueueFactory, UserFactory, user_with
from tests.journeys.test_canary import database_dump

APPLIED = InboundDelivery.State.APPLIED


def receive(body: bytes, *, nonce: str) -> int | None:
    digest = deliveries.keyed_digest(body)
    return deliveries.keep("echo", None, nonce=nonce, body=body, digest=digest, trigger="SAID", now=timezone.now())


def handle(delivery: InboundDelivery) -> tuple[str, list[str]]:
    said = json.loads(bytes(delivery.body))
    at = datetime.fromisoformat(said["at"])
    if said.get("event"):
        raise deliveries.TooEarly
    queue = queue_with_address(said["to"], kind=Channel.Kind.CHAT)
    reference = references.hold("echo", said["id"])
    conversation = references.conversation_at(reference, at)
    conversation = conversation or lifecycle.receive(
        channel=queue.channel, queue=queue, now=at, reference=reference, customer_address=said["from"]
    )
    attach_data(conversation, said["data"], source=Source.CUSTOMER, at=at)
    return APPLIED, []


@pytest.fixture
def queue(db: None, monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setitem(registry._doors, "echo", registry.Door("echo", "Echo", handle, triggers={"SAID"}))
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))
    QueueAddress.objects.create(queue=queue, address="Sales@echo.example")
    return queue


def said(**told: Any) -> bytes:
    usual = {"id": "E1", "to": "sales@ECHO.example", "from": "ada", "at": "2026-02-13T08:00:00Z", "data": {}}
    return json.dumps(usual | told).encode()


def work() -> None:
    tasks.work_on_waiting_jobs("conversations.InboundDelivery")


def test_what_comes_in_at_a_new_door_becomes_a_conversation_in_the_queue_with_its_address(queue):
    receive(said(data={"customerType": "gold"}), nonce="1")
    receive(said(at="2026-02-13T08:01:00Z", data={"topic": "order"}), nonce="2")
    work()

    conversation = Conversation.objects.get()
    assert (conversation.queue, conversation.state, conversation.customer) == (queue, "queued", "ada")
    assert str(conversation.reference) == "E1"
    assert set(LiveDatum.objects.values_list("key", flat=True)) == {"customerType", "topic"}


def test_a_reference_leads_to_the_next_conversation_once_the_first_has_ended(queue):
    receive(said(), nonce="1")
    work()
    first = Conversation.objects.get()
    lifecycle.end(first.pk, now=first.received_at)

    receive(said(at="2026-02-13T09:00:00Z"), nonce="2")
    work()

    assert Conversation.objects.filter(reference=ExternalReference.objects.get()).count() == 2


def test_the_same_delivery_is_kept_once_and_the_nonce_of_another_door_is_its_own(queue):
    assert receive(said(), nonce="1")
    assert receive(said(), nonce="1") is None
    InboundDelivery.objects.update(door="conversation_api")
    assert receive(said(), nonce="1")


def test_what_fails_is_tried_again_and_what_comes_too_early_is_done_without_in_the_end(queue, settings):
    receive(b"{}", nonce="broken")
    receive(said(event="joined"), nonce="early")
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
    receive(said(data={"customerType": "gold", "secret": "CANARY"}), nonce="1")
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
    receive(said(), nonce="1")
    work()

    stranger = UserFactory()
    for right in Right:
        assert Conversation.objects.granting(right, to=user_with(right, on=queue)).count() == 1
        assert Conversation.objects.granting(right, to=stranger).count() == 0
