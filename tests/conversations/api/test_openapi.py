"""What ``/api/schema/`` promises, the doors keep."""

from __future__ import annotations

from collections import Counter

import pytest
import schemathesis
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from channels_cfg.models import Right
from tests.factories import (
    ApiKeyFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    grant,
    queued_conversation,
)

PROMISES = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

OURS = r"^/(RI/|oauth/|api/v1/conversations)"


@pytest.fixture
def conversations(address):
    """One in each of three states, and the key of somebody who holds every right on them."""
    queue = QueueFactory(name="Chat sales")
    user = grant(UserFactory(username="integration", is_api_client=True), *Right, on=queue)
    data = {"customerType": "gold"}
    rows = [
        queued_conversation(queue, data=data),
        accepted_conversation(queue, data=data, agent=user),
        ended_conversation(queue, data=data, agent=user),
    ]
    return ApiKeyFactory(user=user).text, [str(row.pk) for row in rows]


@pytest.mark.timeout(300)
def test_every_answer_is_one_that_the_schema_describes(address, conversations):
    key, ids = conversations
    schema = schemathesis.openapi.from_url(f"{address}/api/schema/?format=json").include(path_regex=OURS)
    operations = [result.ok() for result in schema.get_all_operations()]
    answered = Counter()

    @settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def ask(operation, data):
        case = data.draw(operation.as_strategy())
        size = len(repr(case.body) + repr(case.query))
        if "conversation_id" in case.path_parameters and size % 4:
            case.path_parameters["conversation_id"] = ids[size % 3]
        if isinstance(case.body, dict) and "contact_id" in case.body and size % 4:
            case.body["contact_id"] = ids[size % 3]
        answer = case.call(headers={"X-Api-Key": key})
        case.validate_response(answer, checks=PROMISES)
        answered[operation.label, answer.status_code] += 1

    for operation in operations:
        ask(operation)

    assert len(operations) == 15
    for operation in operations:
        assert any((operation.label, status) in answered for status in (200, 201, 400, 401, 409)), operation.label


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
