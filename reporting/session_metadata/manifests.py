"""Manifests of days at destinations: one line of JSON for each file that lies there."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from channels_cfg.metadata_destinations.stores import store_of
from reporting.models import DailyManifest, DeliveryPause, FileDelivery

BETWEEN_MANIFESTS = timedelta(minutes=1)
LINES_AT_ONCE = 5_000

_CHANGED = """
    INSERT INTO reporting_dailymanifest AS manifest (destination_id, day, state, changed_at, held_until)
    SELECT %(destination)s, day, 'waiting', %(now)s, %(at)s FROM unnest(%(days)s::date[]) AS day ORDER BY day
        ON CONFLICT (destination_id, day) DO UPDATE
       SET changed_at = excluded.changed_at,
           state = 'waiting', finished_at = NULL,
           held_until = CASE WHEN manifest.finished_at IS NULL THEN manifest.held_until ELSE excluded.held_until END,
           attempts = CASE WHEN manifest.finished_at IS NULL THEN manifest.attempts ELSE 0 END
"""


def day_of(ended_at: datetime) -> date:
    return ended_at.astimezone(UTC).date()


def note_changed(destination_id: int, days: Collection[date], *, now: datetime) -> None:
    """Have the manifests of these days written a minute from now, in the transaction that says what was delivered."""
    facts: dict[str, Any] = {
        "destination": destination_id,
        "days": sorted(days),
        "now": now,
        "at": now + BETWEEN_MANIFESTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, facts)


def write(manifest: DailyManifest) -> None:
    """Write the manifest of a day that the caller holds. Raises ``TryLater``, ``GiveUp`` and ``NoLongerHeld``."""
    lines = [line(row) for row in rows(manifest)]
    content = "".join(lines).encode()
    try:
        with store_of(manifest.destination) as store:
            store.put_manifest(manifest.day, content)
    except StoreRefused as refused:
        raise jobs.GiveUp(str(refused)) from None
    except StoreUnreachable as failure:
        DeliveryPause.objects.begin(manifest.destination, now=timezone.now(), reason=str(failure), after=failure.after)
        raise jobs.TryLater(str(failure), after=manifest.pause) from None
    _finish(manifest, files=len(lines))


def rows(manifest: DailyManifest) -> Iterator[dict[str, Any]]:
    """The files of the day's conversations that lie at the destination, as the list has them at this moment."""
    start = datetime.combine(manifest.day, time.min, tzinfo=UTC)
    of_day = FileDelivery.objects.ended_during(start, start + timedelta(days=1)).delivered()
    facts = ("name", "sha256", "size", "conversation_id", "conversation__number", "revision", "delivered_at")
    yield from (
        of_day.filter(destination=manifest.destination_id)
        .order_by("ended_at", "id")
        .values(*facts)
        .iterator(chunk_size=LINES_AT_ONCE)
    )


def line(row: dict[str, Any]) -> str:
    told = {
        "name": row["name"],
        "sha256": row["sha256"],
        "size": row["size"],
        "id": str(row["conversation_id"]),
        "number": row["conversation__number"],
        "revision": row["revision"],
        "delivered_at": row["delivered_at"].astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n"


def _finish(manifest: DailyManifest, *, files: int) -> None:
    """It is done, unless more was delivered since it was claimed: then it is due again."""
    now = timezone.now()
    held = DailyManifest.objects.held_by(manifest)
    facts: dict[str, Any] = {"made_at": now, "files": files, "holder": None}
    done = held.filter(changed_at=manifest.changed_at)
    if done.update(state=DailyManifest.State.DONE, finished_at=now, held_until=None, reason="", **facts):
        return
    if not held.update(held_until=now + BETWEEN_MANIFESTS, **facts):
        raise jobs.NoLongerHeld
