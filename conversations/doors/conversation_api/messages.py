"""Messages of a thread: from the customer, to the customer, and how far those got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.addresses import ADDRESS_DOMAIN
from channels_cfg.key_names import BadKeyName, check_key_name
from channels_cfg.messaging.messaging_channels import ADDRESS_OF_WIRE
from channels_cfg.models import Channel, MessagingService, Queue, Source
from conversations import lifecycle
from conversations.attached_data.late import attach_said
from conversations.attached_data.settings import settings_of
from conversations.attached_data.write_result import WriteResult
from conversations.attachments.fetch import ask_for_media
from conversations.doors import references
from conversations.doors.conversation_api import contacts, payloads, threads
from conversations.doors.conversation_api.callback import APPLIED, IGNORED, Callback
from conversations.doors.queue_addresses import WrongKind, queue_with_address
from conversations.models import (
    Conversation,
    CustomerTyping,
    DeliveryStatus,
    ExternalReference,
    InboundDelivery,
    Message,
)
from conversations.pairs import Pairs, RefusedPairs, check_value
from conversations.replies import ours
from conversations.replies.write import answer_turned_away

NAMED_IN_A_NOTE = 5

STATUS_RANKS = {"QUEUED_ON_CHANNEL": 1, "SWITCHING_CHANNEL": 2, "DELIVERED": 3, "FAILED": 4, "READ": 5}
"""How far a message got. One that was read arrived, whatever another channel reported."""


# From the customer


@dataclass(frozen=True)
class Inbound:
    """A message as a callback tells it."""

    data: dict[str, Any]
    external_id: str
    thread_id: str
    contact_id: str
    channel: str
    address: str
    sent_at: datetime
    rank: list[Any]

    @classmethod
    def read(cls, callback: Callback) -> Inbound:
        data = callback.news
        sent_at = callback.happened_at(payloads.moment(data, "accept_time"))
        digest = payloads.digest_of([data, callback.data.get("message_metadata")])
        external_id = payloads.external_id(data, "id") or f"digest:{digest[:40]}"
        contact_id = payloads.external_id(data, "contact_id")
        channel = payloads.name(data, "channel_identity", "channel", longest=30) or payloads.name(
            data, "channel", longest=30
        )
        address = payloads.text(data, "channel_identity", "identity")[:320]
        return cls(
            data=data,
            external_id=external_id,
            thread_id=payloads.external_id(data, "conversation_id")
            or _thread_without_conversation(callback, channel, address, contact_id, external_id),
            contact_id=contact_id,
            channel=channel,
            address=address,
            sent_at=sent_at,
            rank=[int(callback.key == "message_redaction"), sent_at.isoformat(), digest],
        )


def _thread_without_conversation(
    callback: Callback, channel: str, address: str, contact_id: str, message_id: str
) -> str:
    """Dispatch mode knows no conversations: what one contact, or one address, writes over a channel is one thread."""
    if contact_id:
        callback.note(_("It names no conversation; messages of its contact are one thread."))
        return f"contact:{contact_id}"
    if address:
        callback.note(_("It names no conversation; messages from its address are one thread."))
        return f"address:{payloads.digest_of([callback.app_id, channel, address])[:40]}"
    callback.note(_("It names neither conversation, contact nor address; it is a thread of its own."))
    return f"message:{message_id}"


def inbound(callback: Callback) -> InboundDelivery.State:
    """The customer wrote. The message joins its conversation, or begins one."""
    if not callback.news:
        callback.note(_("It holds no message."))
        return IGNORED
    message = Inbound.read(callback)
    if callback.app_id != callback.service.app_id:
        callback.note(_("It names an app that is not the messaging service's own."))

    thread = threads.hold_thread(callback.service, message.thread_id, contact_id=message.contact_id)
    known = Message.objects.filter(reference=thread, external_id=message.external_id).first()
    if known and known.rank == message.rank:
        callback.note(_("The same message was here before."))
        return APPLIED

    conversation, is_first = references.conversation_of(
        thread,
        message.sent_at,
        known_in=known.conversation_id if known else None,
        queue=queue_for(callback, message),
        begin=partial(_begin, callback.service, thread),
        messaging_channel=message.channel,
        customer_address=message.address,
    )
    _store(message, known, conversation, thread)
    _attach(callback, conversation, message, is_news=known is None)
    if is_first:
        answer_turned_away(conversation, now=timezone.now())
        references.end_if_told(thread, conversation)
    return APPLIED


def _begin(service: MessagingService, thread: ExternalReference, **facts: Any) -> Conversation:
    contacts.hold_still(service)
    return lifecycle.receive(customer_name=contacts.name_of(service, thread.contact_external_id), **facts)


def queue_for(callback: Callback, message: Inbound) -> Queue:
    """The queue with the address ``<APP_ID>@<channel>.sinchconversation.com``, else the service's own."""
    channel = ADDRESS_OF_WIRE.get(message.channel, message.channel.lower())
    address = f"{callback.app_id}@{channel}.{ADDRESS_DOMAIN}"
    try:
        found = queue_with_address(address, kind=Channel.Kind.CHAT)
    except WrongKind:
        callback.note(_("The queue with its address is no chat queue; the messaging service's own took it."))
        found = None
    return found or callback.service.queue


