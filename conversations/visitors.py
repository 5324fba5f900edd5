"""Visitors of web chats who are gone, and what is remembered of where they came from."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from conversations import lifecycle
from conversations.models import Conversation, VisitorPresence

ADDRESS_REMEMBERED = timedelta(hours=1)
BATCH = 1000


def end_chats_of_gone(*, now: datetime) -> None:
    """End the chats whose page has been silent for as long as their channel waits."""
    gone = VisitorPresence.objects.gone(now=now)
    for conversation_id in list(gone.order_by("seen_at").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            lifecycle.locked(conversation_id)
            if gone.filter(pk=conversation_id).exists():  # it may have come back while we waited
                lifecycle.end(conversation_id, now=now, ended_by=Conversation.Party.CUSTOMER)


def forget_addresses(*, now: datetime) -> None:
    """Of chats that are over, once nobody counts them any more."""
    long_ago = VisitorPresence.objects.filter(started_at__lt=now - ADDRESS_REMEMBERED).exclude(address_digest="")
    long_ago.exclude(pk__in=long_ago.of_open_chats().values("pk")).update(address_digest="")
