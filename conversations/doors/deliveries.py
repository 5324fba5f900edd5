"""Deliveries of every door: kept and answered first, applied later: once, whole, in whatever order they come, and
leaving nothing of their bodies behind."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.prepared import first_row
from conversations.doors.registry import door_named
from conversations.models import InboundDelivery

MOST_NOTES = 20
LONGEST_NOTE = 300


class TooEarly(Exception):
    """What the delivery is about has not arrived yet. Try again later, or do without."""


# As SQL, since putting a query together through the ORM costs more than asking it.
_KEEP = """
    INSERT INTO conversations_inbounddelivery
           (door, service_id, mail_box_id, queue_id, sender_id, conversation_id, nonce, body_digest, body, trigger,
            received_at, state, notes)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'waiting', '[]')
        ON CONFLICT (door, service_id, nonce) DO NOTHING
 RETURNING id
"""


def keep(
    door: str,
    service_id: int | None,
    *,
    nonce: str,
    body: bytes,
    digest: bytes,
    trigger: str,
    now: datetime,
    mail_box_id: int | None = None,
    queue_id: int | None = None,
    sender_id: int | None = None,
    conversation_id: uuid.UUID | None = None,
) -> int | None:
    """Store a delivery and return its id, or None where the nonce is taken. ``digest`` is that of ``keyed_digest``."""
    whose = [service_id, mail_box_id, queue_id, sender_id, conversation_id]
    row = first_row(_KEEP, [door, *whose, nonce, digest, body, trigger, now])
    return row[0] if row else None


def keyed_digest(data: bytes) -> bytes:
    """32 bytes that tell one text from another. Keyed, so that a short text cannot be found by guessing."""
    return hmac.digest(_digest_key(settings.SECRET_KEY), data, "sha256")


@cache
def _digest_key(secret_key: str) -> bytes:
    return hashlib.sha256(b"inbound delivery:" + secret_key.encode()).digest()


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
        jobs.finish(delivery, InboundDelivery.State.IGNORED, notes=notes, **delivery.input_erased)


@transaction.atomic
def _apply(held: InboundDelivery) -> None:
    """Everything the delivery changes, and that it did, in one transaction."""
    rows = InboundDelivery.objects.held_by(held).select_for_update(of=["self"])
    delivery = rows.select_related("service__queue__channel", "queue").first()
    if delivery is None:  # another worker took over while this one was slow
        raise jobs.NoLongerHeld
    state, notes = door_named(delivery.door).handle(delivery)
    jobs.finish(delivery, state, notes=notes, **delivery.input_erased)


def add_note(notes: list[str], words: str) -> None:
    """Add to what the log tells of a delivery; never a value. Senders decide how much there is to tell, so it is
    bounded: ``MOST_NOTES``, of ``LONGEST_NOTE`` characters each."""
    if len(notes) < MOST_NOTES:
        notes.append(words if len(words) <= LONGEST_NOTE else f"{words[: LONGEST_NOTE - 1]}…")
    else:
        notes[-1] = _("There was more to tell than is kept here.")
