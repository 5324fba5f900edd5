"""Requests that may be repeated: the Idempotency-Key header."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from channels_cfg.api.problems import Problem
from channels_cfg.models import User
from conversations import idempotency
from conversations.idempotency import Answer, KeyReused

LONGEST_KEY = 255

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    OpenApiParameter.HEADER,
    description="For 24 hours the same request with the same key gets the same answer",
)


def idempotency_key(request: Request) -> str | None:
    key = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.",
            errors={"Idempotency-Key": [f"{len(key)} characters"]},
        )
    return key


def once(user: User, key: str | None, asked: Any, conversation: uuid.UUID, act: Callable[[], Answer]) -> Answer:
    """Act, or repeat the answer that the same request with the same key had. Without a key it acts each time."""
    if key is None:
        return act()
    try:
        return idempotency.once(
            user=user, key=key, request=asked, conversation=conversation, now=timezone.now(), act=act
        )
    except KeyReused:
        raise key_reused() from None


def key_reused() -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This Idempotency-Key came with another request before. Take a new key for a new request.",
    )
