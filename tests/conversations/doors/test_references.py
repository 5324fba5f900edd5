"""Which conversation what comes out of order belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_cfg.models import Queue
from conversations.doors import references
from conversations.models import Conversation
from tests.factories import QueueFactory

START = datetime(2026, 2, 13, 8, tzinfo=UTC)
FOREVER = 10**6


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def in_order(said: set[int], ends: set[int]) -> list[tuple[list[int], datetime | None]]:
    """The minutes of each conversation's messages, and when it ended, had everything come in order."""
    conversations: list[tuple[list[int], datetime | None]] = []
    last = -1
    for end in [*sorted(ends), None]:
        between = {at for at in said if last < at <= (FOREVER if end is None else end)}
        if between:
            conversations.append((sorted(between), None if end is None else minute(end)))
        last = FOREVER if end is None else end
    return conversations


def told(order: list[int], ends: set[int], *, queue: Queue) -> list[tuple[list[int], datetime | None]]:
    """The same, of what is there once everything has come in this order."""
    conversations: dict[UUID, set[int]] = {}
    for at in order:
        with transaction.atomic():
            reference = references.hold("echo", "E1")
            if at in ends:
                references.end(reference, at=minute(at))
                continue
            conversation, is_first = references.conversation_of(reference, minute(at), queue=queue)
            conversations.setdefault(conversation.pk, set()).add(at)
            if is_first:
                references.end_if_told(reference, conversation)
    found = Conversation.objects.filter(reference__external_id="E1").in_bulk(conversations)
    assert {row.received_at for row in found.values()} == {minute(min(of_one)) for of_one in conversations.values()}
    return sorted((sorted(of_one), found[pk].ended_at) for pk, of_one in conversations.items())


def told_before_what_followed(order: list[int], ends: set[int]) -> list[int]:
    """The same order, but each end before everything that the customer said after it."""
    sooner = {at: min(order.index(later) for later in order if later >= at) for at in order if at in ends}
    return sorted(order, key=lambda at: (sooner.get(at, order.index(at)), at not in ends, at))


def test_an_end_and_what_followed_it_may_come_before_what_it_ended(db: None):
    ends = {60}

    assert (
        told([60, 120, 59], ends, queue=QueueFactory())
        == [([59], minute(60)), ([120], None)]
        == in_order({59, 120}, ends)
    )


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 12), unique=True, min_size=2, max_size=8).flatmap(st.permutations), data=st.data())
def test_news_of_any_order_leaves_the_conversations_of_the_right_one(db: None, order: list[int], data: st.DataObject):
    ends = data.draw(st.sets(st.sampled_from(order), max_size=3))
    with transaction.atomic():
        queue = QueueFactory()

        assert told(told_before_what_followed(order, ends), ends, queue=queue) == in_order(set(order) - ends, ends)
        transaction.set_rollback(True)
