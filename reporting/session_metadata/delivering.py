"""Delivering files of session metadata: built, checked and put in handfuls, each of one destination.

A file is put before its row says so: a worker that dies in between leaves a row that the next takes over, which puts
the same file in the same place. Where every file is another one, as with mail, each row is finished at once.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.destination_templates import SessionFacts, file_name
from channels_cfg.metadata_destinations.store import MetadataFile, MetadataStore, StoreRefused, StoreUnreachable
from channels_cfg.metadata_destinations.stores import store_of
from channels_cfg.models import MetadataDestination
from channels_cfg.models.metadata_destination import FILES
from reporting.models import DeliveryPause, FileDelivery
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.finishing import Outcome, finish, hand_back, reserve_names
from reporting.session_metadata.reading import StoredSession, read_sessions
from reporting.session_metadata.valid import faults_of

logger = logging.getLogger(__name__)

HANDFUL = 200
LONGEST_TURN = 20.0
"""Seconds; what is left of a handful then goes back, so that a slow destination keeps no worker from the others."""
DEAD_AFTER = timedelta(hours=24)
"""What was due for so long at a destination that could not be reached for so long is parked."""
NAMED_FAULTS = 3

State = FileDelivery.State
Ready = tuple[FileDelivery, MetadataFile]


def deliver(deliveries: Sequence[FileDelivery]) -> None:
    """Deliver what the caller holds, all of it to one destination. Raises ``GiveUp`` where that was deleted."""
    destination = MetadataDestination.objects.filter(deliveries=deliveries[0]).first()
    if destination is None:
        raise jobs.GiveUp(_("Its destination was deleted."))
    found = list(_prepared(deliveries, destination))
    finish([one for one in found if isinstance(one, Outcome)], now=timezone.now())
    _put_all(destination, [one for one in found if not isinstance(one, Outcome)])
    hand_back(deliveries, now=timezone.now())


# Building


def _prepared(deliveries: Sequence[FileDelivery], destination: MetadataDestination) -> Iterator[Outcome | Ready]:
    """Of each delivery the file that is to be put, or what became of it without that."""
    sessions = {stored.conversation.pk: stored for stored in read_sessions([one.conversation_id for one in deliveries])}
    for delivery in deliveries:
        stored = sessions.get(delivery.conversation_id)
        if stored is None:
            yield Outcome(delivery, State.FAILED, _("It is no voice or chat conversation."))
            continue
        try:
            yield _file_or_outcome(delivery, stored, destination)
        except Exception as failure:
            # The kind alone: what a message quotes may be what a customer said.
            logger.error("The document of %s cannot be made (%s)", delivery.conversation_id, type(failure).__name__)
            words = _("The document cannot be made (%(kind)s).") % {"kind": type(failure).__name__}
            yield Outcome(delivery, State.FAILED, words, is_our_error=True)


def _file_or_outcome(
    delivery: FileDelivery, stored: StoredSession, destination: MetadataDestination
) -> Outcome | Ready:
    document = session_metadata(stored)
    if faults := faults_of(document, as_producer=True):
        logger.error("The document of %s does not fit the schema", delivery.conversation_id)
        words = _("The document does not fit the schema: %(faults)s.") % {"faults": "; ".join(faults[:NAMED_FAULTS])}
        return Outcome(delivery, State.FAILED, words, is_our_error=True)
    content = as_bytes(document)
    if not delivery.forced_at and delivery.sha256 == hashlib.sha256(content).hexdigest():
        return Outcome(delivery, State.UNCHANGED)
    facts = facts_of(stored)
    # Once given, a name stays: what lies under another would never be overwritten.
    name = delivery.name or file_name(destination.file_name, facts)
    return delivery, MetadataFile(name, content, facts, revision=delivery.revision + 1)


def facts_of(stored: StoredSession) -> SessionFacts:
    """What templates of destinations may name."""
    conversation = stored.conversation
    assert conversation.ended_at  # only what ended is delivered
    return SessionFacts(
        kind="call" if stored.is_call else "chat",
        number=conversation.number,
        id=str(conversation.pk),
        ended_at=conversation.ended_at,
        channel=conversation.channel.name,
        queue=conversation.queue.name if conversation.queue else "",
        ticket_id=stored.told.out_ticket_id,
        ticket_url=stored.told.out_ticket_url,
    )


# Putting


def _put_all(destination: MetadataDestination, ready: Sequence[Ready]) -> None:
    """Put each, until the time is over or the destination cannot be reached."""
    if not ready:
        return
    reserve_names(ready)
    done: list[Outcome] = []
    unreachable: StoreUnreachable | None = None
    ends_at = time.monotonic() + LONGEST_TURN
    with store_of(destination) as store:
        for delivery, file in ready:
            try:
                done.append(_put(store, delivery, file))
            except StoreUnreachable as failure:
                unreachable = failure
                done.append(_in_vain(delivery, str(failure)))
            if destination.kind not in FILES:
                finish(done[-1:], now=timezone.now())
            if unreachable or time.monotonic() > ends_at:
                break
    if destination.kind in FILES:
        finish(done, now=timezone.now())
    if unreachable:
        _leave_alone(destination, unreachable, now=timezone.now())
    elif any(outcome.file for outcome in done):
        DeliveryPause.objects.over(destination)


def _put(store: MetadataStore, delivery: FileDelivery, file: MetadataFile) -> Outcome:
    """Raises ``StoreUnreachable``. What nobody foresaw takes no other file with it."""
    try:
        store.put(file)
    except StoreRefused as refused:
        return Outcome(delivery, State.FAILED, str(refused), is_refused=True)
    except StoreUnreachable:
        raise
    except Exception as failure:
        logger.error("The file of %s cannot be put (%s)", delivery.conversation_id, type(failure).__name__)
        return _in_vain(delivery, _("The file cannot be put (%(kind)s).") % {"kind": type(failure).__name__})
    return Outcome(delivery, State.DONE, file=file)


def _in_vain(delivery: FileDelivery, words: str) -> Outcome:
    """It is tried again after a pause, unless that was the last time."""
    if not delivery.is_exhausted(now=timezone.now()):
        return Outcome(delivery, State.WAITING, words, pause=delivery.pause)
    counted = _("Given up after %(attempts)s attempts.") % {"attempts": delivery.attempts}
    return Outcome(delivery, State.FAILED, f"{counted} {words}")


def _leave_alone(destination: MetadataDestination, failure: StoreUnreachable, *, now: datetime) -> None:
    """Nothing goes there for a while; what it has not taken for a day, while it could not be reached, is parked."""
    pause = DeliveryPause.objects.begin(destination, now=now, reason=str(failure), after=failure.after)
    logger.warning("Destination %s cannot be reached; %s failures in a row", destination.pk, pause.failures)
    if now - pause.since < DEAD_AFTER:
        return
    overdue = FileDelivery.objects.unfinished().filter(
        destination=destination, holder=None, due_at__lte=now - DEAD_AFTER
    )
    words = _("It could not be reached for a day.") + f" {failure}"
    parked: dict[str, Any] = {"state": State.FAILED, "finished_at": now, "held_until": None, "reason": words[:500]}
    overdue.order_by().update(**parked)
