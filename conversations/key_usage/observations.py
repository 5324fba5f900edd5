"""Key usage: which keys came in and what their values looked like, without a value.

The end of a conversation notes one observation of each key, in its own transaction and without waiting for anybody.
``aggregate`` adds observations up a moment later; those of a name wait until enough conversations have had it.
Pairs posted after the end are not noted: no list decides about them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction

from conversations.models import Conversation, EndedCount, KeyObservation, KeyUsage, LiveDatum, SeenKey, ValueType
from conversations.pairs import Value, as_text
from conversations.pii_detectors import Hit, hits_of

WHOLE = ""
"""The name under which a conversation is counted: the parent of all its keys."""

RARE_NAMES_STAY = timedelta(days=30)

BATCH = 20_000


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
    KeyObservation.objects.bulk_create(
        KeyObservation(
            channel_id=conversation.channel_id,
            queue_id=conversation.queue_id,
            day=conversation.ended_at.astimezone(UTC).date(),
            key=name,
            keepable=keepable,
            value_type=observation.value_type,
            length_bucket=observation.length_bucket,
            bytes=observation.bytes,
            source=observation.source,
            hits=sorted(observation.hits),
            seen_at=conversation.ended_at,
        )
        for name, observation in seen.items()
    )


# Aggregating


def aggregate() -> int:
    """Add all observations of known names to the sums; return how many there were.

    A batch is one statement in one transaction: an observation is either waiting or counted. Two that aggregate at once
    take turns. Doing it often gives the same sums as doing it once.
    """
    total = 0
    while counted := _aggregate_batch():
        total += counted
    return total


@transaction.atomic
def _aggregate_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('conversations.key_usage.observations.aggregate'))")
        cursor.execute(_AGGREGATE, {"enough": settings.KEY_USAGE_MINIMUM_CONVERSATIONS, "batch": BATCH})
        return int(cursor.fetchone()[0])


def delete_rare_names(*, now: datetime) -> int:
    """Delete observations of names that too few conversations have had; return how many there were."""
    waiting = KeyObservation.objects.filter(day__lt=(now - RARE_NAMES_STAY).astimezone(UTC).date())
    rare = waiting.exclude(key=WHOLE).exclude(key__in=SeenKey.objects.values("name"))
    return rare.delete()[0]


def delete_old_days(*, now: datetime) -> int:
    """Delete counts of days too long ago to be asked for; names stay known. Returns how many rows there were."""
    too_old = (now - timedelta(days=settings.KEY_USAGE_DAYS)).astimezone(UTC).date()
    usage, _ = KeyUsage.objects.filter(day__lt=too_old).delete()
    endings, _ = EndedCount.objects.filter(day__lt=too_old).delete()
    return usage + endings


_KNOWN_NAMES = f"""
    SELECT key
      FROM conversations_keyobservation AS noted
     GROUP BY key
    HAVING key = '{WHOLE}'
        OR count(*) >= %(enough)s
        OR EXISTS (SELECT FROM conversations_seenkey WHERE name = noted.key)
"""

_FACTS = """
    SELECT 'seen' AS fact, '' AS name, 1 AS amount
     UNION ALL SELECT 'keepable', '', keepable::int
     UNION ALL SELECT 'bytes', '', CASE WHEN keepable THEN bytes ELSE 0 END
     UNION ALL SELECT 'types', value_type, 1
     UNION ALL SELECT 'lengths', length_bucket::text, 1 WHERE value_type <> 'group'
     UNION ALL SELECT 'sources', source, 1 WHERE source <> ''
     UNION ALL SELECT 'hits', unnest(hits), 1
     UNION ALL SELECT 'kept_hits', unnest(hits), 1 WHERE keepable
