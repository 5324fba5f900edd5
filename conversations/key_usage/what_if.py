"""What a list of keys would have kept of the conversations that were, answered from key usage.

The numbers are those that the lists would have led to, had they been so: conversations of queues whose own list takes
precedence do not count, and a parent counts where any of its keys was there. What is not yet added up is counted too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from channels_cfg.keys.effective_settings import Effective, effective_settings
from channels_cfg.models import Channel, Queue, SystemSettings
from conversations.key_usage.observations import WHOLE, parents_of
from conversations.pii_detectors import Hit

DAYS = 30


@dataclass(frozen=True)
class KeyEstimate:
    """What listing one key would have kept. ``keepable`` is None where its name is too rare to be counted."""

    key: str
    keepable: int | None
    share: float
    bytes_a_year: int
    hits: dict[Hit, int]
    included_in: str = ""
    """A parent on the same list, which includes the key already."""


@dataclass(frozen=True)
class Estimate:
    """What a list would have kept of the conversations of these days.

    ``keepable``: conversations that it would have judged, ``ended``: with those that nobody accepted. ``keys`` are
    those asked for, or, where the list is empty, those of the level above, which ``follows`` names. Bytes are of key
    and value; a year is reckoned from the days on which there were conversations.
    """

    days: int
    ended: int
    keepable: int
    keys: list[KeyEstimate]
    bytes_a_year: int
    hits: dict[Hit, int]
    follows: str = ""


def estimate(
    *,
    channel: Channel | None,
    queue: Queue | None = None,
    keys: Iterable[str],
    days: int = DAYS,
    now: datetime | None = None,
) -> Estimate:
    """What the statistics list ``keys`` would have kept, set on the queue, else on the channel, else on the system.

    One query whatever is asked, and one more where the list is empty.
    """
    today = (now or timezone.now()).astimezone(UTC).date()
    listed, follows = list(dict.fromkeys(keys)), ""
    if not listed:
        inherited = _inherited(channel, queue)
        listed, follows = inherited.value, inherited.origin if inherited.value else ""
    counted = _counts(channel, queue, [WHOLE, *listed], today - timedelta(days=days - 1))
    whole = counted[WHOLE]
    observed = (today - whole.first_day).days + 1 if whole.first_day else days
    per_year = 365 / max(1, min(days, observed))
    rows = [_key_estimate(key, counted[key], whole, listed, per_year) for key in listed]
    once = [row for row in rows if not row.included_in]
    bytes_a_year = sum(row.bytes_a_year for row in once)
    hits = {hit: number for hit in Hit if (number := sum(row.hits.get(hit, 0) for row in once))}
    return Estimate(days, whole.seen, whole.keepable, rows, bytes_a_year, hits, follows)


def _key_estimate(key: str, count: _Count, whole: _Count, listed: list[str], per_year: float) -> KeyEstimate:
    return KeyEstimate(
        key,
        count.keepable if count.is_known else None,
        count.keepable / whole.keepable if whole.keepable else 0.0,
        round(count.bytes * per_year),
        {Hit(name): number for name, number in sorted(count.hits.items())},
        next((parent for parent in parents_of(key) if parent in listed), ""),
    )


def _inherited(channel: Channel | None, queue: Queue | None) -> Effective[list[str]]:
    """The list that counts while the one asked about is empty."""
    if channel is None:
        return Effective([], "system")
    above = channel if queue else Channel(kind=channel.kind)
    return effective_settings(channel=above, system=SystemSettings.load()).statistics_keys


@dataclass(frozen=True)
class _Count:
    """Sums of one name; of one that is too rare to be known, nothing is told."""

    seen: int = 0
    keepable: int = 0
    bytes: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    first_day: date | None = None
    is_known: bool = False


_COUNTS = """
    WITH asked AS (SELECT unnest(%(keys)s::text[]) AS key),
    rows AS (
        SELECT key, channel_id, queue_id, day, seen, keepable, bytes, hits
          FROM conversations_keyusage
         WHERE key = ANY(%(keys)s) AND day >= %(first_day)s
         UNION ALL
        SELECT '', channel_id, queue_id, day, ended, keepable, 0, '{{}}'
          FROM conversations_endedcount
         WHERE day >= %(first_day)s
         UNION ALL
        SELECT key, channel_id, queue_id, day, 1, keepable::int, CASE WHEN keepable THEN bytes ELSE 0 END,
               CASE WHEN keepable THEN (SELECT coalesce(jsonb_object_agg(hit, 1), '{{}}') FROM unnest(hits) AS hit)
                    ELSE '{{}}' END
          FROM conversations_keyobservation
         WHERE key = ANY(%(keys)s) AND day >= %(first_day)s
    ), in_scope AS (
        SELECT * FROM rows WHERE {scope}
    )
    SELECT asked.key, coalesce(sums.seen, 0), coalesce(sums.keepable, 0), coalesce(sums.bytes, 0),
           coalesce(by_name.hits, '{{}}')::text, sums.first_day,
           asked.key = ''
               OR EXISTS (SELECT FROM conversations_seenkey WHERE name = asked.key)
               OR (SELECT count(*) FROM conversations_keyobservation WHERE key = asked.key) >= %(enough)s AS is_known
      FROM asked
      LEFT JOIN (SELECT key, sum(seen) AS seen, sum(keepable) AS keepable, sum(bytes) AS bytes, min(day) AS first_day
                   FROM in_scope
                  GROUP BY key) AS sums USING (key)
      LEFT JOIN (SELECT key, jsonb_object_agg(name, amount) AS hits
                   FROM (SELECT key, name, sum(number::bigint) AS amount
                           FROM in_scope CROSS JOIN LATERAL jsonb_each_text(hits) AS hit (name, number)
                          GROUP BY key, name) AS amounts
                  GROUP BY key) AS by_name USING (key)
"""

_WITH_A_LIST_OF_ITS_OWN = "SELECT id FROM channels_cfg_{} WHERE statistics_keys <> '{{}}'"

_OF_QUEUE = "queue_id = %(queue)s"
_FOLLOWING = f"(queue_id IS NULL OR queue_id NOT IN ({_WITH_A_LIST_OF_ITS_OWN.format('queue')}))"
_OF_CHANNEL = f"channel_id = %(channel)s AND {_FOLLOWING}"
_OF_SYSTEM = f"channel_id NOT IN ({_WITH_A_LIST_OF_ITS_OWN.format('channel')}) AND {_FOLLOWING}"


def _counts(channel: Channel | None, queue: Queue | None, keys: list[str], first_day: date) -> dict[str, _Count]:
    """In one statement, so that what is being added up meanwhile is counted once."""
    scope = _OF_QUEUE if queue else _OF_CHANNEL if channel else _OF_SYSTEM
    asked: dict[str, Any] = {
        "keys": keys,
        "first_day": first_day,
        "channel": channel and channel.pk,
        "queue": queue and queue.pk,
        "enough": settings.KEY_USAGE_MINIMUM_CONVERSATIONS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS.format(scope=scope), asked)
        return {
            key: _Count(int(seen), int(keepable), int(size), json.loads(hits), first, True) if is_known else _Count()
            for key, seen, keepable, size, hits, first, is_known in cursor.fetchall()
        }
