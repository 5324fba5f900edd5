"""Counts of the Contact Log as a table: PostgreSQL groups, folds the smaller groups together and adds up.

One statement reads the entries once and gives all cells and totals. Of however many groups, no more leave the database
than a page shows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from operator import add
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Value

from channels_cfg.models import User
from reporting.contact_log.asked import MOST_BESIDE
from reporting.contact_log.measures import MEASURES
from reporting.contact_log.query import Group, LogQuery, grouping

MOST_ROWS = MOST_BESIDE
"""Groups one below the other."""
MOST_COLUMNS = 6
"""Groups beside one another; there are as many colours."""


class Rest(Enum):
    """What stands at the end of a table."""

    OTHERS = "others"
    """The groups that are not among the largest, together."""
    ALL = "all"


Head = Group | datetime | Rest
"""What a row or column is of: a group, an interval, or the rest."""
Numbers = Mapping[str, Any]
"""The measures by name; None where nothing has them."""
Sums = tuple[int, ...]
"""What measures are made of, in the order of ``_PARTS``."""

_PARTS = {
    part: expression
    for name, measure in MEASURES.items()
    for part, expression in ((f"{name}_sum", measure.sums), (f"{name}_per", measure.per))
    if expression is not None
}
_PLACES = [
    (name, list(_PARTS).index(f"{name}_sum"), list(_PARTS).index(f"{name}_per") if measure.per is not None else None)
    for name, measure in MEASURES.items()
]
"""Of each measure where among the parts its sum is, and what it is divided by."""

NOTHING: Numbers = {name: None if measure.per else 0 for name, measure in MEASURES.items()}
HIDDEN: Numbers = dict.fromkeys(MEASURES)
"""Instead of numbers that are not shown."""


@dataclass(frozen=True)
class Counted:
    """The numbers of a table."""

    rows: Sequence[Head]
    """The groups that are shown, the largest first, and at last the others, where there are more; or the intervals."""
    columns: Sequence[Head]
    numbers: Mapping[tuple[Head, Head], Numbers]
    groups_of_rows: int
    """How many there are, shown or not."""
    groups_of_columns: int
    without_data: Collection[Head] = frozenset()
    """The intervals in which nothing happened, where they are to show that there is no data."""
    smallest: int = 0
    """Groups of fewer conversations are among the others, and cells of fewer are hidden; 0: none."""
    hidden: Collection[tuple[Head, Head]] = frozenset()
    """The cells of which no number is shown."""
    sums: Mapping[tuple[Head, Head], Sums] = field(default_factory=dict)
    """What the numbers are made of."""

    def at(self, row: Head = Rest.ALL, column: Head = Rest.ALL) -> Numbers:
        """The numbers as they are shown."""
        return HIDDEN if (row, column) in self.hidden else self.numbers.get((row, column), NOTHING)

    def number(self, name: str, row: Head = Rest.ALL, column: Head = Rest.ALL) -> Any:
        """The measure there; None where nothing has it, or where there is no data."""
        return None if row in self.without_data else self.at(row, column)[name]


@dataclass(frozen=True)
class _Side:
    """One side of the table in SQL: rows or columns, by groups or by intervals."""

    name: str
    names: Sequence[str] = ()
    """Columns of the inner query by which it groups; none for intervals."""
    most: int = 0
    shown: Sequence[Head] | None = None
    """The groups to show; None: the largest."""

    @property
    def key(self) -> str:
        return f"jsonb_build_array({', '.join(self.names)})" if self.names else "at"

    @property
    def places(self) -> str:
        """SQL for the place of each group, by size; or of those that are given."""
        if self.shown is not None:
            return f"SELECT * FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS given ({self.name}, place)"
        return (
            f"SELECT {self.name}, row_number() OVER (ORDER BY sum(conversations_sum) DESC, {self.name}) AS place"
            f" FROM keyed GROUP BY {self.name}"
        )

    @property
    def folded(self) -> str:
        """SQL for the group, or null for one of the others."""
        return f"CASE WHEN {self.name}_places.place <= {self.most} THEN {self.name} END" if self.names else self.name

    def head(self, found: Any, *, is_total: bool) -> Head:
        if is_total:
            return Rest.ALL
        if isinstance(found, datetime):
            return found
        return Rest.OTHERS if found is None else tuple(json.loads(found))


def count(query: LogQuery, user: User, *, beside: Counted | None = None) -> Counted:
    """What the query counts of what the user may see. With ``beside``, its groups are shown, whatever their size."""
    sides = list(_sides(query, beside))
    names: dict[str, Any] = {"at": query.interval_start()} if query.interval else {}
    names |= {f"by_{place}": grouping(by) for place, by in enumerate(query.groupings)}
    names = names or {"everything": Value(1)}
    cells = query.entries(user).order_by().annotate(**names).values(*names).annotate(**_PARTS)
    try:
        inner, params = cells.query.sql_with_params()
    except EmptyResultSet:  # what is asked for, the user may see nothing of
        return _table([], sides, query)
    given = [json.dumps(_groups(side.shown)) for side in sides if side.shown is not None]
    with connection.cursor() as cursor:
        cursor.execute(_statement(inner, sides), [*params, *given])
        return _table(cursor.fetchall(), sides, query)


def fold(counted: Counted, rows: Sequence[Head], columns: Sequence[Head]) -> Counted:
    """The same with these rows and columns: groups that are not among them are added to the others."""
    sums: dict[tuple[Head, Head], Sums] = {}
    for (row, column), more in counted.sums.items():
        place = _among(rows, row), _among(columns, column)
        sums[place] = tuple(map(add, sums[place], more)) if place in sums else more
    return replace(counted, rows=rows, columns=columns, sums=sums, numbers=_measured(sums))


def _among(heads: Sequence[Head], head: Head) -> Head:
    return Rest.OTHERS if isinstance(head, tuple) and head not in heads else head


def _sides(query: LogQuery, beside: Counted | None) -> Iterator[_Side]:
    names = [f"by_{place}" for place in range(len(query.groupings))]
    rows = len(query.row_groupings)
    if query.interval:
        yield _Side("line")
    elif rows:
        yield _Side("line", names[:rows], MOST_ROWS, beside.rows if beside else None)
    if query.column_groupings:
        yield _Side("col", names[rows:], MOST_COLUMNS, beside.columns if beside else None)


def _statement(inner: str, sides: Sequence[_Side]) -> str:
    grouped = [side for side in sides if side.names]
    summed = ", ".join(_PARTS)
    keyed = ", ".join([*(f"{side.key} AS {side.name}" for side in sides), summed])
    folded = ", ".join([*(f"{side.folded} AS {side.name}" for side in sides), summed])
    tables = [f"cells AS ({inner})", f"keyed AS (SELECT {keyed} FROM cells)"]
    tables += [f"{side.name}_places AS ({side.places})" for side in grouped]
    joins = "".join(f" LEFT JOIN {side.name}_places USING ({side.name})" for side in grouped)
    tables.append(f"folded AS (SELECT {folded} FROM keyed{joins})")
    found = [expression for side in sides for expression in (side.name, f"grouping({side.name})")]
    found += [f"(SELECT count(*) FROM {side.name}_places)" for side in grouped]
    found += [f"coalesce(sum({part}), 0)::bigint" for part in _PARTS]
    by = f" GROUP BY CUBE ({', '.join(side.name for side in sides)})" if sides else ""
    return f"WITH {', '.join(tables)} SELECT {', '.join(found)} FROM folded{by}"


def _measured(sums: Mapping[tuple[Head, Head], Sums]) -> dict[tuple[Head, Head], Numbers]:
    return {heads: _numbers(parts) for heads, parts in sums.items()}


def _numbers(parts: Sums) -> Numbers:
    return {
        name: parts[total] if per is None else parts[total] / parts[per] if parts[per] else None
        for name, total, per in _PLACES
    }


def _table(found: Sequence[Sequence[Any]], sides: Sequence[_Side], query: LogQuery) -> Counted:
    sums: dict[tuple[Head, Head], Sums] = {}
    for row in found:
        heads = {side.name: side.head(row[2 * place], is_total=row[2 * place + 1]) for place, side in enumerate(sides)}
        sums[heads.get("line", Rest.ALL), heads.get("col", Rest.ALL)] = tuple(row[-len(_PARTS) :])
    numbers = _measured(sums)
    grouped = [side.name for side in sides if side.names]
    groups = dict(zip(grouped, found[0][2 * len(sides) :], strict=False)) if found else {}
    of_rows = {row: number["conversations"] for (row, column), number in numbers.items() if column is Rest.ALL}
    of_columns = {column: number["conversations"] for (row, column), number in numbers.items() if row is Rest.ALL}
    rows = query.intervals() if query.interval else _by_size(of_rows)
    return Counted(
        rows=rows,
        columns=_by_size(of_columns),
        numbers=numbers,
        sums=sums,
        groups_of_rows=groups.get("line", 0),
        groups_of_columns=groups.get("col", 0),
        without_data=set(rows) - set(of_rows) if query.interval and query.empty_is_no_data else frozenset(),
    )


def _groups(heads: Iterable[Head]) -> list[Group]:
    return [head for head in heads if isinstance(head, tuple)]


def _by_size(sizes: Mapping[Head, int]) -> list[Head]:
    """The groups, the largest first, then the others; without the total."""
    groups: list[Head] = [*sorted(_groups(sizes), key=lambda group: -sizes[group])]
    return [*groups, *([Rest.OTHERS] if Rest.OTHERS in sizes else [])]
