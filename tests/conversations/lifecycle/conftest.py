"""A call that an agent serves, and what its legs tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels_cfg.models import Channel, Queue, User
from conversations import lifecycle
from conversations.models import Conversation
from tests.factories import ChannelFactory, QueueFactory, UserFactory, queued_conversation

NOON = datetime(2026, 2, 13, 12, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def anna() -> User:
    return UserFactory(first_name="Anna", last_name="Ek")


@pytest.fixture
def ben() -> User:
    return UserFactory(first_name="Ben", last_name="Os")


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(channel=ChannelFactory(kind=Channel.Kind.VOICE), name="Sales")


@pytest.fixture
def call(queue: Queue, anna: User) -> Conversation:
    """A call that Anna has accepted half a minute after it was queued."""
    return lifecycle.accept(queued_conversation(queue, now=NOON).pk, by=anna, now=at(30))


def legs(conversation: Conversation) -> list[tuple[str, str, str]]:
    """Of each leg: who, how it came in, and which brought it."""
    found = conversation.legs.select_related("agent", "queue", "brought_by__agent", "brought_by__queue")
    return [(str(leg), leg.entry, str(leg.brought_by or "")) for leg in found]


def on_hold(conversation: Conversation) -> list[tuple[str, datetime, datetime | None]]:
    found = conversation.holds.select_related("leg__agent")
    return [(str(hold.leg), hold.started_at, hold.ended_at) for hold in found]
