"""A messaging service, and a sender that signs for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import MessagingService, WebhookSecret
from conversations.doors.conversation_api.signature import sign
from conversations.doors.deliveries import apply_delivery
from conversations.models import InboundDelivery
from tests.factories import ChannelFactory, MessagingServiceFactory, QueueFactory, WebhookSecretFactory

URL = "/sms/sinchconversation/all"

CALLBACKS = Path(__file__).resolve().parents[5] / "shared" / "data" / "conversation_api"
"""What the sender's own documentation and SDKs print; beside the project, where it is there at all."""

needs_callbacks = pytest.mark.skipif(not CALLBACKS.is_dir(), reason=f"no {CALLBACKS.name} data beside the project")


@dataclass
class Sender:
    """The Conversation API, as far as we hear from it."""

    secret: WebhookSecret
    client: Client = field(default_factory=Client)
    nonces: Iterable[int] = field(default_factory=count)

    @property
    def service(self) -> MessagingService:
        return self.secret.service

    def headers(self, body: bytes, **changed: str) -> dict[str, str]:
        """What it sends with the body; ``changed`` replaces ``signature``, ``nonce``, ``timestamp``, ``algorithm``."""
        nonce = changed.pop("nonce", f"01NONCE{next(iter(self.nonces)):019}")
        timestamp = changed.pop("timestamp", str(int(timezone.now().timestamp())))
        parts = {
            "x-sinch-webhook-signature": sign(self.secret.secret, body, nonce=nonce, timestamp=timestamp),
            "x-sinch-webhook-signature-nonce": nonce,
            "x-sinch-webhook-signature-timestamp": timestamp,
            "x-sinch-webhook-signature-algorithm": "HmacSHA256",
        }
        for part, value in changed.items():
            parts["x-sinch-webhook-signature" + ("" if part == "signature" else f"-{part}")] = value
        return parts

    def send(self, callback: dict[str, Any] | bytes, **changed: str) -> Any:
        """POST it, signed, and return the answer."""
        body = callback if isinstance(callback, bytes) else json.dumps(callback).encode()
        return self.post(body, self.headers(body, **changed))

    def post(self, body: bytes, headers: dict[str, str]) -> Any:
        return self.client.post(URL, body, content_type="application/json", headers=headers)

    def tell(self, *callbacks: dict[str, Any] | bytes) -> InboundDelivery:
        """Send each and have it applied; return the last delivery."""
        for callback in callbacks:
            assert self.send(callback).status_code == 200
            apply_all()
        return InboundDelivery.objects.latest("pk")


def apply_all() -> None:
    """What a worker does with what waits."""
    for delivery_id in InboundDelivery.objects.filter(finished_at=None).order_by("pk").values_list("pk", flat=True):
        apply_delivery(delivery_id)


@pytest.fixture
def service(db: None) -> MessagingService:
    """A service that keeps ``customerType``, as in the specification's example."""
    channel = ChannelFactory(statistics_keys=["customerType"])
    return MessagingServiceFactory(queue=QueueFactory(channel=channel))


@pytest.fixture
def sender(service: MessagingService) -> Sender:
    return Sender(WebhookSecretFactory(service=service))


@pytest.fixture
def transactional_sender(transactional_db: None) -> Sender:
    """For tests whose threads see each other's commits."""
    return Sender(WebhookSecretFactory())


def message(text: str = "Hello", **told: Any) -> dict[str, Any]:
    """MESSAGE_INBOUND over WhatsApp. ``metadata`` may be an object; ``at`` is its accept time; the rest are fields of
    the message."""
    metadata = told.pop("metadata", "")
    at = told.pop("at", "2026-02-13T08:00:00Z")
    return {
        "app_id": told.pop("app_id", ""),
        "accepted_time": at,
        "message": {
            "id": "01MESSAGE",
            "direction": "TO_APP",
            "contact_message": {"text_message": {"text": text}},
            "channel_identity": {"channel": "WHATSAPP", "identity": "358401234567", "app_id": ""},
            "conversation_id": "01CONVERSATION",
            "contact_id": "01CONTACT",
            "metadata": metadata if isinstance(metadata, str) else json.dumps(metadata),
            "accept_time": at,
            "processing_mode": "CONVERSATION",
        }
        | told,
        "message_metadata": "",
    }


def conversation_news(kind: str, at: str = "2026-02-13T09:00:00Z", **told: Any) -> dict[str, Any]:
    """CONVERSATION_START, _STOP or _DELETE: ``kind`` is start, stop or delete."""
    return {
        "accepted_time": at,
        f"conversation_{kind}_notification": {
            "conversation": {"id": "01CONVERSATION", "contact_id": "01CONTACT", "active": kind == "start"} | told
        },
    }


def contact_news(kind: str, at: str = "2026-02-13T07:00:00Z", **told: Any) -> dict[str, Any]:
    """CONTACT_CREATE, _UPDATE or _DELETE."""
    return {
        "app_id": "",
        "accepted_time": at,
        f"contact_{kind}_notification": {"contact": {"id": "01CONTACT", "display_name": "Ada Lovelace"} | told},
    }
