"""What a customer does in a thread other than write: reacts, comments, pays, sends what nobody hands on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.doors import references
from conversations.doors.conversation_api import payloads, threads
from conversations.doors.conversation_api.callback import APPLIED, IGNORED, Callback
from conversations.doors.deliveries import TooEarly
from conversations.models import (
    TYPING_LASTS,
    Conversation,
    CustomerTyping,
    Event,
    ExternalReference,
    InboundDelivery,
    Message,
)

TYPING = {"composing_event": True, "composing_end_event": False}
"""Events of which nothing is kept: whether the customer types from now on."""
LONGEST_REACTION = 50


def event(callback: Callback) -> InboundDelivery.State:
    """It shows in the timeline of its conversation, and never begins one; what was said with it joins the messages."""
    told = callback.news
    parts = payloads.part(told, "contact_event") | payloads.part(told, "contact_message_event")
    kind = payloads.name({"kind": min(parts, default="")}, "kind")
    callback.note_ignored_metadata()
    if not kind or not payloads.external_id(told, "conversation_id") or kind in TYPING:
        if kind in TYPING:
            _note_typing(callback, is_typing=TYPING[kind])
        callback.note(_("Such an event is not kept.") if kind else _("It names no event."))
        return IGNORED

    at = callback.happened_at(payloads.moment(told, "accept_time"))
    thread, conversation = _place_of(callback, at)
    external_id = payloads.external_id(told, "id") or f"digest:{payloads.digest_of(told)[:40]}"
    Event.objects.bulk_create(
        [
            Event(
                conversation=conversation,
                kind=Event.Kind.CUSTOMER_EVENT,
                at=at,
                detail={"event": kind},
                external_id=external_id,
            )
        ],
        ignore_conflicts=True,
    )
    said = _said(kind, payloads.part(parts, kind))
    if said and not threads.is_erased(thread, at):
        _store(callback, thread, conversation, external_id=external_id, content_type=kind, sent_at=at, **said)
    return APPLIED


def _note_typing(callback: Callback, *, is_typing: bool) -> None:
    """For a moment from when it happened; what arrives late says nothing any more."""
    thread_id, now = payloads.external_id(callback.news, "conversation_id"), timezone.now()
    thread = ExternalReference.objects.filter(service=callback.service, external_id=thread_id).first()
    until = callback.happened_at(payloads.moment(callback.news, "accept_time")) + TYPING_LASTS
    if thread and now < until:
        CustomerTyping.objects.note(thread, until=min(until, now + TYPING_LASTS) if is_typing else None)


def _said(kind: str, event: dict[str, Any]) -> dict[str, Any]:
    """What a message holds of the event; empty where it says nothing."""
    match kind:
        case "reaction_event":
            return {
                "text": payloads.text(event, "emoji")[:LONGEST_REACTION],
                "content": {"action": payloads.name(event, "action")},
                "reply_to": payloads.external_id(event, "message_id"),
            }
        case "comment_event":
            return {"text": payloads.text(event, "text"), "content": {}}
    return {}


def unsupported(callback: Callback) -> InboundDelivery.State:
    """The customer sent what the Conversation API does not hand on, or the channel told something else: a placeholder
    in the conversation that is there. It never begins one, since it may be about nothing that the customer did."""
    told = callback.news
    external_id = payloads.external_id(told, "id")
    callback.note_ignored_metadata()
    if not external_id or not payloads.external_id(told, "conversation_id"):
        callback.note(_("It names no message or no conversation."))
        return IGNORED
    at = callback.happened_at()
    thread, conversation = _place_of(callback, at)
    _store(callback, thread, conversation, external_id=external_id, content_type="unsupported_callback", sent_at=at)
    return APPLIED


def _place_of(callback: Callback, at: datetime) -> tuple[ExternalReference, Conversation]:
    told = callback.news
    thread_id, contact_id = (payloads.external_id(told, name) for name in ("conversation_id", "contact_id"))
    thread = threads.hold_thread(callback.service, thread_id, contact_id=contact_id)
    conversation = references.conversation_at(thread, at)
    if conversation is None:
        raise TooEarly
    return thread, conversation


def _store(callback: Callback, thread: ExternalReference, conversation: Conversation, **facts: Any) -> None:
    """A message of the customer, once."""
    message = Message(
        reference=thread,
        conversation=conversation,
        author=Message.Author.CUSTOMER,
        messaging_channel=payloads.name(callback.news, "channel_identity", "channel", longest=30),
        **facts,
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)
