"""Who took part in a session: what its legs say together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from channels_cfg.models import Queue, User
from conversations.models import Hold, Leg
from reporting.session_metadata.reading import StoredSession
from reporting.session_metadata.times import seconds

BESIDE = (Leg.Entry.CONSULTATION,)
"""Who is consulted speaks with the agent, and not with the customer."""


class SessionLegs:
    """The legs of one session, in the order in which they came."""

    def __init__(self, stored: StoredSession) -> None:
        self.all = stored.legs
        self._by_id: Mapping[int, Leg] = {leg.pk: leg for leg in stored.legs}
        self._holds = stored.holds

    @cached_property
    def customers(self) -> list[Leg]:
        return [leg for leg in self.all if leg.purpose == Leg.Purpose.CUSTOMER]

    @cached_property
    def agents(self) -> list[Leg]:
        """Agents who took part, or are asked to at this moment; not those who declined."""
        agents = (leg for leg in self.all if leg.purpose == Leg.Purpose.AGENT)
        return [leg for leg in agents if leg.connected_at or not leg.ended_at]

    @cached_property
    def serving(self) -> list[Leg]:
        """Agents who spoke with the customer."""
        return [leg for leg in self.agents if leg.connected_at and leg.entry not in BESIDE]

    @cached_property
    def waiting(self) -> list[Leg]:
        """The queues in which the customer waited."""
        queues = (leg for leg in self.all if leg.purpose == Leg.Purpose.QUEUE)
        return [leg for leg in queues if leg.entry not in BESIDE]

    @cached_property
    def menus(self) -> list[Leg]:
        return [leg for leg in self.all if leg.purpose == Leg.Purpose.WORKFLOW]

    @cached_property
    def transfers(self) -> list[Leg]:
        """Those that a transfer brought: a queue, or an agent."""
        return [leg for leg in self.all if leg.entry == Leg.Entry.TRANSFER]

    def brought(self, leg: Leg) -> Leg | None:
        """The agent who came from this queue and stayed, or the latest who is asked; of an agent's leg itself."""
        if leg.purpose == Leg.Purpose.AGENT:
            return leg
        brought = [agent for agent in self.agents if agent.brought_by_id == leg.pk]
        return next((agent for agent in brought if agent.connected_at), brought[-1] if brought else None)

    def bringing(self, leg: Leg) -> Leg | None:
        return self._by_id.get(leg.brought_by_id or 0)

    def queue_of(self, leg: Leg) -> Queue | None:
        """In whose name the leg is: the queue that it came from, over whatever transfers."""
        above: Leg | None = leg
        while above is not None:
            if above.purpose == Leg.Purpose.QUEUE and above.entry not in BESIDE:
                return above.queue
            above = self.bringing(above)
        return None

    def transfer_of(self, leg: Leg) -> Leg | None:
        """The leg of the transfer that led to this one."""
        above: Leg | None = leg
        while above is not None and above.entry == Leg.Entry.QUEUE:
            above = self.bringing(above)
        return above if above is not None and above.entry == Leg.Entry.TRANSFER else None

    def is_cold(self, transfer: Leg) -> bool:
        """Whether nobody spoke with whom it went to before."""
        to, by = self.brought(transfer), transfer.brought_by_id
        consulted = (leg for leg in self.agents if leg.entry in BESIDE and leg.connected_at)
        return not any(to and leg.agent_id == to.agent_id and self._asked_by(leg) == by for leg in consulted)

    def _asked_by(self, leg: Leg) -> int | None:
        above = self.bringing(leg)
        return above.brought_by_id if above and above.purpose == Leg.Purpose.QUEUE else leg.brought_by_id

    def seconds_on_hold(self, leg: Leg | None = None) -> int:
        """For whose leg the customer was on hold, or altogether."""
        ended = (hold for hold in self._holds if leg is None or hold.leg_id == leg.pk)
        return sum(_length(hold) for hold in ended)


def _length(hold: Hold) -> int:
    return seconds(hold.started_at, hold.ended_at) or 0


def menu_path(queue: Queue | None) -> dict[str, Any] | None:
    """A queue as a path of one menu."""
    if queue is None:
        return None
    return {"items_count": 1, "name": queue.name, "materialized_path": str(queue.pk)}


def agent_json(agent: User | None) -> dict[str, Any] | None:
    if agent is None:
        return None
    return {
        "id": agent.pk,
        "name": str(agent),
        "avatar_url": None,
        "email": agent.email or None,
        "first_name": agent.first_name,
        "last_name": agent.last_name,
        "agent_number": None,
    }


def virtual_agent_json(item: Mapping[str, Any]) -> dict[str, Any]:
    """The virtual agent of what was told of its part."""
    return {
        "id": item["virtual_agent_id"],
        "name": item.get("name"),
        "va_alias": item.get("va_alias"),
        "avatar_url": item.get("avatar_url"),
    }
