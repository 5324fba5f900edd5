"""Data actions run against a local endpoint, and answer as the facts on Genesys Cloud say."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.lint_requests import sample_inputs
from channels_cfg.data_actions.published_file import read_action
from channels_cfg.models import DataAction, DataActionConnection, DataActionCredential
from conversations.data_actions import signing_in
from conversations.data_actions.outcome import ActionResult
from conversations.data_actions.run import run_action, run_definition
from tests.channels_cfg.data_actions.published import FILES, with_published_files
from tests.factories import DataActionConnectionFactory, DataActionFactory
from tests.stand_ins.remote_api import RemoteApi, answer_for, running_remote_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings: Any) -> Iterator[RemoteApi]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api:
        yield api


@pytest.fixture
def connection(api: RemoteApi) -> DataActionConnection:
    connection: DataActionConnection = DataActionConnectionFactory(name="CRM", base_address=api.url)
    return connection


@pytest.fixture
def action(connection: DataActionConnection) -> DataAction:
    action: DataAction = DataActionFactory(connection=connection)
    return action


def found(result: ActionResult) -> Any:
    assert result.failed is None, (result.failed, result.steps)
    return result.outputs


# Published files

FAILING = {
    "Get-Last-Agents-by-Conversation-ID.json": "successTemplate",  # it has a brace too many
}


@with_published_files
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.rpartition("__")[2])
def test_every_published_file_runs_against_an_endpoint_of_its_own_contract(
    file: Path, api: RemoteApi, connection: DataActionConnection
):
    definition = at(api, read_action(file.read_bytes())[0])
    for name in ("loginUrl", "clientId", "clientSecret", "example_password", "example_certificate_base64"):
        DataActionCredential.objects.create(
            connection=connection, name=name, secret=api.url if name == "loginUrl" else name
        )
    if "authResponse" in definition.headers:
        signs_in(connection, api)
    api.answers_with(answer_for(definition))

    result = run_definition(definition, connection, sample_inputs(definition))

    name = file.name.rpartition("__")[2]
    if name in FAILING:
        assert result.failed and FAILING[name] in result.failed
    else:
        outputs = found(result)
        assert isinstance(outputs, dict | list)
        if re.match(r"\s*[\[{#]", definition.request_template) and definition.request_type not in ("GET", "HEAD"):
            json.loads(api.asked[-1].body)


def at(api: RemoteApi, definition: ActionDefinition) -> ActionDefinition:
    """The action with its own host replaced by the endpoint, and an address where the file has none."""
    template = re.sub(r"https://[^/]+", api.url, definition.request_url_template)
    if not re.match(r"/|http|\$", template):
        template = "/own"
    return dataclasses.replace(definition, request_url_template=template)


def signs_in(connection: DataActionConnection, api: RemoteApi) -> DataAction:
    api.answers["/token"] = (200, b'{"access_token": "a-token-of-the-api", "token_type": "Bearer", "expires_in": 3600}')
    action: DataAction = DataActionFactory(
        connection=connection,
        action_type="customAuth",
        request_type="POST",
        request_url_template="/token",
        headers=json.dumps(
            {"Authorization": 'Basic $encoding.base64("${credentials.clientId}:${credentials.clientSecret}")'}
        ),
        request_template="grant_type=client_credentials",
        translation_map="{}",
        translation_map_defaults="{}",
        success_template="${rawResult}",
        input_schema="{}",
        success_schema="{}",
    )
    return action


# What comes of an answer


def test_an_action_asks_and_makes_outputs_of_the_answer(api: RemoteApi, action: DataAction):
    api.answers_with({"entities": [{"id": "c1"}]})

    result = run_action(action, {"phone": "+358 40"})

    assert found(result) == {"contactId": "c1"}
    assert (api.asked[0].method, api.asked[0].path) == ("GET", "/contacts?q=%2B358+40")
    assert [step.success for step in result.steps] == [True] * len(result.steps)


def test_what_is_not_found_has_its_default_and_null_has_none(api: RemoteApi, action: DataAction):
    api.answers_with({"entities": []})
    assert found(run_action(action, {"phone": "1"})) == {"contactId": ""}

    api.answers_with({"entities": [{"id": None}]})
    assert run_action(action, {"phone": "1"}).failure.code == "invalid.schema"  # type: ignore[union-attr]


def test_an_answer_without_a_body_is_an_empty_object(api: RemoteApi, action: DataAction):
    api.answers_with(b"", status=202)

    assert found(run_action(action, {"phone": "1"})) == {"contactId": ""}


@pytest.mark.parametrize(
    ("status", "body", "code", "error_code", "words"),
    [
        (404, b'{"message": "CANARY no contact"}', "internal.server.error", "ACTION.REMOTE_ENDPOINT", "answered 404"),
        (500, b"<html>CANARY</html>", "internal.server.error", "ACTION.REMOTE_ENDPOINT", "answered 500"),
        (302, b"", "internal.server.error", "ACTION.REMOTE_ENDPOINT", "answered 302"),
        (200, b"<html>CANARY</html>", "bad.request", "ACTION.PROCESSING", "not JSON"),
        (200, b"\xff\xfe", "bad.request", "ACTION.PROCESSING", "UTF-8"),
        (200, b'{"CANARY": 1, "CANARY": 2}', "bad.request", "ACTION.PROCESSING", "not JSON"),
        (200, b'{"a": ' + b"9" * 400 + b"}", "bad.request", "ACTION.PROCESSING", "not JSON"),
        (200, json.dumps({f"k{n}": n for n in range(50_000)}).encode(), "bad.request", "ACTION.PROCESSING", "values"),
        (200, b"[" * 500, "bad.request", "ACTION.PROCESSING", "not JSON"),
        (200, b" " * 1_100_000, "internal.server.error", "ACTION.REMOTE_ENDPOINT", "more than is read"),
    ],
)
def test_a_bad_answer_fails_in_words_that_hold_nothing_of_it(
    api: RemoteApi, action: DataAction, status: int, body: bytes, code: str, error_code: str, words: str
):
    api.answers_with(body, status=status)

    result = run_action(action, {"phone": "1"})

    failure = result.failure
    assert failure and result.outputs is None
    assert (failure.code, failure.error_code) == (code, error_code)
    assert words in failure.message and "CANARY" not in failure.message
    assert not result.steps[-1].success


def test_what_the_remote_system_said_is_told_to_the_caller_alone(api: RemoteApi, action: DataAction):
    api.answers_with({"message": "no such contact"}, status=404)

    failure = run_action(action, {"phone": "1"}).failure

    assert failure and failure.as_answer("c")["errors"] == [
        {"message": "no such contact", "status": 404, "contextId": "c"}
    ]


def test_a_packed_answer_is_not_unpacked(api: RemoteApi, action: DataAction):
    api.headers = {"Content-Encoding": "gzip"}

    assert run_action(action, {"phone": "1"}).failure.error_code == "ACTION.REMOTE_ENDPOINT"  # type: ignore[union-attr]


def test_an_answer_that_comes_too_late_is_a_timeout(api: RemoteApi, action: DataAction):
    api.seconds = 3

    failure = run_action(action, {"phone": "1"}, seconds=0.2).failure

    assert failure and (failure.status, failure.is_timeout) == (504, True)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({}, "invalid.schema", "'phone' is missing"),
        (
            {"input_schema": "{}", "request_url_template": "/x?q=${input.phone.trim()}"},
            "bad.request",
            "Transform failed",
        ),
        ({"input_schema": "{}", "translation_map": "{}"}, "bad.request", "Variable $id has not been set"),
    ],
)
def test_what_the_action_itself_cannot_do_is_a_bad_request(
    api: RemoteApi, action: DataAction, change: dict[str, str], code: str, words: str
):
    definition = dataclasses.replace(action.definition(), **change)

    failure = run_definition(definition, action.connection, {}).failure

    assert failure and (failure.status, failure.code) == (400, code) and words in failure.message


def test_a_draft_does_not_run_and_a_private_host_is_not_asked(action: DataAction, settings: Any):
    settings.OUTGOING_OWN_HOSTS = []
    assert "https://" in str(run_action(action, {"phone": "1"}).failed)

    action.state = DataAction.State.DRAFT
    assert run_action(action, {"phone": "1"}).failed == "The data action is not published."


# Signing in


def credential(connection: DataActionConnection, **named: str) -> None:
    for name, secret in named.items():
        DataActionCredential.objects.create(connection=connection, name=name, secret=secret)


def test_basic_and_bearer_sign_in_with_what_the_connection_holds(api: RemoteApi, action: DataAction):
    connection = action.connection
    assert connection
    connection.sign_in = "basic"
    assert "“username”" in str(run_action(action, {"phone": "1"}).failed)

    credential(connection, username="ann", password="CANARY-pass", token="CANARY-token")
    basic = run_action(action, {"phone": "1"})
    connection.sign_in = "bearer"
    bearer = run_action(action, {"phone": "1"})

    assert [asked.headers["Authorization"] for asked in api.asked] == [
        "Basic YW5uOkNBTkFSWS1wYXNz",
        "Bearer CANARY-token",
    ]
    assert "YW5uOkNBTkFSWS1wYXNz" not in str(basic.steps) and "CANARY" not in str(bearer.steps)


def test_oauth_2_asks_for_a_token_once_and_again_when_it_is_refused(api: RemoteApi, action: DataAction):
    connection = action.connection
    assert connection
    connection.sign_in, connection.token_address = "oauth2", f"{api.url}/token"
    credential(connection, clientId="portal", clientSecret="CANARY-secret")
    api.answers["/token"] = (200, b'{"access_token": "CANARY-token-1", "expires_in": 3600}')

    for _time in range(2):
        found(run_action(action, {"phone": "1"}))
    assert [asked.path.partition("?")[0] for asked in api.asked] == ["/token", "/contacts", "/contacts"]

    api.asked.clear()
    api.answers_with({}, status=401)
    result = run_action(action, {"phone": "1"})

    assert [asked.path.partition("?")[0] for asked in api.asked] == ["/contacts", "/token", "/contacts"]
    assert "401" in str(result.failed) and "CANARY" not in str(result)


def test_an_action_signs_in_for_the_others_of_its_connection(api: RemoteApi, action: DataAction):
    assert action.connection
    credential(action.connection, clientId="portal", clientSecret="CANARY-secret")
    signs_in(action.connection, api)
    action.headers = '{"Authorization": "${authResponse.token_type} ${authResponse.access_token}"}'

    result = run_action(action, {"phone": "1"})

    assert found(result)
    assert api.asked[0].headers["Authorization"] == "Basic cG9ydGFsOkNBTkFSWS1zZWNyZXQ="
    assert api.asked[1].headers["Authorization"] == "Bearer a-token-of-the-api"
    assert "a-token-of-the-api" not in str(result.steps)


def test_credentials_go_to_hosts_that_they_are_for(api: RemoteApi, action: DataAction):
    connection = action.connection
    assert connection
    connection.base_address = "https://api.example.com"
    credential(connection, apiKey="CANARY-key")
    action.request_url_template, action.headers = f"{api.url}/x", '{"x-api-key": "${credentials.apiKey}"}'

    refused = run_action(action, {"phone": "1"})
    connection.hosts = ["127.0.0.1"]
    allowed = run_action(action, {"phone": "1"})

    assert "not for this host" in str(refused.failed)
    assert found(allowed) and api.asked[0].headers["x-api-key"] == "CANARY-key" and "CANARY" not in str(allowed.steps)
    connection.hosts = ["*.crm.example"]
    assert signing_in.may_see(connection, "https://eu.crm.example/x")
    assert not signing_in.may_see(connection, "https://crm.example.evil.example/x")


def test_nothing_of_a_run_is_logged(api: RemoteApi, action: DataAction, caplog: pytest.LogCaptureFixture):
    caplog.set_level(0)
    assert action.connection
    credential(action.connection, apiKey="CANARY-key")
    api.answers_with({"entities": [{"id": "CANARY-output"}]})
    run_action(action, {"phone": "CANARY-input"})
    api.answers_with({"message": "CANARY-remote"}, status=500)
    run_action(action, {"phone": "CANARY-input"})

    assert "CANARY" not in caplog.text