"""
"""What one observation adds to the sums, as rows."""


def _sum(fact: str) -> str:
    return f"coalesce(sum(amount) FILTER (WHERE fact = '{fact}'), 0)"


def _sums_by_name(fact: str) -> str:
    return f"coalesce(jsonb_object_agg(name, amount) FILTER (WHERE fact = '{fact}'), '{{}}')"


def _added(table: str, *columns: str) -> str:
    """``ON CONFLICT`` assignments that add what is new to what is there: numbers, or numbers by name in JSON."""
    numbers = {"seen", "keepable", "bytes", "ended"}
    return ", ".join(
        f"{column} = {table}.{column} + excluded.{column}"
        if column in numbers
        else f"""{column} = (
            SELECT coalesce(jsonb_object_agg(key, amount), '{{}}')
              FROM (SELECT key, sum(value::bigint) AS amount
                      FROM (SELECT * FROM jsonb_each_text({table}.{column})
                            UNION ALL SELECT * FROM jsonb_each_text(excluded.{column})) AS both_of_them
                     GROUP BY key) AS sums)"""
        for column in columns
    )


def _aggregate_statement() -> str:
    """Each part is worked out once, whatever PostgreSQL expects of a table that was empty a moment ago."""
    usage, seen, ended = "conversations_keyusage", "conversations_seenkey", "conversations_endedcount"
    return f"""
    WITH known AS MATERIALIZED ({_KNOWN_NAMES}), taken AS (
        DELETE FROM conversations_keyobservation
         WHERE id = ANY (ARRAY(
            SELECT id FROM conversations_keyobservation WHERE key IN (SELECT key FROM known) LIMIT %(batch)s))
     RETURNING *
    ), counted AS (
        SELECT channel_id, queue_id, day, key, fact, name, sum(amount) AS amount,
               min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at
          FROM taken CROSS JOIN LATERAL ({_FACTS}) AS facts
         GROUP BY channel_id, queue_id, day, key, fact, name
    ), in_all AS (
        SELECT key, fact, name, sum(amount) AS amount,
               min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
          FROM counted
         WHERE key <> '{WHOLE}'
         GROUP BY key, fact, name
    ), usage AS (
        INSERT INTO {usage} (channel_id, queue_id, day, key, seen, keepable, bytes, types, lengths, sources, hits,
                             first_seen_at, last_seen_at)
        SELECT channel_id, queue_id, day, key, {_sum("seen")}, {_sum("keepable")}, {_sum("bytes")},
               {_sums_by_name("types")}, {_sums_by_name("lengths")}, {_sums_by_name("sources")},
               {_sums_by_name("kept_hits")}, min(first_seen_at), max(last_seen_at)
          FROM counted
         WHERE key <> '{WHOLE}'
         GROUP BY channel_id, queue_id, day, key
            ON CONFLICT (channel_id, queue_id, day, key) DO UPDATE
           SET {_added(usage, "seen", "keepable", "bytes", "types", "lengths", "sources", "hits")},
               first_seen_at = least({usage}.first_seen_at, excluded.first_seen_at),
               last_seen_at = greatest({usage}.last_seen_at, excluded.last_seen_at)
    ), names AS (
        INSERT INTO {seen} (name, paths, seen, types, lengths, sources, hits, first_seen_at, last_seen_at)
        SELECT key,
               (SELECT array_agg(array_to_string((string_to_array(key, '.'))[:depth], '.') ORDER BY depth)
                  FROM generate_series(1, cardinality(string_to_array(key, '.'))) AS depth),
               {_sum("seen")}, {_sums_by_name("types")}, {_sums_by_name("lengths")}, {_sums_by_name("sources")},
               {_sums_by_name("hits")}, min(first_seen_at), max(last_seen_at)
          FROM in_all
         GROUP BY key
            ON CONFLICT (name) DO UPDATE
           SET {_added(seen, "seen", "types", "lengths", "sources", "hits")},
               first_seen_at = least({seen}.first_seen_at, excluded.first_seen_at),
               last_seen_at = greatest({seen}.last_seen_at, excluded.last_seen_at)
    ), endings AS (
        INSERT INTO {ended} (channel_id, queue_id, day, ended, keepable)
        SELECT channel_id, queue_id, day, {_sum("seen")}, {_sum("keepable")}
          FROM counted
         WHERE key = '{WHOLE}'
         GROUP BY channel_id, queue_id, day
            ON CONFLICT (channel_id, queue_id, day) DO UPDATE SET {_added(ended, "ended", "keepable")}
    )
    SELECT count(*) FROM taken
    """


_AGGREGATE = _aggregate_statement()
