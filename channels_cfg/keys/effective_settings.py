"""System → channel → queue: the value that counts, and where it comes from (rule 4 of the domain)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from channels_cfg.models import Channel, ExtraDataLists, MetadataDestination, Queue, SystemSettings
from channels_cfg.models.extra_data import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.models.session_metadata import SessionMetadataSettings

__all__ = [
    "EXTRA_DATA_LISTS",
    "LISTS_OF_KIND",
    "Effective",
    "EffectiveSettings",
    "effective_destinations",
    "effective_settings",
]

LEFT_OUT = SessionMetadataSettings.KeptData.LEFT_OUT.value

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
    contact_information: Effective[str]
    session_metadata_with_kept_data: Effective[bool]
    metadata_destinations: Effective[list[str]]
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

    def first_set(name: str, nothing: T) -> Effective[T]:
        for origin, level in levels:
            if level is not None and getattr(level, name):
                return Effective(getattr(level, name), origin)
        return Effective(nothing, "system")

    def keys(name: str) -> Effective[list[str]]:
        return first_set(name, [])

    in_files = first_set("kept_data_in_session_metadata", LEFT_OUT)
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
        contact_information=first_set("contact_information", ""),
        session_metadata_with_kept_data=Effective(in_files.value != LEFT_OUT, in_files.origin),
        metadata_destinations=first_set("metadata_destinations", []),
        live_data_until_handled=channel.live_data_until_handled,
        value_characters=system.value_characters,
        pairs_per_conversation=system.pairs_per_conversation,
        bytes_per_conversation=system.bytes_per_conversation,
    )


Place = tuple[int, int | None]
"""A channel and one of its queues, or none, by their primary keys."""


def effective_destinations(places: Iterable[Place], *, system: SystemSettings | None = None) -> dict[Place, list[int]]:
    """The metadata destinations that count at each place, by their primary keys, also those that are not active.

    Three queries for any number of places, one more without ``system``.
    """
    places = list(places)
    system = system or SystemSettings.load()
    channels, queues = (
        dict(model._default_manager.filter(pk__in=set(pks)).values_list("pk", "metadata_destinations"))
        for model, pks in (
            (Channel, [channel for channel, _queue in places]),
            (Queue, [queue for _channel, queue in places if queue is not None]),
        )
    )
    pks = dict(MetadataDestination.objects.values_list("name", "pk"))
    named = {
        (channel, queue): queues.get(queue) or channels.get(channel) or system.metadata_destinations
        for channel, queue in places
    }
    return {place: [pks[name] for name in names if name in pks] for place, names in named.items()}
