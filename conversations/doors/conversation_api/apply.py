"""Applying a delivery: once, whole, in whatever order deliveries come, and leaving nothing of its body behind."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import jobs
from conversations.doors.conversation_api import contacts, messages, payloads, threads
from conversations.doors.conversation_api.callback import IGNORED, Callback, TooEarly
from conversations.models import InboundDelivery

logger = logging.getLogger(__name__)

State = InboundDelivery.State

EFFECTS: dict[str, Callable[[Callback], State]] = {
    "MESSAGE_INBOUND": messages.inbound,
    "MESSAGE_INBOUND_SMART_CONVERSATION_REDACTION": messages.inbound,
    "MESSAGE_SUBMIT": messages.submitted,
    "MESSAGE_DELIVERY": messages.delivered,
    "EVENT_INBOUND": messages.event,
    "CONVERSATION_START": threads.start,
    "CONVERSATION_STOP": threads.stop,
    "CONVERSATION_DELETE": threads.delete,
    "CONTACT_CREATE": contacts.change,
    "CONTACT_UPDATE": contacts.change,
    "CONTACT_DELETE": contacts.delete,
    "CONTACT_MERGE": contacts.merge,
}


def apply_delivery(delivery_id: int) -> None:
    """Apply a waiting delivery. Called twice, at once or again, it is applied once."""
    jobs.work_on(InboundDelivery, delivery_id)


def work(delivery: InboundDelivery) -> None:
    """Apply a delivery that the caller holds. What comes too early waits for DELIVERY_PATIENCE, and then does without.

    Raises ``TryLater`` and ``NoLongerHeld``.
    """
    try:
        _apply(delivery)
    except TooEarly as early:
        if timezone.now() - delivery.received_at < settings.DELIVERY_PATIENCE:
            raise jobs.TryLater from early
        notes = [_("There was no conversation that it belongs to.")]
        jobs.finish(delivery, State.IGNORED, notes=notes, **delivery.input_erased)


@transaction.atomic
def _apply(held: InboundDelivery) -> None:
    """Everything the delivery changes, and that it did, in one transaction."""
    rows = InboundDelivery.objects.held_by(held).select_for_update(of=["self"])
    delivery = rows.select_related("service__queue__channel").first()
    if delivery is None:  # another worker took over while this one was slow
        raise jobs.NoLongerHeld
    data = payloads.read(bytes(delivery.body or b""))
    callback = Callback(service=delivery.service, data=data, received_at=delivery.received_at)
    state = _effect(callback, delivery)
    jobs.finish(delivery, state, notes=callback.notes, **delivery.input_erased)


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
