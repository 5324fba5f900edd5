"""Customers of the demonstration and what was said between them and the portal, as the channel knows it: in memory."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from channels_cfg.messaging.messaging_channels import channel_of, label_of
from channels_cfg.models import MessagingService
from config.demo_data import demo_file
from conversations.demo import CUSTOMERS, inbound_message
from conversations.models import Conversation
from conversations.models.conversation_state import ACTIVE_STATES

WIRES = ("WHATSAPP", "INSTAGRAM", "MESSENGER", "RCS", "SMS")
MOODS = {"works": "", "busy": "429", "broken": "503"}
"""How the channel answers the portal, and with which status where that is no success."""


@dataclass(frozen=True)
class Service:
    """A messaging service of the demonstration, as ``demo.json`` tells of it."""

    name: str
    project_id: str
    app_id: str
    secret: str
    callback_url: str


def services() -> list[Service]:
    written = json.loads(demo_file().read_text())["messaging_services"]
    return [Service(**{name: one[name] for name in Service.__dataclass_fields__}) for one in written]


def portal() -> str:
    """Where the portal answers."""
    return services()[0].callback_url.removesuffix("/sms/sinchconversation/all")


def mail_box() -> dict[str, str]:
    """The address and the maildir of the portal's mail box; empty where it has none."""
    told: dict[str, str] = json.loads(demo_file().read_text()).get("mail", {})
    return told if told and (Path(told["maildir"]) / "new").is_dir() else {}


@dataclass
class Said:
    """One message. ``state`` is how far one of the portal's got."""

    id: str
    text: str
    is_customers: bool
    at: datetime
    file: str = ""
    quotes: str = ""
    state: str = ""


@dataclass
class Talk:
    """What a customer and the portal say to each other over one channel of one service."""

    service: Service
    wire: str
    identity: str
    said: list[Said] = field(default_factory=list)
    conversation: str = ""

    @property
    def customer(self) -> str:
        return dict(CUSTOMERS).get(self.identity) or self.identity

    @property
    def label(self) -> str:
        return label_of(self.wire)

    @property
    def may_quote(self) -> list[Said]:
        """What the portal wrote, where customers of the channel can quote."""
        return [said for said in self.said if not said.is_customers] if channel_of(self.wire).quotes else []

    @property
    def states(self) -> Iterator[str]:
        """Those that a message goes through that arrives."""
        return (state for state in channel_of(self.wire).states or ("DELIVERED",) if state != "FAILED")

    def external_id(self) -> str:
        """Of the conversation that is open in the portal, or of a new one, as the Conversation API keeps one active."""
        open_there = Conversation.objects.filter(
            state__in=ACTIVE_STATES,
            reference__service__app_id=self.service.app_id,
            messaging_channel=self.wire,
            customer_address=self.identity,
        )
        found = open_there.order_by("-received_at").values_list("reference__external_id", flat=True).first()
        return found or new_id()

    def identified(self) -> dict[str, Any]:
        identity = {"channel": self.wire, "identity": self.identity, "app_id": ""}
        return {"contact_id": f"CONTACT{self.identity}", "channel_identity": identity}


_talks: dict[tuple[str, str, str], Talk] = {}


def talk(app_id: str, wire: str, identity: str) -> Talk:
    """With whoever wrote or is written to there. Raises ``KeyError`` for a service that is not the demonstration's."""
    service = {service.app_id: service for service in services()}[app_id]
    return _talks.setdefault((app_id, wire, identity), Talk(service, wire, identity))


def talk_of(document: Mapping[str, Any]) -> Talk:
    """To whom a body of ``messages:send`` goes."""
    recipient = document["recipient"]
    if "contact_id" in recipient:
        identity = recipient["contact_id"].removeprefix("CONTACT")
    else:
        identity = recipient["identified_by"]["channel_identities"][0]["identity"]
    return talk(document["app_id"], document["channel_priority_order"][0], identity)


def from_portal(document: Mapping[str, Any]) -> tuple[Said, str]:
    """What the portal sends, as the customer gets it, and where its file is fetched."""
    content, file = document["message"], ""
    text = content.get("text_message", {}).get("text", "")
    card = content.get("card_message", {})
    if media := card.get("media_message") or content.get("media_message"):
        text, file = card.get("title", ""), media["url"]
    for template in content.get("template_message", {}).get("channel_template", {}).values():
        filled = ", ".join(template.get("parameters", {}).values())
        text = f"{template['template_id']} ({template['language_code']}): {filled}"
    return Said(new_id(), text, is_customers=False, at=timezone.now(), state="QUEUED"), file


# What the channel tells the portal


def told_of_message(talk: Talk, said: Said, *, data: Mapping[str, str], quotes: str) -> dict[str, Any]:
    """MESSAGE_INBOUND."""
    callback = inbound_message(
        MessagingService(app_id=talk.service.app_id, project_id=talk.service.project_id),
        text=said.text,
        at=said.at,
        conversation=talk.external_id(),
        customer=talk.identity,
        channel=talk.wire,
        metadata=data,
    )
    message = callback["message"]
    said.id = message["id"]
    if said.file:
        content = {"url": said.file}
        kind = "media_card_message" if said.text else "media_message"
        message["contact_message"] = {kind: content | ({"caption": said.text} if said.text else {})}
    if quotes:
        message["contact_message"]["reply_to"] = {"message_id": quotes}
    return callback


def told_of_delivery(talk: Talk, said: Said, metadata: str) -> dict[str, Any]:
    """MESSAGE_DELIVERY."""
    report = {"message_id": said.id, "conversation_id": talk.external_id(), "status": said.state, "metadata": metadata}
    return _told(talk, message_delivery_report=talk.identified() | report)


def told_of_end(talk: Talk) -> dict[str, Any]:
    """CONVERSATION_STOP."""
    about = {"id": talk.external_id(), "app_id": talk.service.app_id, "contact_id": f"CONTACT{talk.identity}"}
    return _told(talk, conversation_stop_notification={"conversation": about | {"active": False}})


def told_of_consent(talk: Talk, *, given: bool) -> dict[str, Any]:
    """OPT_IN or OPT_OUT."""
    name, status = ("opt_in", "OPT_IN_SUCCEEDED") if given else ("opt_out", "OPT_OUT_SUCCEEDED")
    about = {"request_id": new_id(), "contact_id": f"CONTACT{talk.identity}", "channel": talk.wire}
    return _told(talk, **{f"{name}_notification": about | {"identity": talk.identity, "status": status}})


def _told(talk: Talk, **what: Any) -> dict[str, Any]:
    now = timezone.now().isoformat().replace("+00:00", "Z")
    envelope = {"app_id": talk.service.app_id, "project_id": talk.service.project_id, "accepted_time": now}
    return envelope | {"event_time": now} | what


def new_id() -> str:
    return uuid.uuid4().hex[:26].upper()


def address() -> str:
    """Where this channel answers, for the portal and for browsers of this machine."""
    return f"http://127.0.0.1:{settings.DEMO_CHANNEL_PORT}"
