"""Calls of which nothing is heard any more: their telephone system has died."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Value

from conversations.lifecycle.changes import locked
from conversations.lifecycle.ending import end
from conversations.models import Conversation, Event
from conversations.models.conversation import ConversationQuerySet


def silent_calls(*, now: datetime) -> ConversationQuerySet:
    """Calls that a telephone system told of, and of which nothing was heard for as long as their channel gives."""
    patience = ExpressionWrapper(
        F("channel__silent_call_minutes") * Value(timedelta(minutes=1)), output_field=DurationField()
    )
    since = ExpressionWrapper(Value(now, DateTimeField()) - patience, output_field=DateTimeField())
    told = Event.objects.filter(conversation=OuterRef("pk"), at__gt=OuterRef("since"))
    called = Conversation.objects.active().filter(reference__heard_at__isnull=False)
    with_patience = called.filter(channel__silent_call_minutes__isnull=False).alias(since=since)
    return with_patience.filter(~Exists(told), reference__heard_at__lte=F("since"))


@transaction.atomic
def end_if_silent(conversation_id: uuid.UUID, *, now: datetime) -> bool:
    """End the call by the system, unless something was heard of it meanwhile; whether it ended."""
    locked(conversation_id)
    if not silent_calls(now=now).filter(pk=conversation_id).exists():
        return False
    end(conversation_id, now=now)
    return True
