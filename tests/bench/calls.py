"""Calls that wait, and the steps that a telephone system tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from channels_cfg.models import AccessRight, Channel, Queue, Right, User
from conversations import lifecycle
from conversations.doors.voice.calls import NewCall, take_in
from tests.bench.dataset import vacuum

CALLS = 2_400
AT_ONCE = 96
"""So far apart are the steps of one call that each comes after the one before."""
STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("accept", {}),
    ("hold", {}),
    ("hold", {"resume": True}),
    ("end", {"ended_by": "customer"}),
)


def offered_calls() -> list[str]:
    """Calls with attached data that are offered to agents of a queue which the client of the data set serves; ids."""
    client = User.objects.get(username="client")
    channel = Channel.objects.create(name="Phone", kind=Channel.Kind.VOICE, statistics_keys=["customerType"])
    queue = Queue.objects.create(name="Phone sales", channel=channel)
    AccessRight.objects.create(user=client, right=Right.SERVE, queue=queue)
    now = timezone.now()
    data = {"customerId": "1234567", "customerType": "gold"}
    agents = list(User.objects.filter(username__startswith="agent"))
    calls = [
        take_in(NewCall(f"call{number}", channel, queue, attached_data=data), by=client, now=now)[0]
        for number in range(CALLS)
    ]
    for number, call in enumerate(calls):
        lifecycle.allocate(call.pk, agent=agents[number % len(agents)], now=now)
    vacuum()
    return [str(call.pk) for call in calls]


def all_steps(calls: list[str]) -> Iterator[tuple[str, bytes]]:
    """Address and body of each step of each call, in an order in which many calls go on side by side."""
    for first in range(0, len(calls), AT_ONCE):
        for action, order in STEPS:
            yield from (
                (f"/api/v1/calls/{call}/{action}", json.dumps(order).encode())
                for call in calls[first : first + AT_ONCE]
            )
