"""customerConsents: what customers said about being written to, for other systems."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from channels_cfg.models import QUEUE_RIGHTS, MessagingService, Queue, QueueAddress, Right
from conversations import consents
from conversations.models import Consent
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import MessagingServiceFactory, QueueFactory

URL = "/RI/cmi/customerConsents"
ADA = f"{URL}/WHATSAPP_358401234567"


@pytest.fixture
def service(queue: Queue) -> MessagingService:
    return MessagingServiceFactory(name="WhatsApp sales", queue=queue)


@pytest.fixture
def viewer(service: MessagingService) -> ApiClient:
    return client_with(Right.VIEW_CONSENTS, on=service.queue)


def give(client: ApiClient, **sent: Any) -> Any:
    return client.post_json(URL, {"usage": "WHATSAPP", "address": "+358 40 1234567"} | sent)


def test_a_consent_is_given_read_and_withdrawn(viewer: ApiClient):
    given = give(viewer, given_at="2026-02-13T10:00:00+02:00")

    assert (given.status_code, given["Location"]) == (201, ADA)
    assert given.json() == viewer.get(ADA).json() == viewer.get(URL).json()[0]
    assert given.json() == {
        "id": "WHATSAPP_358401234567",
        "type": "Customer Consent",
        "usage": "WHATSAPP",
        "address": "358401234567",
        "service": "WhatsApp sales",
        "opted_in": True,
        "since": "2026-02-13T08:00:00Z",
        "source": "api",
    }

    assert [viewer.delete(ADA).status_code for _ in range(2)] == [204, 204]
    assert viewer.get(ADA).json()["opted_in"] is False
    assert list(Consent.objects.values_list("given", "recorded_by")) == [
        (False, viewer.user.pk),
        (True, viewer.user.pk),
    ]


def test_an_opt_in_that_is_told_late_stays_behind_the_withdrawal(viewer: ApiClient):
    give(viewer)
    viewer.delete(ADA)

    assert give(viewer, given_at="2026-02-13T08:00:00Z").json()["opted_in"] is False


def test_the_list_is_asked_by_usage_and_address(viewer: ApiClient):
    for usage, address in (("WHATSAPP", "358401234567"), ("SINCH_CHAT", "ada_lovelace"), ("SMS", "358401234567")):
        give(viewer, usage=usage, address=address)

    def ids(**query: str) -> list[str]:
        return [row["id"] for row in viewer.get(URL, query).json()]

    assert ids() == ["SINCH_CHAT_ada_lovelace", "SMS_358401234567", "WHATSAPP_358401234567"]
    assert ids(address="+358401234567", usage="SMS") == ["SMS_358401234567"]
    assert ids(limit="1", offset="2") == ["WHATSAPP_358401234567"]
    assert viewer.get(f"{URL}/SINCH_CHAT_ada_lovelace").json()["address"] == "ada_lovelace"


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"usage": "PIGEON"}, "usage"),
        ({"address": " "}, "address"),
        ({"given_at": "2999-01-01T00:00:00Z"}, "given_at"),
        ({"service": "WhatsApp care"}, "service"),
        ({"consent": True}, "consent"),
    ],
    ids=str,
)
def test_what_is_no_consent_is_refused_by_field(viewer: ApiClient, sent: dict[str, Any], wrong: str):
    answer = give(viewer, **sent)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [wrong])
    assert not Consent.objects.exists()


def test_only_services_whose_consents_one_may_view_are_there(viewer: ApiClient, service: MessagingService):
    """A right on a queue with an address of the app is one on its service."""
    care = MessagingServiceFactory(name="WhatsApp care")
    consents.record(care, channel="WHATSAPP", address="358401234567", given=True, at=timezone.now())
    others = [right for right in QUEUE_RIGHTS if right != Right.VIEW_CONSENTS]
    stranger = client_with(*others, on=service.queue)
    with_address = QueueFactory(channel=service.queue.channel)
    QueueAddress.objects.create(queue=with_address, address=f"{care.app_id}@whatsapp.sinchconversation.com")
    beside = client_with(Right.VIEW_CONSENTS, on=with_address)

    assert [client.get(ADA).status_code for client in (viewer, stranger, beside)] == [404, 404, 200]
    assert [len(client.get(URL).json()) for client in (viewer, stranger, beside)] == [0, 0, 1]
    assert [client.delete(ADA).status_code for client in (viewer, stranger)] == [404, 404]
    assert give(stranger).status_code == 404
    assert give(viewer, service="WhatsApp care").status_code == 400


def test_of_several_services_one_is_named(viewer: ApiClient, service: MessagingService):
    MessagingServiceFactory(name="WhatsApp care", queue=service.queue)

    unnamed = give(viewer)
    for name in ("WhatsApp care", "WhatsApp sales"):
        give(viewer, service=name)
    viewer.delete(f"{ADA}?service=WhatsApp care")

    assert (unnamed.status_code, list(unnamed.json()["errors"])) == (400, ["service"])
    assert {row["service"]: row["opted_in"] for row in viewer.get(URL).json()} == {
        "WhatsApp care": False,
        "WhatsApp sales": True,
    }
    viewer.delete(ADA)
    assert [row["opted_in"] for row in viewer.get(URL).json()] == [False, False]
