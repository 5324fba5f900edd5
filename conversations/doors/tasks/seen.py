"""Tasks as other systems see them: those that were applied, and those that were accepted a moment ago."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Case, CharField, F, IntegerField, Q, QuerySet, Value, When

from channels_cfg.models import Queue, Right, User
from conversations.models import ACTIVE_STATES, TASKS, Conversation, InboundDelivery, State, Task
from conversations.models.inbound_delivery import NOT_APPLIED

FACTS = ("task_id", "type", "in_queue", "queue_name", "responsible", "status", "row_version", "received")
"""Of a task, in the order in which both kinds of rows have them."""

OPEN, HANDLED, ABANDONED = STATUSES = ("Open", "Handled", "Abandoned")
_AT_WORK = [*ACTIVE_STATES, State.WRAP_UP]
_BY_RIGHTS = (Right.SERVE, Right.MANAGE_CONTACTS)


def _words(of: str) -> Value:
    return Value(of, output_field=CharField())


def _applied(user: User) -> QuerySet[Any]:
    serve, manage = (Conversation.objects.granting(right, to=user) for right in _BY_RIGHTS)
    return Task.objects.filter(conversation__in=(serve | manage).order_by()).annotate(
        task_id=F("conversation_id"),
        type=F("kind"),
        in_queue=F("conversation__queue_id"),
        queue_name=F("conversation__queue__name"),
        responsible=F("conversation__agent__username"),
        status=Case(
            When(conversation__state__in=_AT_WORK, then=_words(OPEN)),
            When(conversation__state=State.HANDLED, then=_words(HANDLED)),
            default=_words(ABANDONED),
        ),
        row_version=F("conversation__version"),
        received=F("conversation__received_at"),
    )


def _accepted(queues: Collection[int]) -> QuerySet[Any]:
    """Not applied yet, or given up: then nobody serves it."""
    return InboundDelivery.objects.filter(NOT_APPLIED, queue__in=queues, door=TASKS).annotate(
        task_id=F("conversation_id"),
        type=F("trigger"),
        in_queue=F("queue_id"),
        queue_name=F("queue__name"),
        responsible=Value(None, output_field=CharField()),
        status=Case(When(state=InboundDelivery.State.FAILED, then=_words(ABANDONED)), default=_words(OPEN)),
        row_version=Value(1, output_field=IntegerField()),
        received=F("received_at"),
    )


def tasks_of(user: User, wanted: Q, *, sort: str, end: int) -> QuerySet[Any]:
    """The first ``end`` tasks in the queues where the user serves or manages contacts, as tuples of ``FACTS``.

    ``wanted`` asks about facts; ``sort`` is one, with - before it descending. In one statement, so that one which is
    applied meanwhile is neither there twice nor missing.
    """
    order = (sort, "-received", "-task_id")

    def first(found: QuerySet[Any]) -> QuerySet[Any]:
        return found.filter(wanted).order_by(*order).values_list(*FACTS)[:end]

    serve, manage = (Queue.objects.granting(right, to=user).values_list("pk", flat=True) for right in _BY_RIGHTS)
    if not (queues := {*serve, *manage}):  # Django cannot put what is empty beside another
        return first(_applied(user))
    return first(_applied(user)).union(first(_accepted(queues)), all=True).order_by(*order)


def told_of(pk: uuid.UUID) -> dict[str, str]:
    """What the sender told of a task: ``subject``, ``customer_address``, ``to_address``; empty of one given up."""
    accepted = InboundDelivery.objects.filter(NOT_APPLIED, conversation_id=pk).first()
    if accepted is None:
        task = Task.objects.select_related("conversation").get(pk=pk)
        whole: dict[str, Any] = {
            "subject": task.conversation.subject,
            "customer_address": task.conversation.customer_address,
            "to_address": task.to_address,
        }
    else:
        whole = json.loads(bytes(accepted.body or b"{}"))
    return {name: whole.get(name, "") for name in ("subject", "customer_address", "to_address")}
