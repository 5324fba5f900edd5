"""Trying the connection to an app says in words what is right and what is wrong, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from channels_cfg.messaging.sinch_connection import Finding, SinchConnection, try_connection
from tests.channels_cfg.messaging.sinch import Sinch, running_sinch

HERE = "https://portal.example.com/sms/sinchconversation/all"
APP = {"display_name": "Sales", "processing_mode": "CONVERSATION", "conversation_metadata_report_view": "FULL"}
TRIGGERS = ["MESSAGE_INBOUND", "CONVERSATION_STOP", "MESSAGE_DELIVERY"]


@pytest.fixture
def sinch(tmp_path: Path, settings: Settings) -> Iterator[Sinch]:
    with running_sinch(tmp_path) as server:
        settings.OUTGOING_OWN_HOSTS = ["localhost"]
        settings.OUTGOING_CA_FILE = str(server.certificate)
        settings.SINCH_SIGN_IN_ADDRESS = server.url
        settings.CONVERSATION_API_ADDRESS = f"{server.url}/{{region}}"
        server.keys = {"key": "CANARY"}
        server.apps = {("eu", "project", "app"): APP}
        server.webhooks = [{"target": HERE, "triggers": TRIGGERS}]
        yield server


def tried(**changed: str) -> list[Finding]:
    entered = {"region": "eu", "project_id": "project", "app_id": "app", "key_id": "key", "key_secret": "CANARY"}
    findings = try_connection(SinchConnection(**{**entered, **changed}), callback_address=HERE)
    assert "CANARY" not in str(findings)
    return findings


def test_a_connection_that_works_names_the_app(sinch: Sinch):
    assert tried() == [
        Finding("good", "The app “Sales” answers, in CONVERSATION processing mode."),
        Finding("good", "Its webhook points here, with the triggers that are needed."),
    ]


def test_dispatch_mode_is_warned_of(sinch: Sinch):
    sinch.apps["eu", "project", "app"] = {**APP, "processing_mode": "DISPATCH"}

    (finding, _webhook) = tried()

    assert finding.level == "warn"
    assert "DISPATCH" in finding.words


def test_metadata_that_is_left_out_is_warned_of(sinch: Sinch):
    sinch.apps["eu", "project", "app"] = {**APP, "conversation_metadata_report_view": "NONE"}

    assert "FULL" in tried()[1].words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key_secret": "wrong"}, "does not know this access key"),
        ({"key_id": "wrong"}, "does not know this access key"),
        ({"region": "us"}, "The app is in the region Europe. Choose that one."),
        ({"app_id": "other"}, "no such app in this project"),
        ({"project_id": "other"}, "no such app in this project"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(sinch: Sinch, changed: dict[str, str], words: str):
    (finding,) = tried(**changed)

    assert finding.level == "bad"
    assert words in finding.words


def test_a_webhook_that_points_elsewhere_is_warned_of(sinch: Sinch):
    sinch.webhooks = [{"target": "https://elsewhere.example.com/", "triggers": TRIGGERS}]

    assert tried()[1] == Finding("warn", f"None of its webhooks has the target {HERE}, so no callback comes here.")


def test_missing_triggers_are_named(sinch: Sinch):
    sinch.webhooks = [{"target": HERE, "triggers": ["MESSAGE_INBOUND"]}]

    assert "CONVERSATION_STOP, MESSAGE_DELIVERY" in tried()[1].words


def test_no_network_is_said(sinch: Sinch, settings: Settings):
    settings.SINCH_SIGN_IN_ADDRESS = "https://nowhere.invalid"

    assert tried() == [Finding("bad", "There is no host nowhere.invalid.")]


@pytest.mark.parametrize(("status", "words"), [(429, "too many requests"), (503, "a fault of its own (503)")])
def test_trouble_at_sinch_is_said(sinch: Sinch, status: int, words: str):
    sinch.raw = f"HTTP/1.1 {status} Oh\r\nContent-Length: 6\r\n\r\nCANARY".encode()

    (finding,) = tried()

    assert words in finding.words


def test_an_answer_that_is_no_object_is_no_crash(sinch: Sinch):
    sinch.raw = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n[CANARY]"

    (finding,) = tried()

    assert finding.level == "bad"
