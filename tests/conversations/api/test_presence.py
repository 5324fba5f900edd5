"""An agent says over the API whether conversations are offered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.signals import user_logged_out
from django.utils import timezone

from channels_cfg.models import Queue, Right
from conversations.models import AgentPresence, PresenceChange
from conversations.routing.presence import leave_unseen
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import PauseReasonFactory

ADDRESS = "/api/v1/presence"


@pytest.fixture
def agent(queue: Queue) -> ApiClient:
    return client_with(Right.SERVE, on=queue)


def put(client: ApiClient, **order: Any) -> Any:
    return client.put(ADDRESS, order, content_type="application/json")


def test_who_has_never_said_anything_is_away(agent: ApiClient):
    PauseReasonFactory(name="Lunch")

    answer = agent.get(ADDRESS).json()

    assert answer == {"status": "away", "reason": None, "why": "", "since": None, "reasons": ["Lunch"]}


def test_each_change_is_remembered_and_a_repetition_is_none(agent: ApiClient):
    PauseReasonFactory(name="Lunch")

    first = put(agent, status="ready").json()
    again = put(agent, status="ready").json()
    paused = put(agent, status="paused", reason="Lunch").json()

    assert first == again
    assert (paused["status"], paused["reason"], paused["why"]) == ("paused", "Lunch", "Lunch")
    assert list(PresenceChange.objects.values_list("status", "reason__name")) == [("ready", None), ("paused", "Lunch")]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"status": "busy"}, "status"),
        ({}, "status"),
        ({"status": "paused", "reason": "Nap"}, "reason"),
        ({"status": "ready", "reason": "Lunch"}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_by_field(agent: ApiClient, order: dict[str, str], field: str):
    PauseReasonFactory(name="Lunch")

    answer = put(agent, **order)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_who_signs_out_or_is_not_seen_for_a_while_is_away(agent: ApiClient):
    put(agent, status="ready")
    user_logged_out.send(type(agent.user), request=None, user=agent.user)
    assert (answer := agent.get(ADDRESS).json())["status"] == "away"
    assert answer["why"] == "Signed out"

    put(agent, status="ready")
    AgentPresence.objects.update(seen_at=timezone.now() - timedelta(seconds=119))
    assert leave_unseen(now=timezone.now()) == 0
    assert leave_unseen(now=timezone.now() + timedelta(seconds=2)) == 1
    assert agent.get(ADDRESS).json()["why"] == "The desk was not open"
