"""What a visitor does: begins a chat, writes, types, reads, leaves."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from channels_cfg.models import WEB_CHAT, Channel, Queue, Source
from channels_cfg.models.web_chat import VISITOR_EMAIL, VISITOR_NAME
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.doors import references
from conversations.doors.queue_addresses import WrongKind, queue_with_address
from conversations.doors.web_chat import limits
from conversations.doors.web_chat.form import check_answered
from conversations.doors.web_chat.tokens import DOOR_NAME, digest_of
from conversations.idempotency import digest_of as digest_of_request
from conversations.lifecycle.admission import refusal
from conversations.models import TYPING_LASTS, Conversation, LiveDatum, Message, VisitorPresence
from conversations.replies.write import answer_turned_away

LONGEST_MESSAGE = 4000
_CALLED_BY = {VISITOR_NAME: "customer_name", VISITOR_EMAIL: "customer_address"}
"""Which attached data says how the visitor is called."""


class NoChatHere(Exception):
    """No queue has the address, or its channel does not allow the page's origin: the two are told alike."""


class SetAfterStart(Exception):
    """Attached data is set before a web chat starts (rule 8)."""

    def __init__(self) -> None:
        super().__init__(
            _("Attached data, name and e-mail address are set before the chat starts. It has started; nothing changed.")
        )


class ChatOver(Exception):
    """The chat has ended."""

    def __init__(self) -> None:
        super().__init__(_("The chat has ended."))


class OtherWords(Exception):
    """A message of this id was here before, with another text."""

    def __init__(self) -> None:
        super().__init__(
            _("A message of this id was sent before, with another text. Give each message an id of its own.")
        )


@dataclass(frozen=True)
class Beginning:
    """What a chat begins with. ``data`` are the pairs, with the visitor's name and e-mail address among them."""

    addresses: list[str]
    data: Mapping[str, Any]
    origin: str
    address_digest: str

    @property
    def digest(self) -> str:
        return digest_of_request([self.addresses, self.data])


@transaction.atomic
def start(token: str, beginning: Beginning, *, now: datetime) -> tuple[Conversation, bool]:
    """The chat of this token, and whether it begins just now. The first queue that takes it has it.

    Told again it is the same chat. Raises ``BadToken``, ``NoChatHere``, ``TooMany``, ``SetAfterStart`` where a chat
    that has started would begin with something else, and ``ValidationError`` by key; then nothing has changed.
    """
    reference = references.hold(DOOR_NAME, digest_of(token))
    known = Conversation.objects.with_places().select_related("visitor").filter(reference=reference).first()
    if known:
        _check_origin(known.channel, beginning.origin)
        if known.visitor.start_digest != beginning.digest:
            raise SetAfterStart
        return known, False
    queues = list(_queues(beginning))
    if not queues:
        raise NoChatHere
    limits.check_start(beginning.address_digest, beginning.origin, now=now)
    queue = next((queue for queue in queues if not refusal(queue, at=now)), queues[0])
    check_answered(queue.channel, beginning.data)
    conversation = lifecycle.receive(channel=queue.channel, now=now, reference=reference, messaging_channel=WEB_CHAT)
    VisitorPresence.objects.create(
        conversation=conversation,
        start_digest=beginning.digest,
        address_digest=beginning.address_digest,
        origin=beginning.origin,
        started_at=now,
        seen_at=now,
    )
    _attach(lifecycle.locked(conversation.pk), queue, beginning.data, at=now)
    conversation = lifecycle.enqueue(conversation.pk, queue=queue, now=now)
    answer_turned_away(conversation, now=now)
    return conversation, True


def _queues(beginning: Beginning) -> Iterable[Queue]:
    """Those that have the addresses, and whose channel lets the page open a chat."""
    for address in dict.fromkeys(beginning.addresses):
        queue = queue_of(address)
        if queue and beginning.origin in queue.channel.allowed_origins:
            yield queue


def queue_of(address: str) -> Queue | None:
    try:
        return queue_with_address(address, kind=Channel.Kind.CHAT)
    except WrongKind:
        return None


def _check_origin(channel: Channel, origin: str) -> None:
    if origin not in channel.allowed_origins:
        raise NoChatHere


def _attach(conversation: Conversation, queue: Queue, data: Mapping[str, Any], *, at: datetime) -> None:
    """Attach the pairs; by name and address among them, as the catalogue writes them, the visitor is called."""
    conversation.queue = queue  # whose settings count
    results = attach_data(conversation, data, source=Source.CUSTOMER, at=at) if data else {}
    attached = dict(LiveDatum.objects.filter(conversation=conversation).values_list("key", "value"))
    called = {
        field: str(value)[:200]
        for sent, field in _CALLED_BY.items()
        if (result := results.get(sent)) and (value := attached.get(result.key))
    }
    if called:
        Conversation.objects.filter(pk=conversation.pk).update(**called)


@transaction.atomic
def say(conversation_id: uuid.UUID, *, message_id: str, text: str, now: datetime) -> tuple[Message, bool]:
    """The visitor wrote; whether it is news. ``message_id`` is the page's own: sent again, the message is here once.

    Raises ``ChatOver``, ``TooMany``, ``OtherWords``.
    """
    conversation = lifecycle.locked(conversation_id)
    known = Message.objects.filter(reference=conversation.reference_id, external_id=message_id).first()
    if known:
        if known.text != text:
            raise OtherWords
        return known, False
    if not conversation.is_active:
        raise ChatOver
    limits.check_message(conversation, now=now)
    message = Message.objects.create(
        conversation=conversation,
        reference_id=conversation.reference_id,
        external_id=message_id,
        author=Message.Author.CUSTOMER,
        messaging_channel=WEB_CHAT,
        text=text,
        sent_at=now,
    )
    types(conversation.pk, is_typing=False, now=now)
    return message, True


def types(conversation_id: uuid.UUID, *, is_typing: bool, now: datetime) -> None:
    """The visitor is typing, for a while or until it says otherwise."""
    until = now + TYPING_LASTS if is_typing else None
    VisitorPresence.objects.types(conversation_id, field="visitor_typing_until", until=until)


def reads(conversation_id: uuid.UUID, *, message_id: int) -> None:
    """What is written up to this message was on the visitor's screen."""
    written = Message.objects.filter(conversation=conversation_id, pk__lte=message_id)
    last = written.exclude(author=Message.Author.CUSTOMER).order_by("-pk").values_list("pk", flat=True).first()
    VisitorPresence.objects.filter(pk=conversation_id, read_to__lt=last or 0).update(read_to=last)


def leave(conversation_id: uuid.UUID, *, now: datetime) -> Conversation:
    """The visitor leaves: the chat ends. Left again, nothing changes."""
    return lifecycle.end(conversation_id, now=now, ended_by=Conversation.Party.CUSTOMER)
