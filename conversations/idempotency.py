"""Giving a repeated request the answer it had before."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac

from channels_cfg.models import User
from conversations.models import Conversation, IdempotentAnswer

REMEMBERED_FOR = timedelta(hours=24)


class KeyReused(Exception):
    """The key came with another request before."""


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


def remember_answer(
    *,
    user: User,
    key: str,
    request_digest: str,
    conversation: Conversation,
    answer: dict[str, Any],
    etag: str,
    now: datetime,
) -> None:
    IdempotentAnswer.objects.update_or_create(
        user=user,
        key=key,
        defaults={
            "request_digest": request_digest,
            "conversation": conversation,
            "answer": answer,
            "etag": etag,
            "answered_at": now,
        },
    )
