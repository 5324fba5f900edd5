"""Giving a repeated request the answer it had before."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from channels_cfg.models import User
from conversations.models import IdempotentAnswer

REMEMBERED_FOR = timedelta(hours=24)

Answer = tuple[dict[str, Any], str]
"""What is answered, and its etag."""


class KeyReused(Exception):
    """The key came with another request before."""


@transaction.atomic
def once(
    *, user: User, key: str, request: Any, conversation: uuid.UUID, now: datetime, act: Callable[[], Answer]
) -> Answer:
    """Act and return the answer, or repeat the answer that the same request with the same key had. Both in one
    transaction. ``act`` may make the conversation. Raises ``KeyReused``, and what ``act`` raises."""
    digest = digest_of(request)
    if earlier := earlier_answer(user=user, key=key, request_digest=digest, now=now):
        return earlier.answer, earlier.etag
    answer, etag = act()
    IdempotentAnswer.objects.update_or_create(
        user=user,
        key=key,
        defaults={
            "request_digest": digest,
            "conversation_id": conversation,
            "answer": answer,
            "etag": etag,
            "answered_at": now,
        },
    )
    return answer, etag


def digest_of(request: Any) -> str:
    """What is stored of a request, to know it again; keyed, since it holds customer data."""
    return salted_hmac("conversations.idempotency", json.dumps(request, sort_keys=True), algorithm="sha256").hexdigest()


def earlier_answer(*, user: User, key: str, request_digest: str, now: datetime) -> IdempotentAnswer | None:
    """The answer this request had, if any. Twins of the request wait here until the transaction ends.

    Raises ``KeyReused``.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [key, user.pk])
    fresh = IdempotentAnswer.objects.filter(answered_at__gt=now - REMEMBERED_FOR)
    answer = fresh.filter(user=user, key=key).first()
    if answer and answer.request_digest != request_digest:
        raise KeyReused
    return answer
