"""Which waiting conversation goes to which agent: pure, so that the rules can be read and tried in one place."""

from __future__ import annotations

import heapq
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conversations.lifecycle import Offer

AGAIN_AFTER = timedelta(seconds=30)
"""An agent who declined a conversation, and is the only one left, is offered it again."""


@dataclass(frozen=True)
class WaitingConversation:
    """A conversation that waits; ``declined`` says which agents rejected or missed it, and when."""

    id: uuid.UUID
    queue: int
    channel: int
    preferred: int | None = None
    required: frozenset[int] | None = None
    declined: Mapping[int, datetime] = field(default_factory=dict)


@dataclass
class Agents:
    """Agents who are ready: since when each is available, who serves which queue, and how many more of each channel
    each may be given."""

    available_since: Mapping[int, datetime]
    serving: Mapping[int, Collection[int]]
    room: Mapping[tuple[int, int], int]
    """By agent and channel."""


def match(waiting: Iterable[WaitingConversation], agents: Agents, *, now: datetime) -> Iterator[Offer]:
    """Of the conversations, in the order in which they are given, each to that agent of its queue who is available
    longest, has room, and has not declined it while others are left who have not. Who is given one is available last
    of all. A preferred agent, or the required ones, are the only ones where they are named."""
    line = _Line(agents)
    for one in waiting:
        serving = agents.serving.get(one.queue, ())
        wanted: Collection[int] | None = one.required
        why = "required" if wanted is not None else "longest"
        if one.preferred is not None and one.preferred not in one.declined:
            wanted, why = {one.preferred}, "preferred"
        left = [agent for agent in (serving if wanted is None else wanted) if agent in serving]
        unasked = [agent for agent in left if agent not in one.declined]
        if one.declined and not unasked:
            unasked = [agent for agent in left if one.declined[agent] <= now - AGAIN_AFTER]
        narrowed = None if wanted is None and not one.declined else frozenset(unasked)
        if (agent := line.take(one.queue, one.channel, narrowed)) is not None:
            yield Offer(one.id, agent, why)


class _Line:
    """The agents of each queue in the order of their availability. An entry that has become wrong is put right when it
    comes up."""

    def __init__(self, agents: Agents) -> None:
        self._room = dict(agents.room)
        self._place = {agent: (0, since.timestamp()) for agent, since in agents.available_since.items()}
        self._queues = {
            queue: [(*self._place[agent], agent) for agent in serving] for queue, serving in agents.serving.items()
        }
        for line in self._queues.values():
            heapq.heapify(line)
        self._given: dict[int, int] = defaultdict(int)
        self._turn = 0

    def take(self, queue: int, channel: int, among: frozenset[int] | None) -> int | None:
        """The first in line who has room, and, where ``among`` is given, is one of them."""
        line, passed = self._queues.get(queue, []), []
        found = None
        while line and found is None:
            *place, agent = entry = heapq.heappop(line)
            if tuple(place) != self._place[agent]:
                heapq.heappush(line, (*self._place[agent], agent))
            elif not self._room.get((agent, channel)):
                continue  # a queue has one channel, so this one is through here
            elif among is None or agent in among:
                found = agent
            else:
                passed.append(entry)
        for entry in passed:
            heapq.heappush(line, entry)
        if found is not None:
            self._give(queue, channel, found)
        return found

    def _give(self, queue: int, channel: int, agent: int) -> None:
        self._room[agent, channel] -= 1
        self._turn += 1
        self._place[agent] = (self._turn, 0.0)
        heapq.heappush(self._queues[queue], (*self._place[agent], agent))
