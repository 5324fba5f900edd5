"""A queue that is full or closed takes nothing more, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels_cfg.models import Right
from conversations import lifecycle
from conversations.lifecycle.admission import answer
from conversations.models import LiveDatum, State
from conversations.timeline import timeline
from tests.factories import (
    ChannelFactory,
    OpeningHoursFactory,
    QueueFactory,
    accepted_conversation,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUNDAY = MONDAY - timedelta(days=1)


def channel(**facts: Any) -> Any:
    return ChannelFactory(statistics_keys=["kept"], closed_text="Back at {opens}.", queue_full_text="Full.", **facts)


def test_what_comes_to_a_closed_queue_is_abandoned_and_keeps_nothing():
    queue = QueueFactory(channel=channel(), opening_hours=OpeningHoursFactory())
    taken = queued_conversation(queue, now=MONDAY)

    turned_away = queued_conversation(queue, now=SUNDAY)

    turned_away.refresh_from_db()
    assert (taken.state, turned_away.state, turned_away.ended_by) == (State.QUEUED, State.ABANDONED, "system")
    assert (turned_away.queue, turned_away.kept_data, turned_away.legs.there().count()) == (queue, {}, 0)
    assert [entry.label for entry in timeline(turned_away)] == ["Received", "Turned away", "Abandoned"]
    assert "the queue is closed" in timeline(turned_away)[1].detail
    assert answer(queue, "queue_closed", at=SUNDAY) == "Back at 2026-03-02 08:00."
    assert not LiveDatum.objects.filter(conversation=turned_away).exists()


def test_a_queue_takes_as_many_as_it_has_room_for():
    queue = QueueFactory(channel=channel(), size=2)
    first, second = queued_conversation(queue), queued_conversation(queue)

    third = queued_conversation(queue)
    lifecycle.accept(first.pk, by=user_with(Right.SERVE, on=queue), now=MONDAY)
    fourth = queued_conversation(queue)

    assert [one.state for one in (second, third, fourth)] == [State.QUEUED, State.ABANDONED, State.QUEUED]
    assert answer(queue, "queue_full", at=MONDAY) == "Full."


def test_a_transfer_to_a_closed_queue_is_refused_and_the_agent_keeps_it():
    queue = QueueFactory(channel=channel())
    closed = QueueFactory(channel=queue.channel, name="Night", opening_hours=OpeningHoursFactory())
    served = accepted_conversation(queue)

    with pytest.raises(lifecycle.QueueRefuses, match="Queue Night is closed until 2026-03-02 08:00"):
        lifecycle.transfer(served.pk, by=served.agent, queue=closed, now=SUNDAY)

    served.refresh_from_db()
    assert served.state == State.ACCEPTED


def test_what_goes_out_is_never_turned_away():
    queue = QueueFactory(channel=channel(), opening_hours=OpeningHoursFactory())

    assert queued_conversation(queue, now=SUNDAY, direction="outbound").state == State.QUEUED
