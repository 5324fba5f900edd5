"""System → channel → queue: the value that counts, and where it comes from (rule 4 of the domain)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from channels_cfg.models import Channel, ExtraDataLists, Queue, SystemSettings
from channels_cfg.models.extra_data import EXTRA_DATA_LISTS, LISTS_OF_KIND

__all__ = ["EXTRA_DATA_LISTS", "LISTS_OF_KIND", "Effective", "EffectiveSettings", "effective_settings"]

T = TypeVar("T")


@dataclass(frozen=True)
class Effective(Generic[T]):
    """A value and the level that set it: ``system``, ``channel`` or ``queue``."""

    value: T
    origin: str


@dataclass(frozen=True)
class EffectiveSettings:
    """Everything that counts for a conversation of this channel and queue, at this moment."""

    allocation_keys: Effective[list[str]]
    connection_keys: Effective[list[str]]
    outbound_keys: Effective[list[str]]
    statistics_keys: Effective[list[str]]
    precedence: Effective[list[str]]
    false_attempt_seconds: Effective[int]
    live_data_until_handled: bool
    value_characters: int
    pairs_per_conversation: int
    bytes_per_conversation: int


def effective_settings(
    *, channel: Channel, queue: Queue | None = None, system: SystemSettings | None = None
) -> EffectiveSettings:
    """Work out what counts. ``system`` saves a query where the caller has it."""
    system = system or SystemSettings.load()
    levels: list[tuple[str, ExtraDataLists | None]] = [("queue", queue), ("channel", channel), ("system", system)]

    def keys(name: str) -> Effective[list[str]]:
        for origin, level in levels:
            if level is not None and getattr(level, name):
                return Effective(getattr(level, name), origin)
        return Effective([], "system")

    return EffectiveSettings(
        allocation_keys=keys("allocation_keys"),
        connection_keys=keys("connection_keys"),
        outbound_keys=keys("outbound_keys"),
        statistics_keys=keys("statistics_keys"),
        precedence=(
            Effective(channel.precedence, "channel") if channel.precedence else Effective(system.precedence, "system")
        ),
        false_attempt_seconds=(
            Effective(channel.false_attempt_seconds, "channel")
            if channel.false_attempt_seconds is not None
            else Effective(system.false_attempt_seconds, "system")
        ),
        live_data_until_handled=channel.live_data_until_handled,
        value_characters=system.value_characters,
        pairs_per_conversation=system.pairs_per_conversation,
        bytes_per_conversation=system.bytes_per_conversation,
    )
