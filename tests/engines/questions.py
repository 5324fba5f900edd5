"""The questions of the report's page in SQL that engines of others understand, asked of the dataset's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.contact_log.query import KEY, NO_QUEUE_YET, LogQuery

MEASURES = {
    "conversations": "count(*)",
    "served": "count(*) FILTER (WHERE is_served)",
    "abandoned": "count(*) FILTER (WHERE is_abandoned)",
    "false_attempts": "count(*) FILTER (WHERE is_false_attempt)",
    "service_level": "avg(CAST(within_service_level AS INT))",
    "average_wait": "avg(waited_seconds)",
    "average_ivr": "avg(ivr_seconds) FILTER (WHERE ivr_seconds > 0)",
    "average_handling": "avg(handling_seconds)",
    "average_hold": "avg(hold_seconds) FILTER (WHERE hold_seconds > 0)",
    "late": "count(*) FILTER (WHERE {length}(late_changes) > 0)",
}
"""The measures of the page, by its names for them; a page may have more."""

_GROUPS = {
    "queue": f"CASE WHEN ended_in_ivr THEN {NO_QUEUE_YET} ELSE queue_id END",
    "agent": "agent_id",
    "channel": "channel_id",
    "messaging_channel": "coalesce(messaging_channel, '')",
    "direction": "direction",
    "state": "state",
}
_KEY = (
    "CASE WHEN array_contains(map_keys(attached_data), '{key}') "
    "THEN concat('value:', coalesce(attached_data['{key}'], '')) "
    "ELSE concat('reason:', coalesce(missing['{key}'], CASE WHEN is_served THEN 'not_kept' ELSE 'abandoned' END)) END"
)


@dataclass(frozen=True)
class Dialect:
    """What engines call otherwise: how long a list is, and the seconds since 1970 of a moment."""

    length: str
    seconds: str


def statement(query: LogQuery, dialect: Dialect) -> str:
    """The counts of a query without conditions but its period, on the clock of the session: the interval's start in
    seconds since 1970, the groups, the measures."""
    groups = [_KEY.format(key=by.removeprefix(KEY)) if by.startswith(KEY) else _GROUPS[by] for by in query.group_by]
    if query.interval:
        groups.insert(0, f"{dialect.seconds}(date_trunc('{query.interval}', received_at))")
    measures = [measure.format(length=dialect.length) for measure in MEASURES.values()]
    places = ", ".join(str(place) for place, _group in enumerate(groups, start=1))
    period = (
        f"received_at >= TIMESTAMP WITH TIME ZONE '{query.start.isoformat(sep=' ')}' AND "
        f"received_at < TIMESTAMP WITH TIME ZONE '{query.end.isoformat(sep=' ')}'"
    )
    return f"SELECT {', '.join([*groups, *measures])} FROM contact_log WHERE {period}" + (
        f" GROUP BY {places}" if groups else ""
    )


Counts = dict[tuple[Any, ...], tuple[float | None, ...]]


def of_page(query: LogQuery, counts: Iterable[Mapping[str, Any]]) -> Counts:
    """What the page counts, by groups as ``statement`` has them."""
    found: Counts = {}
    for count in counts:
        groups: list[Any] = [int(count["at"].timestamp())] if query.interval else []
        groups += [count[f"by_{place}"] for place in range(len(query.group_by))]
        found[tuple(groups)] = tuple(_rounded(count[name]) for name in MEASURES)
    return found


def of_engine(rows: Iterable[Sequence[Any]]) -> Counts:
    """What an engine answered to ``statement``."""
    split = -len(MEASURES)
    return {
        tuple(int(group) if isinstance(group, float) else group for group in row[:split]): tuple(
            map(_rounded, row[split:])
        )
        for row in rows
    }


def _rounded(number: Any) -> float | None:
    return None if number is None else round(float(number), 6)
