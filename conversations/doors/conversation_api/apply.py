"""Applying a delivery: once, whole, in whatever order deliveries come, and leaving nothing of its body behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.doors.conversation_api import contacts, messages, payloads, threads
from conversations.doors.conversation_api.callback import IGNORED, Callback, TooEarly
from conversations.models import InboundDelivery

logger = logging.getLogger(__name__)

Outcome = InboundDelivery.Outcome

EFFECTS: dict[str, Callable[[Callback], Outcome]] = {
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

LONGEST_PAUSE = timedelta(hours=1)


def apply_delivery(delivery_id: int) -> None:
    """Apply a waiting delivery. Called twice, at once or again, it is applied once.

    One that fails is tried again with growing pauses, and given up after DELIVERY_DEAD_AFTER.
    """
    now = timezone.now()
    delivery = InboundDelivery.objects.claim(delivery_id, now=now)
    if delivery is None:
        logger.debug("Delivery %s is finished, or another worker has it", delivery_id)
        return
    try:
        _apply(delivery_id, now=now)
    except TooEarly:
        _wait(delivery, now=now, patience=settings.DELIVERY_PATIENCE, given_up=Outcome.IGNORED)
    except Exception as failure:
        # The kind alone: messages of databases and parsers quote what the customer said.
        logger.error("Delivery %s could not be applied (%s)", delivery_id, type(failure).__name__)
        _wait(delivery, now=now, patience=settings.DELIVERY_DEAD_AFTER, given_up=Outcome.FAILED)


@transaction.atomic
def _apply(delivery_id: int, *, now: datetime) -> None:
    """Everything the delivery changes, and that it did, in one transaction."""
    delivery = (
        InboundDelivery.objects.select_for_update(of=["self"])
        .select_related("service__queue__channel")
        .filter(pk=delivery_id, finished_at=None)
        .first()
    )
    if delivery is None:  # another worker took over while this one was slow, and was done first
        return
    data = payloads.read(bytes(delivery.body or b""))
    callback = Callback(service=delivery.service, data=data, received_at=delivery.received_at)
    _finish(delivery, _effect(callback, delivery), callback.notes, now=now)


def _effect(callback: Callback, delivery: InboundDelivery) -> Outcome:
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


def _wait(delivery: InboundDelivery, *, now: datetime, patience: timedelta, given_up: Outcome) -> None:
    if now - delivery.received_at >= patience:
        notes = {
            Outcome.IGNORED: _("There was no conversation that it belongs to."),
            Outcome.FAILED: _("Given up after %(attempts)s attempts.") % {"attempts": delivery.attempts},
        }
        _finish(delivery, given_up, [notes[given_up]], now=now)
    else:
        pause = min(timedelta(seconds=5 * 2 ** min(delivery.attempts, 16)), LONGEST_PAUSE)
        InboundDelivery.objects.filter(pk=delivery.pk, finished_at=None).update(held_until=now + pause)


def _finish(delivery: InboundDelivery, outcome: Outcome, notes: list[str], *, now: datetime) -> None:
    InboundDelivery.objects.filter(pk=delivery.pk, finished_at=None).update(
        finished_at=now, outcome=outcome, notes=notes, body=None, held_until=None
    )
