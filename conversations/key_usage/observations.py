"""Key usage: which keys came in and what their values looked like, without a value.

The end of a conversation notes one observation of each key, in its own transaction and without waiting for anybody;
``aggregate.py`` adds them up a moment later. Pairs posted after the end are not noted: no list decides about them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC
from typing import NamedTuple

from channels_cfg.prepared import write
from conversations.models import Conversation, LiveDatum, ValueType
from conversations.pairs import Value, as_text
from conversations.pii_detectors import Hit, hits_of

WHOLE = ""
"""The name under which a conversation is counted: the parent of all its keys."""


class Observation(NamedTuple):
    """What is noted of one key of one conversation."""

    value_type: ValueType
    length_bucket: int
    bytes: int
    source: str
    hits: frozenset[Hit]


def type_of(value: Value) -> ValueType:
    match value:
        case None:
            return ValueType.NULL
        case bool():
            return ValueType.BOOLEAN
        case int():
            return ValueType.INTEGER
        case float():
            return ValueType.DECIMAL
    return ValueType.TEXT


def observe(key: str, value: Value, *, source: str) -> Observation:
    text = as_text(value)
    return Observation(type_of(value), len(text).bit_length(), bytes_of(key, value), source, frozenset(hits_of(text)))


def bytes_of(key: str, value: Value) -> int:
    """What the pair takes up among others in JSON."""
    return len(json.dumps({key: value}, ensure_ascii=False).encode())


def characters_in_words(buckets: Collection[int]) -> str:
    """``8–31`` for the length buckets 4 and 5."""
    if not buckets or max(buckets) == 0:
        return "0"
    shortest, longest = min(buckets), 2 ** max(buckets) - 1
    first = 2 ** (shortest - 1) if shortest else 0
    return str(first) if first == longest else f"{first}–{longest}"


def parents_of(key: str) -> list[str]:
    """Every name whose listing includes the key, the highest first: ``a`` and ``a.b`` for ``a.b.c``."""
    return [key[:at] for at, character in enumerate(key) if character == "."]


def observations_of(data: Iterable[LiveDatum]) -> dict[str, Observation]:
    """One of each key and of each parent; of the conversation as a whole under the empty name."""
    own = {datum.key: observe(datum.key, datum.value, source=datum.source) for datum in data}
    below: dict[str, list[Observation]] = {WHOLE: []}
    for key, observation in own.items():
        for parent in (WHOLE, *parents_of(key)):
            below.setdefault(parent, []).append(observation)
    return own | {name: _combined(parts, own.get(name)) for name, parts in below.items()}


def _combined(below: list[Observation], own: Observation | None) -> Observation:
    """The observation of a parent, which may have a value of its own."""
    parts = [own, *below] if own else below
    sources = {part.source for part in parts}
    return Observation(
        own.value_type if own else ValueType.GROUP,
        own.length_bucket if own else 0,
        sum(part.bytes for part in parts),
        sources.pop() if len(sources) == 1 else "",
        frozenset().union(*(part.hits for part in parts)),
    )


# Noting


def note_observations(
    conversation: Conversation, data: Iterable[LiveDatum], *, keepable: bool, noted: Collection[str] | None = None
) -> None:
    """Note which keys the conversation had at its end, in one statement of the ending transaction.

    ``keepable``: it was accepted, so that a listed key is kept. ``noted``, for news that comes after the end, names the
    keys that were noted then; they are not counted twice, nor is the conversation.
    """
    assert conversation.ended_at  # set by who ends it
    seen = observations_of(data)
    if noted is not None:
        for name in {WHOLE, *noted, *(parent for key in noted for parent in parents_of(key))}:
            seen.pop(name, None)
    noted_at = {"seen_at": conversation.ended_at, "day": conversation.ended_at.astimezone(UTC).date()}
    place = {"channel": conversation.channel_id, "queue": conversation.queue_id, "keepable": keepable}
    keys = [
        {"key": name, **observation._asdict(), "hits": sorted(observation.hits)} for name, observation in seen.items()
    ]
    write(_NOTE, {**place, **noted_at, "keys": json.dumps(keys)})


_NOTE = """
    INSERT INTO conversations_keyobservation (
           channel_id, queue_id, keepable, day, seen_at, key, value_type, length_bucket, bytes, source, hits)
    SELECT %(channel)s, %(queue)s, %(keepable)s, %(day)s, %(seen_at)s, noted.*
      FROM jsonb_to_recordset(%(keys)s::jsonb)
        AS noted (key text, value_type text, length_bucket int, bytes int, source text, hits text[])
"""
