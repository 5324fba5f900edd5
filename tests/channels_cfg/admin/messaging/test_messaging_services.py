"""The page of a messaging service: what to enter at Sinch, secrets in rotation, and trying the connection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from channels_cfg.models import MessagingService, QueueAddress, WebhookSecret
from conversations.models import InboundDelivery, RefusedCallbacks
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.channels_cfg.messaging.sinch import Sinch, running_sinch
from tests.channels_cfg.messaging.test_sinch_connection import APP
from tests.factories import MessagingServiceFactory, QueueFactory, UserFactory, WebhookSecretFactory

APP_ID = "01EB37HMH1M6SV18ASNS3G135H"


@pytest.fixture
def service(db: None) -> MessagingService:
    """A service with one secret that signed a callback an hour ago."""
    made = MessagingServiceFactory(name="WhatsApp", app_id=APP_ID)
    WebhookSecretFactory(service=made, last_used_at=timezone.now() - timedelta(hours=1))
    return made


@pytest.fixture
def sinch(tmp_path: Path, settings: Settings) -> Iterator[Sinch]:
    with running_sinch(tmp_path) as server:
        settings.OUTGOING_OWN_HOSTS = ["localhost"]
        settings.OUTGOING_CA_FILE = str(server.certificate)
        settings.SINCH_SIGN_IN_ADDRESS = server.url
        settings.CONVERSATION_API_ADDRESS = f"{server.url}/{{region}}"
        server.keys = {"key": "CANARY"}
        server.apps = {("eu", "project", APP_ID): APP}
        yield server


def page_of(service: MessagingService) -> str:
    return reverse("admin:channels_cfg_messagingservice_change", args=[service.pk])


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_page_says_what_to_enter_at_sinch(browser: Client, service: MessagingService):
    queue = QueueFactory(name="SMS queue")
    QueueAddress.objects.create(queue=queue, address=f"{APP_ID.lower()}@SMS.sinchconversation.com")

    text = text_of(browser, page_of(service))
    context = browser.get(page_of(service)).context

    assert "http://testserver/sms/sinchconversation/all" in text
    assert "MESSAGE_DELIVERY" in text
    addresses = {line.label: (line.address, line.queue) for line in context["queue_addresses"]}
    assert addresses["WhatsApp"] == (f"{APP_ID}@whatsapp.sinchconversation.com", "")
    assert addresses["SMS"] == (f"{APP_ID}@sms.sinchconversation.com", "SMS queue")
    assert "XMS" not in addresses


def test_no_secret_is_in_the_page(browser: Client):
    service = MessagingServiceFactory(key_id="key", key_secret="CANARY-1")
    WebhookSecretFactory(service=service, secret="CANARY-2")

    assert "CANARY" not in text_of(browser, page_of(service))


def test_a_key_secret_stays_where_nothing_is_typed_and_goes_with_its_key(browser: Client, service: MessagingService):
    save_form(browser, page_of(service), key_id="key", key_secret="first")
    save_form(browser, page_of(service), description="", key_secret="")
    service.refresh_from_db()
    kept = service.key_secret
    save_form(browser, page_of(service), key_id="", key_secret="")
    service.refresh_from_db()

    assert (kept, service.key_secret) == ("first", "")


def test_callbacks_are_told_of(browser: Client, service: MessagingService):
    now = timezone.now()
    InboundDelivery.objects.create(
        door="conversation_api",
        service=service,
        nonce="n",
        body_digest=b"",
        received_at=now,
        state="failed",
        notes=["It had no app."],
    )
    RefusedCallbacks.objects.create(door="conversation_api", reason="wrong", last_at=now)

    news = {item.label: item for item in browser.get(page_of(service)).context["news"]}

    assert now - news["Last callback"].at < timedelta(hours=2)
    assert news["Last failure"].words == "It had no app."
    assert "fits no secret" in news["Last refused"].words


def test_a_second_secret_is_added_without_a_question(browser: Client, service: MessagingService):
    save_form(browser, page_of(service), **{"secrets-TOTAL_FORMS": 2, "secrets-1-secret": "second"})

    assert sorted(secret.secret for secret in service.secrets.all()) == ["foo_secret1234", "second"]


@pytest.mark.parametrize(
    ("changes", "consequence"),
    [
        ({"secrets-0-DELETE": "on"}, "no secret left"),
        ({"secrets-0-DELETE": "on", "secrets-TOTAL_FORMS": 2, "secrets-1-secret": "second"}, "in the last day"),
        ({"enabled": None}, "Switched off, it refuses every one."),
    ],
    ids=["the last secret", "a secret in use", "switching off"],
)
def test_what_turns_callbacks_away_is_confirmed_with_typed_words(
    browser: Client, service: MessagingService, changes: dict[str, Any], consequence: str
):
    asked = save_form(browser, page_of(service), **changes)
    carried = asked.context["carried"]
    service.refresh_from_db()
    before = (service.enabled, service.secrets.count())
    mistyped = browser.post(page_of(service), {"_carried": carried, "_typed": "whatsapp"})
    done = browser.post(page_of(service), {"_carried": carried, "_typed": "WhatsApp"}, follow=True)

    assert asked.status_code == mistyped.status_code == 409
    assert consequence in asked.content.decode()
    assert "That is not “WhatsApp”" in mistyped.content.decode()
    assert before == (True, 1)
    assert done.status_code == 200
    assert not MessagingService.objects.filter(enabled=True, secrets__secret="foo_secret1234").exists()
    assert not (WebhookSecret.objects.filter(last_used_at__isnull=False).exists() and service_enabled(service))


def service_enabled(service: MessagingService) -> bool:
    return MessagingService.objects.get(pk=service.pk).enabled


def test_a_secret_that_is_used_no_more_goes_without_a_question(browser: Client, service: MessagingService):
    WebhookSecretFactory(service=service, secret="unused", last_used_at=timezone.now() - timedelta(days=3))

    saved = save_form(browser, page_of(service), **{"secrets-1-DELETE": "on"})

    assert saved.status_code == 200
    assert [secret.secret for secret in service.secrets.all()] == ["foo_secret1234"]


def test_what_was_typed_and_carried_cannot_be_changed_on_the_way(browser: Client, service: MessagingService):
    assert browser.post(page_of(service), {"_carried": "gAAAA", "_typed": "WhatsApp"}).status_code == 400


def test_the_connection_is_tried_with_what_is_typed(browser: Client, sinch: Sinch):
    typed = {
        "region": "eu",
        "project_id": "project",
        "app_id": APP_ID,
        "key_id": "key",
        "key_secret": "CANARY",
    }

    answer = browser.post(reverse("admin:try_connection"), typed, headers={"HX-Request": "true"})

    assert "The app “Sales” answers" in answer.content.decode()
    assert "CANARY" not in answer.content.decode()
    assert not MessagingService.objects.exists()


def test_a_stored_secret_is_used_where_none_is_typed(browser: Client, sinch: Sinch):
    service = MessagingServiceFactory(app_id=APP_ID, project_id="project", key_id="key", key_secret="CANARY")

    page = browser.post(reverse("admin:try_connection"), {"tried": service.pk})

    assert "The app “Sales” answers" in page.content.decode()
    assert "CANARY" not in page.content.decode()


def test_what_is_missing_is_asked_for(browser: Client):
    answer = browser.post(reverse("admin:try_connection"), {"region": "eu", "app_id": "a"})

    assert "Enter project ID, access key ID, access key secret first." in answer.content.decode()


def test_who_may_not_change_services_cannot_try_connections(client: Client, db: None):
    client.force_login(UserFactory(is_staff=True))

    assert client.post(reverse("admin:try_connection"), {"region": "eu"}).status_code == 403
    assert client.get(reverse("admin:try_connection")).status_code == 405


def test_the_channels_are_shown(browser: Client):
    text = text_of(browser, reverse("admin:messaging_channels"))

    assert "KakaoTalk" in text
    assert "Not yet supported by the Conversation API." in text


def test_the_form_opens_for_a_new_service(browser: Client):
    assert "region" in open_form(browser, reverse("admin:channels_cfg_messagingservice_add"))
