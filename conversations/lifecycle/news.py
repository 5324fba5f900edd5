"""Telling others what happened: whoever routes, once it is committed, and who follows, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from conversations.models import Conversation

_listeners: list[Callable[[], None]] = []


def listen(listener: Callable[[], None]) -> None:
    """Have it called after each such change. It must return at once and never fail."""
    _listeners.append(listener)


def tell_routing() -> None:
    transaction.on_commit(_tell)


def _tell() -> None:
    for listener in _listeners:
        listener()


@dataclass(frozen=True)
class Happened:
    """An event of the timeline. The queue is the one that it is about, also where the conversation comes to it next;
    ``came_from`` is the queue that it was forwarded from."""

    conversation: Conversation
    kind: str
    at: datetime
    queue_id: int | None = None
    agent_id: int | None = None
    by_id: int | None = None
    came_from: int | None = None


_followers: list[Callable[[Sequence[Happened]], None]] = []


def follow(follower: Callable[[Sequence[Happened]], None]) -> None:
    """Have it called with all that happens, within the transaction in which it does. It may write rows of its own."""
    if follower not in _followers:
        _followers.append(follower)


def tell_followers(happened: Sequence[Happened]) -> None:
    for follower in _followers:
        follower(happened)
