"""The specification's example, from the customer's message to the Contact Log."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, Right
from conversations.demo import inbound_message
from conversations.models import Conversation, InboundDelivery
from reporting.contact_log.fill import run_reporting_job
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    WebhookSecretFactory,
    grant,
    user_with,
)
from tests.journeys.conftest import Portal, eventually

EVERY_RIGHT = QUEUE_RIGHTS
DATA = {"customerId": "1234567", "customerType": "gold"}


@pytest.fixture
def service(transactional_db):
    queue = QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))
    service = MessagingServiceFactory(queue=queue)
    WebhookSecretFactory(service=service)
    return service


def api_key(queue, *rights):
    key = ApiKeyFactory()
    grant(key.user, *rights, on=queue)
    return key.text


def conversation_of(client, state):
    found = client.get("/api/v1/conversations", params={"state": state}).json()["results"]
    return found[0] if found else None


def test_of_two_keys_one_is_kept_and_reported_and_the_other_is_gone(portal: Portal, service):
    client = portal.with_key(api_key(service.queue, *EVERY_RIGHT))
    assert portal.customer_writes(service, "Hello", metadata=DATA).status_code == 200
    waiting = eventually(lambda: conversation_of(client, "queued"))
    address = f"/api/v1/conversations/{waiting['id']}"

    accepted = client.post(f"{address}/accept")
    assert accepted.status_code == 200
    assert client.get(address).json()["attached_data"] == DATA
    assert client.get(f"/RI/cmi/contactData/{waiting['id']}").json()["attached_data"] == {}

    ended = client.post(f"{address}/end")
    assert ended.json()["state"] == "wrap_up"
    assert client.get(address).json()["attached_data"] == {"customerType": "gold"}
    contact_id = waiting["id"].replace("-", "").upper()
    assert client.get(f"/RI/cmi/contactData/{contact_id}").json() == {
        "contact_id": contact_id,
        "attached_data": {"customerType": "gold"},
    }

    posted = client.post("/RI/cmi/contactData", json={"contact_id": contact_id, "attached_data": {"csat": 5}})
    assert posted.status_code == 201
    assert client.post(f"{address}/handle").json()["state"] == "handled"
    portal.manage("run_reporting_job")

    (row,) = client.get("/api/v1/contact-log").json()["results"]
    assert row["attached_data"] == {"customerType": "gold", "csat": 5}
    (line,) = csv.DictReader(io.StringIO(client.get("/api/v1/contact-log.csv").text.removeprefix("\ufeff")))
    assert (line["customerType"], line["csat"]) == ("gold", "5")
    assert "customerId" not in line


def test_a_customer_who_leaves_before_an_agent_comes_leaves_nothing_but_a_count(portal: Portal, service):
    client = portal.with_key(api_key(service.queue, *EVERY_RIGHT))
    portal.customer_writes(service, "Anybody there?", metadata=DATA, conversation="THREAD1")
    waiting = eventually(lambda: conversation_of(client, "queued"))

    stop = {"conversation": {"id": "THREAD1", "metadata": '{"customerType": "from the stop"}'}}
    portal.deliver(service, {"app_id": service.app_id, "conversation_stop_notification": stop})

    gone = eventually(lambda: conversation_of(client, "false_attempt"))
    assert gone["id"] == waiting["id"]
    assert gone["attached_data"] == {}
    refused = client.post(
        "/RI/cmi/contactData", json={"contact_id": waiting["id"], "attached_data": {"customerType": "x"}}
    )
    assert refused.status_code == 409
    run_reporting_job()
    (row,) = client.get("/api/v1/contact-log").json()["results"]
    assert (row["state"], row["attached_data"]) == ("false_attempt", {})


def test_a_conversation_of_another_queue_is_not_found(portal: Portal, service):
    outsider = portal.with_key(api_key(QueueFactory(), *EVERY_RIGHT))
    portal.customer_writes(service, "Hello", metadata=DATA)
    conversation = eventually(lambda: Conversation.objects.first())

    unknown = "00000000-0000-4000-8000-000000000000"
    for address in ("/api/v1/conversations/{}", "/RI/cmi/contactData/{}"):
        foreign, missing = outsider.get(address.format(conversation.pk)), outsider.get(address.format(unknown))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.text.replace(str(conversation.pk), "ID") == missing.text.replace(unknown, "ID")
    assert outsider.get("/api/v1/conversations").json()["results"] == []


def test_the_same_delivery_again_changes_nothing(portal: Portal, service):
    message = inbound_message(service, text="Once", at=timezone.now(), conversation="T", customer="1", metadata=DATA)

    for _ in range(3):
        assert portal.deliver(service, message).status_code == 200

    eventually(lambda: InboundDelivery.objects.filter(state="applied").count() == 3)
    conversation = Conversation.objects.get()
    assert conversation.messages.count() == 1
    assert not InboundDelivery.objects.exclude(body=None).exists()


def test_what_a_killed_worker_left_another_does_once(portal: Portal, service):
    portal.kill("worker")
    for number in range(5):
        assert portal.customer_writes(service, f"Message {number}").status_code == 200
    # One was under way: held by the worker that is gone, until its lease runs out.
    InboundDelivery.objects.filter(pk=InboundDelivery.objects.earliest("pk").pk).update(
        held_until=timezone.now(), attempts=1
    )

    portal.start_worker()

    eventually(lambda: InboundDelivery.objects.filter(state="applied").count() == 5)
    assert Conversation.objects.count() == 5


def test_a_message_lost_by_the_broker_is_found_by_the_sweep(portal: Portal, service):
    portal.kill("worker")
    portal.customer_writes(service, "Hello")
    for message in (portal.var_dir / "messages").glob("*.msg"):
        message.unlink()

    portal.start_worker()
    portal.manage("shell", "-c", "from conversations.tasks import sweep_jobs as t; t.delay()")

    eventually(lambda: Conversation.objects.exists())


def test_an_agent_sees_only_the_own_queues_desk(portal: Portal, service):
    agent = user_with(Right.SERVE, on=service.queue)
    assert Conversation.objects.granting(Right.SERVE, to=agent).count() == 0
    portal.customer_writes(service, "Hello")
    eventually(lambda: Conversation.objects.granting(Right.SERVE, to=agent).count() == 1)
    assert Conversation.objects.granting(Right.VIEW_HISTORY, to=agent).count() == 0
