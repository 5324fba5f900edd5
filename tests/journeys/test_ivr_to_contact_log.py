"""Passing Call Attached Data from IVR to Queue, from key press to Contact Log; and what is left of what is not kept."""

from __future__ import annotations

import random
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.models import QUEUE_RIGHTS, Right
from conversations.models import Conversation, IvrRun
from reporting.contact_log.fill import run_reporting_job
from tests.conversations.api.conftest import client_with
from tests.factories import ChannelFactory, IvrDefinitionFactory, QueueFactory, user_with
from tests.journeys.test_canary import Canaries, database_dump
from tests.statistics import gather_statistics

pytestmark = pytest.mark.django_db

NUMBER = "+358401234567"


@pytest.fixture
def queue():
    """The key is on the allocation list, so that it is shown, and on the statistics list, so that it is kept."""
    channel = ChannelFactory(
        kind="voice",
        allocation_keys=["Selected_language"],
        statistics_keys=["Selected_language"],
        contact_information="Service line, %EXTRADATA%",
        sip_header_prefix="X-ACME-",
    )
    return QueueFactory(channel=channel)


def test_a_language_chosen_by_key_is_offered_served_kept_and_reported(queue):
    IvrDefinitionFactory(channel=queue.channel, steps__queue=queue, addresses=[NUMBER])
    telephone = client_with(Right.SERVE, on=queue)
    anna = user_with(*QUEUE_RIGHTS, on=queue)
    desk = Client()
    desk.force_login(anna)

    call = telephone.post_json("/api/v1/calls", {"call_id": "a84b4c76e66710", "to": NUMBER}).json()
    address = f"/api/v1/calls/{call['id']}"
    assert telephone.post_json(f"{address}/ivr").json()["expects"] == "key"
    assert telephone.post_json(f"{address}/ivr", {"input": "1"}).json()["queue"] == queue.name
    telephone.post_json(f"{address}/allocate", {"agent": anna.username})

    page = reverse("desk:conversation", args=[call["id"]])
    offered = desk.get(page).content.decode()
    telephone.post_json(f"{address}/accept")
    served = desk.get(page).content.decode()
    telephone.post_json(f"{address}/end", {"ended_by": "customer"})
    telephone.post_json(f"{address}/handle")
    run_reporting_job()

    assert offered.count("Service line, Selected_language: fi") == 2  # in the list, and where it is open
    assert "Service line" not in served and "Selected_language" in served
    assert "conversation_reply" in served and "reply_text" not in served
    history = desk.get(reverse("history:detail", args=[call["id"]])).content.decode()
    assert "Selected_language" in history and "In the IVR" in history
    (row,) = desk.get("/api/v1/contact-log").json()["results"]
    assert row["attached_data"] == {"Selected_language": "fi"}


@pytest.mark.parametrize("is_served", [True, False])
def test_what_a_caller_entered_and_what_headers_said_is_found_nowhere_after_the_end(queue, is_served):
    steps = [
        {"name": "Number", "kind": "digits", "variable": "customerNumber", "next_step": "Again", "other_step": "Bye"},
        {"name": "Again", "kind": "digits", "variable": "pin", "next_step": "Sales", "other_step": "Bye"},
        {"name": "Sales", "kind": "transfer", "attached_variables": ["customerNumber"]},
        {"name": "Bye", "kind": "hang_up"},
    ]
    IvrDefinitionFactory(
        channel=queue.channel, variables=["customerNumber", "pin"], steps=steps, steps__queue=queue, addresses=[NUMBER]
    )
    telephone = client_with(Right.SERVE, on=queue)
    canaries = Canaries()
    digits = [str(random.Random(seed).randrange(10**29, 10**30)) for seed in (1, 2)]
    canaries.values += digits
    told = {
        "call_id": uuid.uuid4().hex,
        "to": NUMBER,
        "attached_data": {"secret": canaries.new()},
        "sip_headers": {"X-ACME-secret2": canaries.new(), "X-ACME-2nd": canaries.new(), "Via": canaries.new()},
    }

    call = telephone.post_json("/api/v1/calls", told).json()
    address = f"/api/v1/calls/{call['id']}"
    telephone.post_json(f"{address}/ivr")
    telephone.post_json(f"{address}/ivr", {"input": digits[0]})
    gather_statistics()
    found = [table for table, content in database_dump() if canaries.found_in(content)]
    if is_served:
        telephone.post_json(f"{address}/ivr", {"input": digits[1]})
        telephone.post_json(f"{address}/accept")
        refused = {"queue": queue.name, "attached_data": {"bad key": canaries.new(), "note": canaries.new()}}
        assert telephone.post_json(f"{address}/transfer", refused).status_code == 422
        refused["attached_data"].pop("bad key")
        assert telephone.post_json(f"{address}/transfer", refused).status_code == 200
        telephone.post_json(f"{address}/accept")
    telephone.post_json(f"{address}/end")
    gather_statistics()

    assert sorted(found) == ["conversations_ivrrun", "conversations_livedatum"]
    assert not IvrRun.objects.exists() and not Conversation.objects.get().is_active
    assert [table for table, content in database_dump() if canaries.found_in(content)] == []
