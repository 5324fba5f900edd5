"""What conversations are called outside, and which of ours a piece of news belongs to.

News about one reference is applied by one worker at a time, in whatever order it comes. It belongs to the first of the
reference's conversations that had not ended by then, unless that began after an end that was told in between. So the
order of arrival does not decide, but for one case: an end that is told only after what the customer said later ends the
conversation that holds both.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db.models import F, Q

from channels_cfg.models import MessagingService, Queue
from conversations import lifecycle
from conversations.contacts.late import recognise_again
from conversations.models import Conversation, ExternalReference, Message


def hold(door: str, external_id: str, *, service: MessagingService | None = None) -> ExternalReference:
    """The reference, known from now on, and locked until the transaction ends."""
    name = {"door": door, "service": service, "external_id": external_id}
    ExternalReference.objects.bulk_create([ExternalReference(**name)], ignore_conflicts=True)
    held = (
        ExternalReference.objects.select_for_update().filter(door=door, service=service, external_id=external_id).get()
    )
    held.service = service
    return held


def conversation_at(reference: ExternalReference, at: datetime) -> Conversation | None:
    """The conversation that something at this time belongs to, locked; None where all had ended by then."""
    not_ended = Conversation.objects.filter(reference=reference).filter(Q(ended_at=None) | Q(ended_at__gte=at))
    if over_at := end_of(reference, after=at):
        not_ended = not_ended.filter(received_at__lte=over_at)
    for conversation_id in not_ended.order_by("received_at", "ended_at").values_list("pk", flat=True):
        conversation = lifecycle.locked(conversation_id)
        if conversation.ended_at is None or conversation.ended_at >= at:  # it may have ended while we waited
            return conversation
    return None


def conversation_of(
    reference: ExternalReference,
    at: datetime,
    *,
    queue: Queue,
    known_in: uuid.UUID | None = None,
    begin: Callable[..., Conversation] = lifecycle.receive,
    messaging_channel: str = "",
    customer_address: str = "",
) -> tuple[Conversation, bool]:
    """The conversation, locked, that what the customer did at this time belongs to, and whether it begins with it.

    What the customer did first decides queue, channel and address: of several things at one moment one with an address.
    ``known_in`` is the conversation that it is known to belong to, where it was told before in other words.
    ``begin`` registers a new conversation as ``lifecycle.receive`` does; it takes in what was sent to the customer
    before. ``end_if_told`` follows, once what the customer did is stored.
    """
    first = {"messaging_channel": messaging_channel, "customer_address": customer_address}
    conversation = lifecycle.locked(known_in) if known_in else conversation_at(reference, at)
    if conversation is None:
        over_at = end_of(reference, after=at)
        # One that is over leaves the reference to the one that is active, until it has ended.
        of_another = over_at and Conversation.objects.active().filter(reference=reference).exists()
        named = None if of_another else reference
        conversation = begin(channel=queue.channel, queue=queue, now=at, reference=named, **first)
        waiting = Message.objects.filter(reference=reference, conversation=None)
        (waiting.filter(sent_at__lte=over_at) if over_at else waiting).update(conversation=conversation)
        return lifecycle.locked(conversation.pk), True
    known = (conversation.received_at, conversation.messaging_channel, conversation.customer_address)
    if _in_order(at, messaging_channel, customer_address) < _in_order(*known):
        conversation = lifecycle.began_earlier(conversation.pk, at=at, queue=queue, **first)
        recognise_again(Conversation.objects.filter(pk=conversation.pk))
    return conversation, False


def _in_order(at: datetime, channel: str, address: str) -> tuple[datetime, bool, str, str]:
    return at, not address, channel, address


def end_if_told(reference: ExternalReference, conversation: Conversation) -> None:
    """End a conversation that has just begun, where the end of its reference had been told before it."""
    if over_at := end_of(reference, after=conversation.received_at):
        lifecycle.end(conversation.pk, now=over_at, ended_by=Conversation.Party.CUSTOMER)
        Conversation.objects.filter(pk=conversation.pk, reference=None).update(reference=reference)


def end_of(reference: ExternalReference, *, after: datetime) -> datetime | None:
    """When it was first told to be over at ``after`` or later."""
    return min((end for end in reference.ends if end >= after), default=None)


def end(reference: ExternalReference, *, at: datetime) -> None:
    """It was told to be over: its conversation ends. What was sent before that may still arrive."""
    reference.ends = sorted({*reference.ends, at})
    reference.save(update_fields=["ends"])
    for conversation in Conversation.objects.filter(reference=reference, received_at__lte=at):
        if conversation.is_active:
            lifecycle.end(conversation.pk, now=at, ended_by=Conversation.Party.CUSTOMER)
        else:
            lifecycle.ended_earlier(conversation.pk, at=at)
    # What was sent to the customer after the end waits for the next conversation, as if it had come in order.
    Message.objects.filter(
        reference=reference, author=Message.Author.SYSTEM, conversation__ended_at__lt=F("sent_at")
    ).update(conversation=None)
