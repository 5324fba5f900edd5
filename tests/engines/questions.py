"""The questions of the report's page in SQL that engines of others understand, asked of the dataset's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporting.contact_log.counts import Counted, Rest
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

GROUPS = {
    "queue": f"CASE WHEN ended_in_ivr THEN {NO_QUEUE_YET} ELSE queue_id END",
    "agent": "agent_id",
    "channel": "channel_id",
    "messaging_channel": "coalesce(messaging_channel, '')",
    "direction": "direction",
    "state": "state",
    "disposition": "coalesce(disposition, '')",
}
OF_MAPS = (
    "CASE WHEN array_contains(map_keys(attached_data), '{key}') "
    "THEN concat('value:', coalesce(attached_data['{key}'], '')) "
    "ELSE concat('reason:', coalesce(missing['{key}'], CASE WHEN is_served THEN 'not_kept' ELSE 'abandoned' END)) END"
)
"""The group of a kept key, from the maps that files have."""


@dataclass(frozen=True)
class Dialect:
    """What engines call otherwise: how long a list is, a moment's type, the seconds since 1970 of a ``{moment}``, and
    the group of a kept ``{key}``."""

    length: str
    moment: str
    seconds: str
    group_of_key: str = OF_MAPS


def statement(query: LogQuery, dialect: Dialect) -> str:
    """The counts of a query without conditions but its period, on the clock of the session: the interval's start in
    seconds since 1970, the groups, the measures."""
    groups = [
        dialect.group_of_key.format(key=by.removeprefix(KEY)) if by.startswith(KEY) else GROUPS[by]
        for by in query.groupings
    ]
    if query.interval:
        groups.insert(0, dialect.seconds.format(moment=f"date_trunc('{query.interval}', received_at)"))
    measures = [measure.format(length=dialect.length) for measure in MEASURES.values()]
    places = ", ".join(str(place) for place, _group in enumerate(groups, start=1))
    period = (
        f"received_at >= CAST('{query.start.isoformat(sep=' ')}' AS {dialect.moment}) AND "
        f"received_at < CAST('{query.end.isoformat(sep=' ')}' AS {dialect.moment})"
    )
    return f"SELECT {', '.join([*groups, *measures])} FROM contact_log WHERE {period}" + (
        f" GROUP BY {places}" if groups else ""
    )


Counts = dict[tuple[Any, ...], tuple[float | None, ...]]


@dataclass(frozen=True)
class PageCounts:
    """What the page counts, by groups as ``statement`` has them; without those that it shows together."""

    shown: Counts
    are_all: bool

    def agree_with(self, engine: Counts) -> bool:
        """Whether an engine counts the same."""
        return engine == self.shown if self.are_all else self.shown.items() <= engine.items()

    @property
    def conversations(self) -> int:
        return sum(int(measures[0] or 0) for measures in self.shown.values())


def of_page(query: LogQuery, counted: Counted) -> PageCounts:
    """What the report's page shows for the query."""
    sides = [bool(query.interval or query.row_groupings), bool(query.column_groupings)]
    shown: Counts = {}
    for heads, numbers in counted.numbers.items():
        of_sides = [head for head, is_side in zip(heads, sides, strict=True) if is_side]
        if not any(isinstance(head, Rest) for head in of_sides):
            groups = [part for head in of_sides for part in ([head] if isinstance(head, datetime) else head)]
            key = tuple(int(group.timestamp()) if isinstance(group, datetime) else group for group in groups)
            shown[key] = tuple(_rounded(numbers[name]) for name in MEASURES)
    return PageCounts(shown, Rest.OTHERS not in [*counted.rows, *counted.columns])


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
