"""Who took part, and who handed whom on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from conversations.models import Leg
from conversations.session_facts import PARTICIPANT
from reporting.session_metadata.durations import (
    customer_connected_at,
    lasted,
    virtual_times,
)
from reporting.session_metadata.legs import BESIDE, SessionLegs, agent_json, menu_path, virtual_agent_json
from reporting.session_metadata.reading import StoredSession
from reporting.session_metadata.times import rewritten, seconds, written

Row = dict[str, Any]


def participants(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    """A row for each part: whoever leaves and comes back has two."""
    rows = [_customer(stored, legs, leg) for leg in legs.customers]
    rows += [_agent(stored, legs, leg) for leg in legs.agents]
    rows += [_virtual_agent(stored, item) for item in stored.told.virtual_agents]
    return sorted(rows, key=lambda row: row["id"])


def _row(stored: StoredSession, kind: str, pk: int, *, connected_at: datetime | None, ended_at: datetime | None) -> Row:
    """``ended_at`` counts for who was connected."""
    ended = "ended_at" if stored.is_call else "finished_at"
    return {
        "id": pk,
        "type": kind,
        "entry_type": "queue_or_transfer",
        "status": _status(connected_at, ended_at),
        "call_id" if stored.is_call else "chat_id": stored.conversation.number,
        "user_id": None,
        "end_user_id": None,
        "virtual_agent_id": None,
        "connected_at": written(connected_at),
        ended: written(ended_at),
        lasted(stored): seconds(connected_at, ended_at),
        **({"hold_duration": None} if stored.is_call else {}),
        "fail_reason": "nothing" if stored.is_call else None,
        "adapter_fail_code": None,
        "adapter_fail_message": None,
        "agent_assist": None,
        "virtual_agent": None,
    }


def _status(connected_at: datetime | None, ended_at: datetime | None) -> str:
    if ended_at:
        return "finished"
    return "connected" if connected_at else "waiting"


def _customer(stored: StoredSession, legs: SessionLegs, leg: Leg) -> Row:
    connected_at = customer_connected_at(stored, leg)
    row = _row(stored, "end_user", leg.pk, connected_at=connected_at, ended_at=leg.ended_at)
    row |= {"end_user_id": stored.told.end_user_number}
    if not stored.is_call:
        return row
    return row | {
        "hold_duration": legs.seconds_on_hold() or None,
        "phone_number": stored.conversation.customer_address or None,
        "sip_headers": None,
    }


def _agent(stored: StoredSession, legs: SessionLegs, leg: Leg) -> Row:
    row = _row(stored, "agent", leg.pk, connected_at=leg.connected_at, ended_at=leg.ended_at)
    if leg.entry in (*BESIDE, Leg.Entry.CONFERENCE):
        row["entry_type"] = leg.entry
    if stored.is_call:
        row["hold_duration"] = legs.seconds_on_hold(leg) or None
    agent = leg.agent
    assert agent is not None  # an agent leg names its agent
    return row | {
        "user_id": agent.pk,
        "email": agent.email or None,
        "first_name": agent.first_name,
        "middle_name": None,
        "last_name": agent.last_name,
    }


def _virtual_agent(stored: StoredSession, item: Mapping[str, Any]) -> Row:
    start, end = virtual_times(stored, item)
    row = _row(stored, "virtual_agent", item[PARTICIPANT], connected_at=start, ended_at=end)
    return row | {
        "virtual_agent_id": item["virtual_agent_id"],
        "virtual_agent_params": item.get("virtual_agent_params"),
    }


# Transfers


def transfers(stored: StoredSession, legs: SessionLegs, waits: Iterable[Row]) -> list[Row]:
    """``waits`` are the rows of the queues."""
    waited = {row["id"]: row["queue_duration"] for row in waits}
    return [_transfer(stored, legs, leg, waited.get(leg.pk)) for leg in legs.transfers]


def _transfer(stored: StoredSession, legs: SessionLegs, leg: Leg, waited: int | None) -> Row:
    giving, taking = legs.bringing(leg), legs.brought(leg)
    taken = taking if taking and taking.connected_at else None
    from_queue = legs.queue_of(giving) if giving else None
    to_queue = legs.queue_of(leg)
    changed = [at for at in (leg.started_at, leg.ended_at, taken and taken.ended_at) if at]
    return {
        "id": leg.pk,
        "status": _how_far(taken, leg),
        "fail_reason": "nothing" if taken or not leg.ended_at else "eu_abandoned",
        "created_at": written(leg.started_at),
        "assigned_at": written(taking.started_at if taking else None),
        "connected_at": written(taken.connected_at if taken else None),
        "updated_at": written(max(changed)),
        lasted(stored): seconds(taken.connected_at, taken.ended_at) if taken else 0,
        "wait_duration": waited or 0,
        "deflection": "no_deflection",
        "answer_type_path": "manual_to_manual",
        "from_menu_path": menu_path(from_queue),
        "to_menu_path": menu_path(to_queue),
        "from_agent": agent_json(giving.agent if giving else None),
        "to_agent": agent_json(taking.agent if taking else None),
        "from_virtual_agent": None,
        "to_virtual_agent": None,
        "from_queue_priority_level": priority_level(from_queue.priority if from_queue else None),
        "to_queue_priority_level": priority_level(to_queue.priority if to_queue else None),
    }


def _how_far(taken: Leg | None, leg: Leg) -> str:
    if taken:
        return "transferred"
    return "failed" if leg.ended_at else "transferring"


def priority_level(priority: int | None) -> int | None:
    """The file has levels to 8; ours go further, and one beyond has no level."""
    return priority if priority is not None and priority <= 8 else None


def escalations(stored: StoredSession, legs: SessionLegs) -> list[Row]:
    """Where a virtual agent gave up to people."""
    queue = legs.waiting[0].queue if legs.waiting else None
    return [
        {
            "id": item["id"],
            "escalation_reason": item.get("escalation_reason", "unknown"),
            "from_virtual_agent": virtual_agent_json(item),
            "to_virtual_agent": None,
            "deflection": "no_deflection",
            "menu_path_id": queue and queue.pk,
            "menu_path": queue and queue.name,
            "lang": stored.told.lang or None,
            "created_at": rewritten(item.get("ended_at")),
        }
        for item in stored.told.virtual_agents
        if item.get("finish_reason") == "escalated"
    ]
