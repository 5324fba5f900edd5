"""What ``/api/schema/`` promises, the doors keep."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import ignored_auth

from channels_cfg.models import QUEUE_RIGHTS
from config.wsgi import application
from conversations import consents
from tests.factories import (
    ApiKeyFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
)

CASES = int(os.environ.get("SCHEMA_CASES", "228"))
"""How many random requests, over all operations; ``SCHEMA_CASES=6000`` looks further."""

FEW = 1020
"""With this many or more, every corner of the schema is looked at as well; with fewer, some."""

ACCEPTED = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
"""Answers to a request that is as described."""

SAID_IN_WORDS = {
    *("period", "received_after", "received_before", "startTime", "endTime", "zone", "interval", "at"),
    *("channel", "messaging_channel", "queue", "agent", "direction", "state", "kept", "missing", "column", "after"),
    *("to", "ivr", "happened_at", "end", "source", "call_id", "data.item.queue"),
    *("session_type_v2", "status"),
    *("scheduled_at", "connected_at", "customer_connected_at", "offer_events", "recordings", "consumer_events"),
    *("text_inputs", "in_call_sms", "wait_time_sms", "virtual_agents", "dispositions", "photos", "videos", "menu_path"),
    *("address", "service", "given_at", "reason", "preferred_agent", "required_agents", "template", "file"),
}
"""What else is asked of these texts, a schema cannot say: names that are there, moments, ids of which none
comes twice, conditions, one that fits the other."""


@pytest.fixture
def one_connection(db: None) -> Iterator[None]:
    """Requests leave the connection of the test open, as those of Django's client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def conversations(one_connection: None) -> tuple[str, list[str]]:
    """The key of somebody who holds every right, and the ids of a conversation in each of three states."""
    queue = QueueFactory(name="Chat sales")
    user = grant(UserFactory(username="integration", is_api_client=True), *QUEUE_RIGHTS, on=queue)
    consents.record(
        MessagingServiceFactory(queue=queue), channel="SMS", address="358401234567", given=True, at=timezone.now()
    )
    data = {"customerType": "gold"}
    rows = [
        queued_conversation(queue, data=data),
        accepted_conversation(queue, data=data, agent=user),
        ended_conversation(queue, data=data, agent=user),
    ]
    return ApiKeyFactory(user=user).text, [str(row.pk) for row in rows]


@pytest.mark.timeout(1800)
def test_every_request_is_answered_as_the_schema_says(conversations):
    key, ids = conversations
    config = SchemathesisConfig.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}}})
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application, config=config)
    operations = [result.ok() for result in schema.get_all_operations()]
    answered: Counter[str] = Counter()
    complaints: dict[str, str] = {}

    def ask(case: Any) -> None:
        if case.meta.generation.mode.is_positive:
            point_at(case, ids)
        with transaction.atomic():  # each finds the same rows
            answer = case.call(headers={"X-Api-Key": key})
            transaction.set_rollback(True)
        answered[case.operation.label] += 1
        try:
            case.validate_response(answer, excluded_checks=[ignored_auth])  # whoever tries wrong keys must wait
        except FailureGroup as group:
            for failure in group.exceptions:
                if not (isinstance(failure, RejectedPositiveData) and is_about_words(answer)):
                    told = f"{failure.message}\n{case.as_curl_command()}\n{answer.status_code} {answer.text[:400]}"
                    complaints.setdefault(f"{case.operation.label}: {failure.title}{answer.text[:400]}", told)

    for operation in operations:
        ask_all(operation, ask)

    assert "\n\n".join(complaints.values()) == ""
    assert len(operations) == len(answered) == 57 and sum(answered.values()) > CASES


def ask_all(operation: Any, ask: Callable[[Any], None]) -> None:
    """Every corner of what the schema describes and of what it does not, then at random."""
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
    corners = operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=generation)
    for case in islice(corners, 0, None, max(1, FEW // CASES)):
        ask(case)

    @settings(
        max_examples=CASES // 57,
        phases=[Phase.generate],
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def ask_at_random(case: Any) -> None:
        ask(case)

    ask_at_random()


def is_about_words(answer: Any) -> bool:
    """Whether only what the schema says in words was found wrong."""
    wrong = answer.json().get("errors", {}).keys()
    return answer.status_code == 400 and bool(wrong) and wrong <= SAID_IN_WORDS


def point_at(case: Any, ids: list[str]) -> None:
    """At a conversation that there is, three times of four."""
    size = len(repr(case.body) + repr(case.query))
    if size % 4 == 3:
        return
    if "consent_id" in (case.path_parameters or {}):
        case.path_parameters["consent_id"] = "SMS_358401234567"
    if "conversation_id" in (case.path_parameters or {}):
        case.path_parameters["conversation_id"] = ids[size % 3]
    if isinstance(case.body, dict) and "contact_id" in case.body:
        case.body["contact_id"] = ids[size % 3]


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))

    written = (tmp_path / "schema.yml").read_text()

    for promised in ("/RI/cmi/contactData/{conversation_id}", "/oauth/token", "X-Api-Key", "application/problem+json"):
        assert promised in written


@pytest.mark.django_db
def test_schema_and_its_page_open_without_signing_in(client):
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")

    assert page.status_code == 200
    assert "//cdn" not in page.content.decode()
