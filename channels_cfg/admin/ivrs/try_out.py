"""Trying an IVR definition out by pressing keys: what the caller hears, the agent would see, and would be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels_cfg.admin.ivrs.picture import Picture, picture_of
from channels_cfg.ivr.call_flow import DIGITS, KEYS
from channels_cfg.ivr.walk import LONGEST_ENTRY, CallPosition, HasCallFlow, Outcome, begin, go_on
from channels_cfg.key_names import is_listed
from channels_cfg.keys.effective_settings import effective_settings

ROWS_OF_KEYS = [*KEYS[1:10], "*", "0", "#"]
"""As they stand on a telephone."""


@dataclass(frozen=True)
class TriedPair:
    """A pair that travels to the queue, and who would see it when (rules 4 to 6)."""

    key: str
    value: str
    when_offered: bool
    when_connected: bool
    is_kept: bool


@dataclass(frozen=True)
class TriedOut:
    """Where a tried call is, as the page shows it."""

    outcome: Outcome
    picture: Picture
    pairs: list[TriedPair]
    back_key: str = ""
    is_wrong: bool = False

    @property
    def position(self) -> str:
        """Carried by the page from key to key."""
        return json.dumps(self.outcome.position.as_json())

    @property
    def keys(self) -> list[str]:
        return ROWS_OF_KEYS

    @property
    def longest(self) -> int:
        return LONGEST_ENTRY + 1


def try_out(ivr: HasCallFlow, sent: Mapping[str, Any], *, at: datetime) -> TriedOut:
    """The call after what was sent: ``entered``, ``timed_out``, or nothing to begin; ``position`` is where it was."""
    before = _position(sent.get("position", ""))
    is_answer = before is not None and ("entered" in sent or "timed_out" in sent)
    if before is None or not is_answer:
        outcome = begin(ivr, at=at)
    else:
        timed_out = "timed_out" in sent
        entered = None if timed_out else str(sent["entered"])
        outcome = go_on(ivr, before, entered=entered, timed_out=timed_out, at=at)
    flow = ivr.call_flow
    step = flow.by_name.get(outcome.position.step)
    back_key = step.back_key if step and step.kind == DIGITS else ""
    picture = picture_of(flow, path=outcome.position.path)
    return TriedOut(outcome, picture, _pairs(outcome), back_key, outcome.position.wrong > 0)


def _position(told: str) -> CallPosition | None:
    try:
        return CallPosition.from_json(json.loads(told))
    except (ValueError, RecursionError):
        return None


def _pairs(outcome: Outcome) -> list[TriedPair]:
    if outcome.queue is None:
        return []
    counts = effective_settings(channel=outcome.queue.channel, queue=outcome.queue)
    offered, connected, kept = (
        counts.allocation_keys.value,
        [*counts.allocation_keys.value, *counts.connection_keys.value],
        counts.statistics_keys.value,
    )
    return [
        TriedPair(key, value, is_listed(key, offered), is_listed(key, connected), is_listed(key, kept))
        for key, value in outcome.attached.items()
    ]
