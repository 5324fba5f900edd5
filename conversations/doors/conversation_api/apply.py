"""Applying a callback of the Conversation API."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils.translation import gettext as _

from conversations.doors.conversation_api import contacts, events, messages, opt_ins, payloads, threads
from conversations.doors.conversation_api.callback import IGNORED, Callback
from conversations.models import InboundDelivery

logger = logging.getLogger(__name__)

State = InboundDelivery.State

EFFECTS: dict[str, Callable[[Callback], State]] = {
    "MESSAGE_INBOUND": messages.inbound,
    "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION": messages.inbound,
    "MESSAGE_SUBMIT": messages.submitted,
    "MESSAGE_DELIVERY": messages.delivered,
    "EVENT_INBOUND": events.event,
    "UNSUPPORTED": events.unsupported,
    "CONVERSATION_START": threads.start,
    "CONVERSATION_STOP": threads.stop,
    "CONVERSATION_DELETE": threads.delete,
    "CONTACT_CREATE": contacts.change,
    "CONTACT_UPDATE": contacts.change,
    "CONTACT_DELETE": contacts.delete,
    "CONTACT_MERGE": contacts.merge,
    "OPT_IN": opt_ins.opted_in,
    "OPT_OUT": opt_ins.opted_out,
}


def handle(delivery: InboundDelivery) -> tuple[str, list[str]]:
    """Apply a callback, and return what became of it and what was left out."""
    assert delivery.service  # every callback is for one
    data = payloads.read(bytes(delivery.body or b""))
    callback = Callback(service=delivery.service, data=data, received_at=delivery.received_at)
    return _effect(callback, delivery), callback.notes


def _effect(callback: Callback, delivery: InboundDelivery) -> State:
    effect = EFFECTS.get(payloads.trigger_of(callback.data))
    if effect:
        return effect(callback)
    if delivery.trigger in payloads.TRIGGERS.values():
        callback.note(_("Such callbacks change nothing here."))
    else:
        logger.warning("Delivery %s has the unknown trigger %s", delivery.pk, delivery.trigger)
        callback.note(_("Its trigger is unknown."))
    callback.note_ignored_metadata()
    return IGNORED
