"""Threads: the Conversation API's conversations, and which of ours a piece of news belongs to.

News of one thread is applied by one worker at a time, in whatever order it comes. It belongs to the first of the
thread's conversations that had not ended by then, so that the order of arrival never decides.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q
from django.utils.translation import gettext as _

from channels_cfg.models import MessagingService
from conversations import lifecycle
from conversations.doors.conversation_api import contacts, payloads
from conversations.doors.conversation_api.callback import APPLIED, IGNORED, Callback
from conversations.models import Conversation, InboundDelivery, Message, MessagingThread


def hold_thread(service: MessagingService, external_id: str, *, contact_id: str = "") -> MessagingThread:
    """The thread, known from now on, and locked until the transaction ends.

    Of several contacts that senders name for it the greatest id counts; ids grow with time.
    """
    MessagingThread.objects.bulk_create(
        [MessagingThread(service=service, external_id=external_id, contact_external_id=contact_id)],
        ignore_conflicts=True,
    )
    thread = MessagingThread.objects.select_for_update().get(service=service, external_id=external_id)
    thread.service = service
    if contact_id > thread.contact_external_id:
        thread.contact_external_id = contact_id
        thread.save(update_fields=["contact_external_id"])
        contacts.hold_still(service)
        contacts.call_conversations(Conversation.objects.filter(thread=thread), contacts.name_of(service, contact_id))
    return thread


def conversation_at(thread: MessagingThread, at: datetime) -> Conversation | None:
    """The thread's conversation that something at this time belongs to, locked; None where all had ended by then."""
    not_ended = Conversation.objects.filter(thread=thread).filter(Q(ended_at=None) | Q(ended_at__gte=at))
    for conversation_id in not_ended.order_by("received_at", "ended_at").values_list("pk", flat=True):
        conversation = lifecycle.locked(conversation_id)
        if conversation.ended_at is None or conversation.ended_at >= at:  # it may have ended while we waited
            return conversation
    return None


def end_of(thread: MessagingThread, *, after: datetime) -> datetime | None:
    """When the thread was stopped or deleted, if that was not before ``after``."""
    ends = [end for end in (thread.stopped_at, thread.deleted_at) if end and end >= after]
    return min(ends, default=None)


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
    _end(thread, at=callback.happened_at())
    return APPLIED


def delete(callback: Callback) -> InboundDelivery.State:
    """The thread is over, and what was said in it is erased, also where it has yet to arrive."""
    thread = _thread_in(callback)
    if thread is None:
        return IGNORED
    at = callback.happened_at()
    thread.deleted_at = max(thread.deleted_at or at, at)
    thread.save(update_fields=["deleted_at"])
    _end(thread, at=at)
    Message.objects.filter(thread=thread, sent_at__lte=at).update(text="", content={})
    return APPLIED


def _thread_in(callback: Callback) -> MessagingThread | None:
    told = payloads.part(callback.news, "conversation")
    external_id = payloads.external_id(told, "id")
    callback.note_ignored_metadata(told.get("metadata"), told.get("metadata_json"))
    if not external_id:
        callback.note(_("It names no conversation."))
        return None
    return hold_thread(callback.service, external_id, contact_id=payloads.external_id(told, "contact_id"))


def _end(thread: MessagingThread, *, at: datetime) -> None:
    thread.stopped_at = min(thread.stopped_at or at, at)
    thread.save(update_fields=["stopped_at"])
    for conversation in Conversation.objects.filter(thread=thread, received_at__lte=at):
        if conversation.is_active:
            lifecycle.end(conversation.pk, now=at, ended_by=Conversation.Party.CUSTOMER)
        else:
            lifecycle.ended_earlier(conversation.pk, at=at)
    # What was sent to the customer after the end waits for the next conversation, as if it had come in order.
    Message.objects.filter(thread=thread, author=Message.Author.SYSTEM, conversation__ended_at__lt=F("sent_at")).update(
        conversation=None
    )
