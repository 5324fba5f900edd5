"""Adding observations of keys up, so that what a list would keep is answered from sums.

Observations of a name wait until enough conversations have had it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from conversations.key_usage.observations import WHOLE
from conversations.models import EndedCount, KeyObservation, KeyUsage, SeenKey

RARE_NAMES_STAY = timedelta(days=30)

BATCH = 20_000


def aggregate_observations() -> int:
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
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('conversations.key_usage.aggregate'))")
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


def _seen_between(table: str) -> str:
    """``ON CONFLICT`` assignments for when a name came in first and last."""
    return (
        f"first_seen_at = least({table}.first_seen_at, excluded.first_seen_at), "
        f"last_seen_at = greatest({table}.last_seen_at, excluded.last_seen_at)"
    )


_USAGE = f"""
    INSERT INTO conversations_keyusage AS usage
           (channel_id, queue_id, day, key, seen, keepable, bytes, types, lengths, sources, hits,
            first_seen_at, last_seen_at)
    SELECT channel_id, queue_id, day, key, {_sum("seen")}, {_sum("keepable")}, {_sum("bytes")},
           {_sums_by_name("types")}, {_sums_by_name("lengths")}, {_sums_by_name("sources")},
           {_sums_by_name("kept_hits")}, min(first_seen_at), max(last_seen_at)
      FROM counted
     WHERE key <> '{WHOLE}'
     GROUP BY channel_id, queue_id, day, key
        ON CONFLICT (channel_id, queue_id, day, key) DO UPDATE
       SET {_added("usage", "seen", "keepable", "bytes", "types", "lengths", "sources", "hits")},
           {_seen_between("usage")}
"""

_NAMES = f"""
    INSERT INTO conversations_seenkey AS names
           (name, paths, seen, types, lengths, sources, hits, first_seen_at, last_seen_at)
    SELECT key,
           (SELECT array_agg(array_to_string((string_to_array(key, '.'))[:depth], '.') ORDER BY depth)
              FROM generate_series(1, cardinality(string_to_array(key, '.'))) AS depth),
           {_sum("seen")}, {_sums_by_name("types")}, {_sums_by_name("lengths")}, {_sums_by_name("sources")},
           {_sums_by_name("hits")}, min(first_seen_at), max(last_seen_at)
      FROM in_all
     GROUP BY key
        ON CONFLICT (name) DO UPDATE
       SET {_added("names", "seen", "types", "lengths", "sources", "hits")},
           {_seen_between("names")}
"""

_ENDINGS = f"""
    INSERT INTO conversations_endedcount AS endings (channel_id, queue_id, day, ended, keepable)
    SELECT channel_id, queue_id, day, {_sum("seen")}, {_sum("keepable")}
      FROM counted
     WHERE key = '{WHOLE}'
     GROUP BY channel_id, queue_id, day
        ON CONFLICT (channel_id, queue_id, day) DO UPDATE SET {_added("endings", "ended", "keepable")}
"""

# Each part is worked out once, whatever PostgreSQL expects of a table that was empty a moment ago.
_AGGREGATE = f"""
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
    ), usage AS ({_USAGE}), names AS ({_NAMES}), endings AS ({_ENDINGS})
    SELECT count(*) FROM taken
"""
