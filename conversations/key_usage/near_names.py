"""Names that a person may take for another: “did you mean customerType?”, asked for a page of names at once.

How near two names are is the share of their trigrams that they have in common, in either case.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from channels_cfg.keys.catalogue import NEAR
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import Channel, Queue, SystemSettings

LISTED_NAMES = " UNION ".join(
    f"SELECT unnest({field}) AS name FROM {model._meta.db_table}"
    for model in (SystemSettings, Channel, Queue)
    for field in EXTRA_DATA_LISTS
)
"""Every name on any list, each once, as SQL."""

CANDIDATES = 100
"""Of more names that are near one, so many are compared: among thousands that differ in a number no one is meant."""

# Both indexes find what is near without reading all; the second takes milliseconds a name, and is left alone where the
# catalogue has all that is listed and seen. Names that are on a list and nowhere else have none; of those, only such as
# differ by a slip of the hand are compared.
_CONFIGURED = f"""
    SELECT name FROM (SELECT name FROM channels_cfg_attachedkey
                       WHERE lower(name) %% lower(asked.name) LIMIT {CANDIDATES}) AS catalogued
     UNION ALL
    SELECT name FROM (SELECT name FROM conversations_seenkey
                       WHERE EXISTS (SELECT FROM listed_and_seen)
                       ORDER BY lower(name) <-> lower(asked.name) LIMIT {CANDIDATES}) AS seen
     WHERE name IN (SELECT name FROM listed_and_seen)
     UNION ALL
    SELECT name FROM (SELECT name FROM only_listed
                       WHERE size BETWEEN length(asked.name) - 3 AND length(asked.name) + 3
                         AND initial = left(lower(asked.name), 1) LIMIT {CANDIDATES}) AS slips
"""

_SEEN = f"""
    SELECT name FROM conversations_seenkey
     WHERE last_seen_at >= %(since)s ORDER BY lower(name) <-> lower(asked.name) LIMIT {CANDIDATES}
"""

_LISTED = f"""
    listed AS MATERIALIZED (
        SELECT name, EXISTS (SELECT FROM conversations_seenkey AS key WHERE key.name = listed.name) AS seen
          FROM ({LISTED_NAMES}) AS listed
         WHERE NOT EXISTS (SELECT FROM channels_cfg_attachedkey AS key WHERE key.name = listed.name)),
    listed_and_seen AS MATERIALIZED (SELECT name FROM listed WHERE seen),
    only_listed AS MATERIALIZED (
        SELECT name, length(name) AS size, left(lower(name), 1) AS initial FROM listed WHERE NOT seen)
"""


def _nearest(candidates: str, *, also: str = "nothing AS (SELECT)") -> str:
    """Names that differ in a number only, such as line1 and line2, are not taken for each other."""
    return f"""
    WITH {also}
    SELECT asked.name, near.name
      FROM unnest(%(names)s::text[]) AS asked (name)
      CROSS JOIN LATERAL (
        SELECT candidate.name
          FROM ({candidates}) AS candidate
         WHERE similarity(candidate.name, asked.name) >= %(least)s
           AND regexp_replace(candidate.name, '[0-9]+', '0', 'g') <> regexp_replace(asked.name, '[0-9]+', '0', 'g')
         ORDER BY similarity(candidate.name, asked.name) DESC, candidate.name
         LIMIT 1
      ) AS near
    """


_NEAREST_CONFIGURED = _nearest(_CONFIGURED, also=_LISTED)
_NEAREST_SEEN = _nearest(_SEEN)


@transaction.atomic
def _ask(statement: str, asked: dict[str, Any]) -> dict[str, str]:
    with connection.cursor() as cursor:
        # What % takes for near, within this transaction.
        cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(NEAR)])
        cursor.execute(statement, asked | {"least": NEAR})
        return dict(cursor.fetchall())


def nearest_configured(names: Collection[str]) -> dict[str, str]:
    """For each of the names the nearest other one in the catalogue or on a list, where one is near."""
    return _ask(_NEAREST_CONFIGURED, {"names": list(names)})


def nearest_seen(names: Collection[str], *, since: datetime) -> dict[str, str]:
    """For each of the names the nearest other one that came in since, where one is near."""
    return _ask(_NEAREST_SEEN, {"names": list(names), "since": since})
