"""What each kind of callback that the sender documents leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from conversations.doors.conversation_api import payloads
from conversations.models import (
    Consent,
    Contact,
    DeliveryStatus,
    Event,
    ExternalReference,
    InboundDelivery,
    MediaFetch,
    Message,
)
from conversations.models.consent import tidied_customer
from tests.conversations.doors.conversation_api.conftest import CALLBACKS, Sender, apply_all, message, needs_callbacks
from tests.conversations.doors.conversation_api.rows import all_rows

DOCUMENTED: dict[str, list[dict[str, Any]]] = {}
if CALLBACKS.is_dir():
    for row in json.loads((CALLBACKS / "manifest.json").read_text()):
        DOCUMENTED.setdefault(row["trigger"], []).append(json.loads((CALLBACKS / row["file"]).read_bytes()))

Told = dict[str, Any]


def stored(told: Told, id_name: str = "id") -> Message:
    return Message.objects.get(external_id=told[id_name], reference__external_id=told["conversation_id"])


def check_content(found: Message, content: Told) -> None:
    """What a reader sees is there; where the channel keeps a file is in the job alone."""
    (kind,) = [name for name in content if name.endswith("_message")]
    part = content[kind]
    assert found.content_type == kind
    if "url" in part:
        assert MediaFetch.objects.get(message=found).url == part["url"]
        assert not {"url", "thumbnail_url"} & found.content.keys()
    if coordinates := part.get("coordinates"):
        assert found.content["coordinates"] == coordinates
    assert found.text == (part.get("text") or part.get("caption") or found.text)
    assert found.text or found.content or "url" in part


def inbound(told: Told) -> None:
    if told.get("id"):
        found = stored(told)
        assert found.author == Message.Author.CUSTOMER and found.conversation
        check_content(found, told["contact_message"])
        assert found.reply_to == ((told["contact_message"].get("reply_to") or {}).get("message_id") or "")
        assert found.messaging_channel == (told.get("channel") or told["channel_identity"]["channel"])


def redaction(told: Told) -> None:
    assert stored(told).rank[0] == 1
    check_content(stored(told), told["contact_message"])


def submitted(told: Told) -> None:
    found = stored(told, "message_id")
    assert (found.author, found.conversation) == (Message.Author.SYSTEM, None)
    check_content(found, told["submitted_message"])


def delivered(told: Told) -> None:
    found = DeliveryStatus.objects.get(message_external_id=told["message_id"])
    assert found.status == told["status"]
    assert found.reason_code == ((told.get("reason") or {}).get("code") or "")


def thread(field: str) -> Callable[[Told], None]:
    def check(told: Told) -> None:
        found = ExternalReference.objects.get(external_id=told["conversation"]["id"])
        assert not field or getattr(found, field)

    return check


def contact(told: Told) -> None:
    name = told["contact"].get("display_name")
    assert Contact.objects.get(external_id=told["contact"]["id"]).display_name == (name if name != "Unknown" else "")


def contact_deleted(told: Told) -> None:
    assert Contact.objects.get(external_id=told["contact"]["id"]).display_name == ""


def contacts_merged(told: Told) -> None:
    assert Contact.objects.filter(external_id=told["preserved_contact"]["id"]).exists()


EFFECTS: dict[str, Callable[[Told], None]] = {
    "MESSAGE_INBOUND": inbound,
    "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION": redaction,
    "MESSAGE_SUBMIT": submitted,
    "MESSAGE_DELIVERY": delivered,
    "CONVERSATION_START": thread(""),
    "CONVERSATION_STOP": thread("ends"),
    "CONVERSATION_DELETE": thread("deleted_at"),
    "CONTACT_CREATE": contact,
    "CONTACT_UPDATE": contact,
    "CONTACT_DELETE": contact_deleted,
    "CONTACT_MERGE": contacts_merged,
}
OF_THEIR_OWN = {"UNSUPPORTED", "OPT_IN", "OPT_OUT"}
CHANGE_NOTHING = DOCUMENTED.keys() - EFFECTS.keys() - OF_THEIR_OWN


@needs_callbacks
@pytest.mark.parametrize("trigger", EFFECTS)
def test_a_documented_callback_has_its_effect(sender: Sender, trigger: str) -> None:
    assert DOCUMENTED[trigger]

    for callback in DOCUMENTED[trigger]:
        with transaction.atomic():
            delivery = sender.tell(callback)

            assert (delivery.trigger, delivery.state) == (trigger, InboundDelivery.State.APPLIED)
            EFFECTS[trigger](next(callback[key] for key in payloads.TRIGGERS if key in callback))
            transaction.set_rollback(True)  # several documents call their messages the same


@needs_callbacks
def test_what_is_about_no_conversation_changes_nothing(sender: Sender) -> None:
    for trigger in sorted(CHANGE_NOTHING):
        for callback in DOCUMENTED[trigger]:
            delivery = sender.tell(callback)
            assert (delivery.trigger, delivery.state) == (trigger, InboundDelivery.State.IGNORED)
            assert delivery.notes

    assert not any(all_rows().values())


@needs_callbacks
def test_what_is_not_supported_is_a_placeholder_in_its_conversation_and_begins_none(sender: Sender) -> None:
    for callback in DOCUMENTED["UNSUPPORTED"]:
        told = callback["unsupported_callback"]
        if not told.get("conversation_id"):
            assert sender.tell(callback).state == InboundDelivery.State.IGNORED
            continue
        assert sender.tell(callback).state == InboundDelivery.State.WAITING
        first = message(conversation_id=told["conversation_id"], id=f"in {told['conversation_id']}")
        sender.tell(first | {"accepted_time": callback["accepted_time"]})
        InboundDelivery.objects.update(held_until=None)
        apply_all()

        placeholder = stored(told)
        assert (placeholder.content_type, placeholder.text, placeholder.content) == ("unsupported_callback", "", {})
        assert placeholder.conversation


@needs_callbacks
@pytest.mark.parametrize("trigger", ["OPT_IN", "OPT_OUT"])
def test_a_consent_is_taken_in(sender: Sender, trigger: str) -> None:
    """Of one that did not succeed nothing is stored."""
    for callback in DOCUMENTED[trigger]:
        with transaction.atomic():
            delivery = sender.tell(callback)

            told = next(callback[key] for key in payloads.TRIGGERS if key in callback)
            stored = [(one.channel, one.address, one.contact_external_id, one.given) for one in Consent.objects.all()]
            address = tidied_customer(told.get("identity") or "")
            said = (told["channel"], address, told.get("contact_id") or "", trigger == "OPT_IN")
            succeeded = "SUCCEEDED" in told["status"]
            assert stored == ([said] if succeeded else [])
            assert (delivery.state == InboundDelivery.State.APPLIED) is succeeded
            transaction.set_rollback(True)


# What the documentation describes without printing it


def told_event(event_id: str = "01EVENT", at: str = "2026-02-13T08:01:00Z", **event: Any) -> dict[str, Any]:
    channel = {"channel": "INSTAGRAM", "identity": "1"}
    return {"event": {"id": event_id, "conversation_id": "01CONVERSATION", "accept_time": at,
                      "channel_identity": channel, **event}}  # fmt: skip


def test_a_reaction_is_kept_with_the_message_that_it_is_about(sender: Sender) -> None:
    reaction = {"emoji": "👍", "action": "REACTION_ACTION_REACT", "message_id": "01MT"}
    told = told_event(contact_message_event={"reaction_event": reaction})

    sender.tell(message(), told, told)

    found = Message.objects.get(content_type="reaction_event")
    assert (found.text, found.reply_to, found.content) == ("👍", "01MT", {"action": "REACTION_ACTION_REACT"})
    assert Event.objects.get(kind=Event.Kind.CUSTOMER_EVENT).detail == {"event": "reaction_event"}


def test_a_comment_is_a_message_and_its_text_is_in_no_event(sender: Sender) -> None:
    comment = {"id": "1", "text": "CANARY nice", "comment_type": "FEED", "commented_on": "https://x", "user": "u"}

    sender.tell(message(), told_event(contact_event={"comment_event": comment}))

    found = Message.objects.get(content_type="comment_event")
    assert (found.text, found.content, found.messaging_channel) == ("CANARY nice", {}, "INSTAGRAM")
    assert "CANARY" not in str(list(Event.objects.values()))
