"""How far messages to the customer got, for readers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.models import WEB_CHAT
from conversations.models import DeliveryStatus, Message, OutboundMessage, SendingPause, VisitorPresence


class State(TextChoices):
    WAITING = "waiting", gettext_lazy("Waiting")
    SENT = "sent", gettext_lazy("Sent")
    DELIVERED = "delivered", gettext_lazy("Delivered")
    READ = "read", gettext_lazy("Read")
    FAILED = "failed", gettext_lazy("Failed")


_STATES = {"DELIVERED": State.DELIVERED, "READ": State.READ, "FAILED": State.FAILED}


@dataclass(frozen=True)
class Delivery:
    """How far a message got; ``why`` it waits, failed, or what else is to be known, in words without data."""

    state: State
    why: str = ""
    may_take_back: bool = False


def of(messages: Iterable[Message]) -> dict[int, Delivery]:
    """By the message's primary key, of messages of one conversation; none of those of which nothing is known. Two to
    four queries."""
    sent = {message.pk: message for message in messages if message.author != Message.Author.CUSTOMER}
    if not sent:
        return {}
    first = next(iter(sent.values()))
    if first.messaging_channel == WEB_CHAT:
        return _of_web_chat(sent, VisitorPresence.objects.filter(pk=first.conversation_id).first())
    now = timezone.now()
    jobs = OutboundMessage.objects.filter(message__in=sent).select_related("message__conversation")
    outbound = {job.message_id: job for job in jobs}
    statuses = DeliveryStatus.objects.of(sent.values())
    pause = _pause_of(outbound.values(), now=now)
    first_unfinished = min((pk for pk, job in outbound.items() if job.is_unfinished), default=None)
    found = {}
    for pk, message in sent.items():
        job, status = outbound.get(pk), statuses.get(message.external_id)
        if job and job.is_unfinished:
            found[pk] = _waiting(job, is_first=pk == first_unfinished, pause=pause, now=now)
        elif job and job.state == OutboundMessage.State.FAILED:
            found[pk] = Delivery(State.FAILED, job.reason)
        elif status:
            found[pk] = _reported(status)
        elif job:
            found[pk] = Delivery(State.SENT)
    return found


def _of_web_chat(sent: Iterable[int], visitor: VisitorPresence | None) -> dict[int, Delivery]:
    """The visitor's page says what it has got, and what was on the screen."""
    delivered_to, read_to = (visitor.delivered_to, visitor.read_to) if visitor else (0, 0)
    states = {pk: State.READ if pk <= read_to else State.DELIVERED if pk <= delivered_to else State.SENT for pk in sent}
    return {pk: Delivery(state) for pk, state in states.items()}


def _reported(status: DeliveryStatus) -> Delivery:
    state = _STATES.get(status.status, State.SENT)
    return Delivery(state, worded(status.reason_code) if state == State.FAILED else "")


def _pause_of(jobs: Iterable[OutboundMessage], *, now: datetime) -> SendingPause | None:
    """In which those that are unfinished wait; they are of one thread."""
    reference = next((job.reference_id for job in jobs if job.is_unfinished), None)
    if reference is None:
        return None
    return SendingPause.objects.lasting(now=now).filter(service__references=reference).first()


def _waiting(job: OutboundMessage, *, is_first: bool, pause: SendingPause | None, now: datetime) -> Delivery:
    if job.posting_since:
        return Delivery(State.WAITING, _("It is being sent."))
    if not is_first:
        return Delivery(State.WAITING, _("It waits for the message before it."), may_take_back=True)
    why = job.reason or (pause.reason if pause else "")
    if job.message.conversation and job.message.conversation.ended_at:
        why = " ".join(filter(None, [why, _("It goes out although the conversation has ended.")]))
    tries = [job.held_until] if job.holder is None and job.held_until else []
    next_try = max([*tries, *([pause.until] if pause else [])], default=now)
    if next_try > now:
        seconds = math.ceil((next_try - now).total_seconds())
        tried = ngettext("Next try in %(seconds)d second.", "Next try in %(seconds)d seconds.", seconds)
        why = f"{why} {tried % {'seconds': seconds}}".strip()
    return Delivery(State.WAITING, why, may_take_back=True)


def worded(code: str) -> str:
    """``RECIPIENT_NOT_REACHABLE`` as ``Recipient not reachable``."""
    return code.replace("_", " ").capitalize()