def _store(message: Inbound, known: Message | None, conversation: Conversation, thread: ExternalReference) -> None:
    """Of several versions of a message the one of the greatest rank is shown: a redaction beats what it redacts."""
    if known and known.rank > message.rank:
        return
    content = _content(payloads.part(message.data, "contact_message"), thread, message.sent_at)
    stored = Message(
        pk=known.pk if known else None,
        reference=thread,
        external_id=message.external_id,
        conversation=conversation,
        author=Message.Author.CUSTOMER,
        messaging_channel=message.channel,
        content_type=content.content_type,
        text=content.text,
        content=content.parts,
        reply_to=payloads.external_id(message.data, "contact_message", "reply_to", "message_id"),
        sent_at=message.sent_at,
        rank=message.rank,
    )
    stored.save()
    CustomerTyping.objects.note(thread, until=None)
    ask_for_media(stored, content.media_url, now=timezone.now())


def _content(message: dict[str, Any], thread: ExternalReference, at: datetime) -> payloads.Content:
    """What is stored of the message; what its kind is, where the data of that time is destroyed already."""
    content = payloads.content_of(message)
    return content.erased() if threads.is_erased(thread, at) else content


# Its metadata


def _pairs(callback: Callback, message: Inbound, conversation: Conversation) -> Pairs:
    """The good pairs of ``message_metadata`` and, before them, ``metadata``; of the others the log tells why."""
    longest = settings_of(conversation).value_characters
    pairs: Pairs = {}
    for field, metadata in (
        ("message_metadata", callback.data.get("message_metadata")),
        ("metadata", message.data.get("metadata")),
    ):
        if ours.is_mark(metadata):  # an answer to a message of ours brings back what that carried
            continue
        try:
            pairs |= _good_pairs(callback, field, payloads.pairs_of(metadata), longest=longest)
        except payloads.NotPairs as reason:
            callback.note(
                _("%(field)s %(reason)s; it was kept out of the attached data.") % {"field": field, "reason": reason}
            )
    return pairs


def _good_pairs(callback: Callback, field: str, pairs: Pairs, *, longest: int) -> Pairs:
    good: Pairs = {}
    for item, (sent, value) in enumerate(pairs.items(), start=1):
        where = _("%(field)s, item %(item)s") % {"field": field, "item": item}
        try:
            key = check_key_name(sent)
            where = f"{where}, “{key}”"
            if key in good:
                callback.note(_("%(where)s: It is there in two spellings; the last counts.") % {"where": where})
            good[key] = check_value(value, longest=longest)
        except BadKeyName as bad:
            callback.note(
                _("%(where)s, position %(position)s: %(complaint)s It was left out.")
                % {"where": where, "position": bad.position, "complaint": bad.messages[0]}
            )
        except ValidationError as bad:
            callback.note(
                _("%(where)s: %(complaint)s It was left out.") % {"where": where, "complaint": bad.messages[0]}
            )
    return good


def _attach(callback: Callback, conversation: Conversation, message: Inbound, *, is_news: bool) -> None:
    pairs = _pairs(callback, message, conversation)
    at, message_id = message.sent_at, message.external_id
    attach = partial(attach_said, conversation, source=Source.CUSTOMER, at=at, message_id=message_id)
    keys = _by_the_catalogue(callback, pairs, attach)
    if conversation.is_active:
        return
    if is_news and conversation.accepted_at:
        callback.note(_("It came after its conversation had ended."))
    lifecycle.spoke_late(conversation, message_id, keys, at=at, is_news=is_news, now=callback.received_at)


