"""Whether a queue takes a conversation: it may be closed, or full."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels_cfg.models import Queue
from conversations.lifecycle.changes import WrongState
from conversations.models import Conversation, InboundDelivery, State
from conversations.models.inbound_delivery import NOT_APPLIED

FULL, CLOSED = "queue_full", "queue_closed"


class QueueRefuses(WrongState):
    """The queue is closed or full: an agent who wanted to transfer it there keeps it."""

    def __init__(self, conversation: Conversation, queue: Queue, why: str, *, at: datetime) -> None:
        super().__init__(conversation, State.ACCEPTED)
        self.args = (in_words(queue, why, at=at),)


def refusal(queue: Queue, *, at: datetime) -> str:
    """Why the queue takes nothing more at this time: ``queue_closed``, ``queue_full``, or empty. A queue with a size is
    held until the transaction ends, so that two do not take the last place; tasks that were accepted and are not
    applied yet have theirs."""
    if queue.opening_hours and not queue.opening_hours.is_open(at):
        return CLOSED
    if queue.size is None:
        return ""
    Queue.objects.select_for_update(no_key=True).only("pk").get(pk=queue.pk)
    waiting = Conversation.objects.waiting().filter(queue=queue).order_by().values_list("pk")
    accepted = InboundDelivery.objects.unfinished().filter(NOT_APPLIED, queue=queue).order_by()
    both = waiting[: queue.size].union(accepted.values_list("conversation_id")[: queue.size], all=True)
    return FULL if len(both) >= queue.size else ""


def why_turned_away(queue: Queue, *, at: datetime) -> str:
    """Why the queue takes nothing more at this time, in words; empty where it does."""
    why = refusal(queue, at=at)
    return in_words(queue, why, at=at) if why else ""


def in_words(queue: Queue, why: str, *, at: datetime) -> str:
    """For an agent."""
    if why == FULL:
        return _("Queue %(queue)s is full.") % {"queue": queue}
    opens = _opening(queue, at=at)
    if not opens:
        return _("Queue %(queue)s is closed.") % {"queue": queue}
    return _("Queue %(queue)s is closed until %(opens)s.") % {"queue": queue, "opens": opens}


def answer(queue: Queue, why: str, *, at: datetime) -> str:
    """For the customer, in the channel's words; empty where it has none."""
    if why == FULL:
        return queue.channel.queue_full_text
    return queue.channel.closed_text.replace("{opens}", _opening(queue, at=at) or "—")


def _opening(queue: Queue, *, at: datetime) -> str:
    opens = queue.opening_hours.next_opening(at) if queue.opening_hours else None
    return date_format(opens, "DATETIME_FORMAT") if opens else ""
