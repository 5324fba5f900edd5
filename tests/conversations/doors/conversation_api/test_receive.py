import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from conversations.models import InboundDelivery
from tests.conversations.doors.conversation_api.conftest import CALLBACKS, Sender, message, needs_callbacks
from tests.factories import MessagingServiceFactory, WebhookSecretFactory

BODIES = sorted((CALLBACKS / "callbacks").glob("*.json"))
BODY = json.dumps(message()).encode()


@needs_callbacks
@pytest.mark.parametrize("file", BODIES, ids=lambda file: file.stem)
def test_every_callback_the_sender_documents_is_kept(sender: Sender, file: Any) -> None:
    body = file.read_bytes()

    answer = sender.send(body)

    assert (answer.status_code, answer.json()) == (200, {})
    assert bytes(InboundDelivery.objects.get().body) == body


@needs_callbacks
def test_all_seventy_are_there() -> None:
    assert len(BODIES) == 70


def hours_from_now(hours: float) -> str:
    return str(int((timezone.now() + timedelta(hours=hours)).timestamp()))


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": ""},
        {"signature": "wKmZBGo4Cf+y9cZoPHhiVw6ziKeubLGqN4OdG8jlaPo="},
        {"signature": "ümlaut"},
        {"nonce": ""},
        {"nonce": "N" * 129},
        {"timestamp": ""},
        {"timestamp": "yesterday"},
        {"timestamp": "99999999999"},
        pytest.param({"timestamp": hours_from_now(-49)}, id="49 hours ago"),
        pytest.param({"timestamp": hours_from_now(49)}, id="in 49 hours"),
        {"algorithm": "HmacSHA1"},
        {"algorithm": "none"},
    ],
    ids=str,
)
def test_a_signature_that_does_not_hold_is_refused_and_nothing_kept(sender: Sender, changed: dict[str, str]) -> None:
    headers = sender.headers(BODY, **changed)

    answer = sender.post(BODY, headers)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert InboundDelivery.objects.count() == 0


def test_a_callback_without_signature_is_refused(sender: Sender) -> None:
    answer = sender.post(BODY, {})

    assert answer.status_code == 401
    assert InboundDelivery.objects.count() == 0


def test_a_body_that_differs_by_one_byte_is_refused(sender: Sender) -> None:
    headers = sender.headers(BODY)

    answer = sender.post(BODY + b"\n", headers)

    assert answer.status_code == 401
    assert InboundDelivery.objects.count() == 0


@pytest.mark.parametrize("hours", [-47, 47])
def test_a_late_repetition_is_within_the_window(sender: Sender, hours: float) -> None:
    answer = sender.send(BODY, timestamp=hours_from_now(hours))

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not JSON", 400),
        (b"[1, 2]", 400),
        (b'"text"', 400),
        (b'{"message": NaN}', 400),
        (b'{"message": "\xff"}', 400),
        (b'{"message": ' + b"9" * 5000 + b"}", 400),
        (b'{"message":' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
        (b'{"a":' * 101 + b"1" + b"}" * 101, 400),
        (b'{"message": "' + b"x" * 1024 * 1024 + b'"}', 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_body_is_refused_and_nothing_kept(sender: Sender, body: bytes, status: int) -> None:
    answer = sender.send(body)

    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert InboundDelivery.objects.count() == 0


def test_a_bad_body_without_signature_is_not_even_read(sender: Sender) -> None:
    answer = sender.post(b"[" * 10_000, {})

    assert answer.status_code == 401


def test_a_body_of_exactly_one_mebibyte_is_kept(sender: Sender) -> None:
    body = b'{"pad": "' + b"x" * (1024 * 1024 - 11) + b'"}'

    answer = sender.send(body)

    assert len(body) == 1024 * 1024
    assert answer.status_code == 200


def test_the_same_delivery_again_is_answered_and_kept_once(sender: Sender) -> None:
    headers = sender.headers(BODY)

    answers = [sender.post(BODY, headers).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert InboundDelivery.objects.count() == 1


def test_a_nonce_seen_with_another_body_is_refused(sender: Sender) -> None:
    sender.send(BODY, nonce="01ONCE")

    answer = sender.send(message("Something else"), nonce="01ONCE")

    assert answer.status_code == 401
    assert bytes(InboundDelivery.objects.get().body) == BODY


def test_a_nonce_counts_for_all_services_with_the_same_secret(sender: Sender) -> None:
    other = WebhookSecretFactory(secret=sender.secret.secret).service
    sender.send(message(app_id=sender.service.app_id), nonce="01ONCE")

    answer = sender.send(message(app_id=other.app_id), nonce="01ONCE")

    assert answer.status_code == 401
    assert InboundDelivery.objects.get().service == sender.service


def test_either_of_two_secrets_signs_while_they_are_rotated(sender: Sender) -> None:
    newer = Sender(WebhookSecretFactory(service=sender.service, secret="the new one"), nonces=count(100))

    answers = [one.send(BODY).status_code for one in (sender, newer)]

    assert answers == [200, 200]


def test_a_service_that_is_switched_off_takes_nothing_in(sender: Sender) -> None:
    sender.service.enabled = False
    sender.service.save()

    answer = sender.send(BODY)

    assert answer.status_code == 401
    assert InboundDelivery.objects.count() == 0


def test_of_services_that_share_a_secret_the_one_of_the_app_gets_the_callback(sender: Sender) -> None:
    other = WebhookSecretFactory(secret=sender.secret.secret).service

    sender.send(message(app_id=other.app_id))

    assert InboundDelivery.objects.get().service == other


def test_of_services_that_share_a_secret_one_of_the_project_gets_news_of_contacts(sender: Sender) -> None:
    other = MessagingServiceFactory(project_id="another project")
    WebhookSecretFactory(service=other, secret=sender.secret.secret)

    sender.send({"app_id": "", "project_id": "another project", "contact_create_notification": {}})

    assert InboundDelivery.objects.get().service == other


def test_the_body_is_told_apart_by_a_keyed_digest(sender: Sender, settings: Any) -> None:
    sender.send(BODY, nonce="one")
    settings.SECRET_KEY = "another"
    sender.send(BODY, nonce="two")

    digests = {bytes(delivery.body_digest) for delivery in InboundDelivery.objects.all()}

    assert len(digests) == 2


def test_taking_a_callback_in_costs_two_statements(sender: Sender, django_assert_num_queries: Any) -> None:
    sender.send(BODY)

    with django_assert_num_queries(2):
        sender.send(message("Another"))