def _by_the_catalogue(callback: Callback, pairs: Pairs, attach: Callable[[Pairs], dict[str, WriteResult]]) -> list[str]:
    """Attach the pairs without those that are refused, and log why; the keys that were judged."""
    if not pairs:
        return []
    try:
        results = attach(pairs)
    except RefusedPairs as refused:
        for complaint, keys in _by_complaint(refused).items():
            callback.note(
                _("%(keys)s: %(complaint)s It was left out.") % {"keys": _named(keys), "complaint": complaint}
            )
        return _by_the_catalogue(
            callback, {key: value for key, value in pairs.items() if key not in refused.complaints}, attach
        )
    for sent, result in results.items():
        if not result.key:
            callback.note(_("“%(key)s”: %(reason)s It was left out.") % {"key": sent, "reason": result.reason})
    return sorted({result.key for result in results.values() if result.key})


def _named(keys: list[str]) -> str:
    more = len(keys) - NAMED_IN_A_NOTE
    named = ", ".join(f"“{key}”" for key in keys[:NAMED_IN_A_NOTE])
    return _("%(keys)s and %(count)d more") % {"keys": named, "count": more} if more > 0 else named


def _by_complaint(refused: RefusedPairs) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for key, complaint in refused.complaints.items():
        keys.setdefault(complaint, []).append(key)
    return keys


# To the customer


def submitted(callback: Callback) -> InboundDelivery.State:
    """A message was handed to the channel: one of ours, or of another system of the app. That of another joins its
    conversation; it never begins one.

    Where the customer has not written yet, it waits for the conversation that begins with the answer.
    """
    told = callback.news
    external_id = payloads.external_id(told, "message_id")
    channel = payloads.name(told, "channel_identity", "channel", longest=30)
    if external_id and ours.told_of(told.get("metadata"), external_id, channel=channel):
        return APPLIED
    thread_id = payloads.external_id(told, "conversation_id")
    callback.note_ignored_metadata(told.get("metadata"))
    if not external_id or not thread_id:
        callback.note(_("It names no message or no conversation."))
        return IGNORED

    thread = threads.hold_thread(callback.service, thread_id, contact_id=payloads.external_id(told, "contact_id"))
    at = callback.happened_at()
    known = Message.objects.filter(reference=thread, external_id=external_id).first()
    rank = [0, at.isoformat(), payloads.digest_of(told)]
    if known and (known.author == Message.Author.AGENT or known.rank >= rank):
        return APPLIED
    content = _content(payloads.part(told, "submitted_message"), thread, at)
    stored = Message(
        pk=known.pk if known else None,
        reference=thread,
        external_id=external_id,
        conversation=references.conversation_at(thread, at),
        author=Message.Author.SYSTEM,
        messaging_channel=channel,
        content_type=content.content_type,
        text=content.text,
        content=content.parts,
        sent_at=at,
        rank=rank,
    )
    stored.save()
    ask_for_media(stored, content.media_url, now=timezone.now())
    return APPLIED


def delivered(callback: Callback) -> InboundDelivery.State:
    """How far a message to the customer got. Reports come in any order; the furthest counts."""
    report = callback.news
    external_id = payloads.external_id(report, "message_id")
    status = payloads.name(report, "status", longest=40)
    callback.note_ignored_metadata(report.get("metadata"))
    if not external_id or not status:
        callback.note(_("It names no message or no status."))
        return IGNORED
    ours.told_of(report.get("metadata"), external_id)

    told = DeliveryStatus(
        service=callback.service,
        message_external_id=external_id,
        status=status,
        rank=STATUS_RANKS.get(status, 0),
        reason_code=payloads.name(report, "reason", "code"),
        at=callback.happened_at(),
    )
    DeliveryStatus.objects.bulk_create([told], ignore_conflicts=True)
    known = DeliveryStatus.objects.select_for_update().get(service=callback.service, message_external_id=external_id)
    if _distance(told) > _distance(known):
        told.pk = known.pk
        told.save(force_update=True)
    return APPLIED


def _distance(report: DeliveryStatus) -> tuple[int, float, str, str]:
    """Orders reports of one message; of the same status the first counts."""
    return report.rank, -report.at.timestamp(), report.status, report.reason_code
