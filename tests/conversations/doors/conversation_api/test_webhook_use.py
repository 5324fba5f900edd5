"""Which secret signs, and when a callback was refused: noted once a minute, off the way of the callback."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import SettingsVersion, WebhookSecret
from conversations.doors import webhook_use
from conversations.models import RefusedCallbacks
from tests.conversations.doors.conversation_api.conftest import Sender, message
from tests.factories import WebhookSecretFactory

BODY = json.dumps(message()).encode()


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be written, written at once; a fresh process has noted nothing."""
    written: list[Any] = []

    def write_now(write: Any) -> None:
        written.append(write)
        write()

    monkeypatch.setattr(webhook_use, "_later", write_now)
    monkeypatch.setattr(webhook_use, "_noted", {})
    return written


def refusals() -> dict[str, Any]:
    return dict(RefusedCallbacks.objects.values_list("reason", "last_at"))


def test_the_secret_that_signed_is_noted_and_no_other(sender: Sender):
    other = WebhookSecretFactory(service=sender.service, secret="other")

    sender.send(message())

    sender.secret.refresh_from_db()
    other.refresh_from_db()
    assert timezone.now() - sender.secret.last_used_at < timedelta(seconds=5)
    assert other.last_used_at is None


def test_it_is_noted_once_a_minute(sender: Sender, notes: list[Any]):
    for _ in range(5):
        sender.send(message())

    assert len(notes) == 1


def test_it_makes_no_version_of_the_settings(sender: Sender):
    before = SettingsVersion.current()

    sender.send(message())

    assert WebhookSecret.objects.get().last_used_at
    assert SettingsVersion.current() == before


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"nonce": ""}, "unsigned"),
        ({"signature": "wKmZBGo4Cf+y9cZoPHhiVw6ziKeubLGqN4OdG8jlaPo="}, "wrong"),
        ({"timestamp": "1000000000"}, "old"),
    ],
    ids=str,
)
def test_a_refusal_is_noted_with_its_reason(sender: Sender, changed: dict[str, str], reason: str):
    answer = sender.post(BODY, sender.headers(BODY, **changed))

    assert answer.status_code == 401
    assert list(refusals()) == [reason]


def test_however_often_somebody_knocks_one_row_is_written_a_minute(
    sender: Sender, notes: list[Any], monkeypatch: pytest.MonkeyPatch
):
    sender.post(BODY, sender.headers(BODY, signature="d3Jvbmc="))
    first = refusals()
    for _ in range(20):
        sender.post(BODY, sender.headers(BODY, signature="d3Jvbmc="))
    monkeypatch.setattr(webhook_use, "_noted", {})  # another process
    sender.post(BODY, sender.headers(BODY, signature="d3Jvbmc="))

    assert len(notes) == 2
    assert refusals() == first


def test_a_later_refusal_renews_the_time(sender: Sender):
    then = timezone.now() - timedelta(minutes=5)
    RefusedCallbacks.objects.create(door="conversation_api", reason="wrong", last_at=then)

    sender.post(BODY, sender.headers(BODY, signature="d3Jvbmc="))

    assert refusals()["wrong"] > then
