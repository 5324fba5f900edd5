"""Threads: the Conversation API's conversations, each an external reference of ours."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg.models import MessagingService
from conversations.attachments.fetch import forget_media
from conversations.contacts.late import recognise_again
from conversations.doors import references
from conversations.doors.conversation_api import contacts, payloads
from conversations.doors.conversation_api.callback import APPLIED, DOOR_NAME, IGNORED, Callback
from conversations.models import Conversation, ExternalReference, InboundDelivery, Message, OutboundMessage
from conversations.sessions import erase_facts


def hold_thread(service: MessagingService, external_id: str, *, contact_id: str = "") -> ExternalReference:
    """The thread, known from now on, and locked until the transaction ends.

    Of several contacts that senders name for it the greatest id counts; ids grow with time.
    """
    thread = references.hold(DOOR_NAME, external_id, service=service)
    if contact_id > thread.contact_external_id:
        thread.contact_external_id = contact_id
        thread.save(update_fields=["contact_external_id"])
        conversations = Conversation.objects.filter(reference=thread)
        if conversations.exists():
            contacts.hold_still(service)
            contacts.call_conversations(conversations, contacts.name_of(service, contact_id))
            recognise_again(conversations)
    return thread


def is_erased(thread: ExternalReference, sent_at: datetime) -> bool:
    """Whether what was said then is to be forgotten."""
    return thread.deleted_at is not None and sent_at <= thread.deleted_at


# What the Conversation API tells about a thread itself


def start(callback: Callback) -> InboundDelivery.State:
    """A thread exists. A conversation of ours begins with its first message."""
    told = _thread_in(callback)
    return APPLIED if told else IGNORED


def stop(callback: Callback) -> InboundDelivery.State:
    """The thread is over: its conversation ends. Messages sent before that may still arrive."""
    thread = _thread_in(callback)
    if thread is None:
        return IGNORED
    references.end(thread, at=callback.happened_at())
    return APPLIED


def delete(callback: Callback) -> InboundDelivery.State:
    """The thread is over, and what was said in it is erased, also where it has yet to arrive."""
    thread = _thread_in(callback)
    if thread is None:
        return IGNORED
    at = callback.happened_at()
    thread.deleted_at = max(thread.deleted_at or at, at)
    thread.save(update_fields=["deleted_at"])
    references.end(thread, at=at)
    said = Message.objects.filter(reference=thread, sent_at__lte=at)
    forget_media(said, now=timezone.now())
    said.update(text="", content={})
    erase_facts(Conversation.objects.filter(reference=thread), now=callback.received_at)
    # Nothing is left to send of what still waited; what is being sent at this moment is told by the worker that has it.
    OutboundMessage.objects.unfinished().filter(message__in=said, posting_since=None).update(
        state=OutboundMessage.State.FAILED,
        finished_at=callback.received_at,
        holder=None,
        held_until=None,
        reason=_("Its conversation was erased before it was sent."),
    )
    return APPLIED


def _thread_in(callback: Callback) -> ExternalReference | None:
    told = payloads.part(callback.news, "conversation")
    external_id = payloads.external_id(told, "id")
    callback.note_ignored_metadata(told.get("metadata"), told.get("metadata_json"))
    if not external_id:
        callback.note(_("It names no conversation."))
        return None
    return hold_thread(callback.service, external_id, contact_id=payloads.external_id(told, "contact_id"))
