"""Counts of the Contact Log laid out as a table and a chart. Every number leads to its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from channels_cfg.models import User
from reporting.contact_log.asked import MOST_BESIDE
from reporting.contact_log.measures import IN_TABLES, MEASURES, Measure, Unit
from reporting.contact_log.query import Group, LogQuery, group_in, largest
from reporting.pages.group_words import GroupWords, grouping_label, interval_label

MOST_SERIES = 6
"""Groups beside one another, over time; there are as many colours."""
MOST_ROWS = MOST_BESIDE
"""Groups one below the other."""

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class CountCell:
    """A number and the address of the rows behind it; none where there are no rows, or too many groups to name."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class CountRow:
    label: str
    cells: Sequence[CountCell]
    is_reason: bool = False
    is_total: bool = False


@dataclass(frozen=True)
class CountTable:
    """The table, what the chart shows of it, and what a reader should know."""

    headings: Sequence[str]
    rows: Sequence[CountRow]
    chart: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    """What the chart says, in words."""
    left_out: int = 0
    """How many groups are folded into “others”."""


def count_table(query: LogQuery, user: User, totals: dict[str, Any]) -> CountTable:
    """Lay out what the query counts: over time where an interval is asked for, else group by group."""
    counts = query.counts(user)
    layout = _Layout(query, counts, totals)
    if not query.interval:
        return layout.groups()
    return layout.groups_over_time() if query.group_by else layout.over_time()


class _Layout:
    def __init__(self, query: LogQuery, counts: list[dict[str, Any]], totals: dict[str, Any]) -> None:
        self.query = query
        self.counts = counts
        self.totals = totals
        first, last = query.start.astimezone(query.zone), (query.end - MOMENT).astimezone(query.zone)
        self.spans_years = first.year != last.year
        self.words = [
            GroupWords.of(by, (count[f"by_{place}"] for count in counts)) for place, by in enumerate(query.group_by)
        ]

    # The three layouts

    def over_time(self) -> CountTable:
        """One row an interval, one column a measure."""
        found = {count["at"]: count for count in self.counts}
        starts = self.query.intervals()
        rows = [CountRow(self._time(at), self._measures(found.get(at, {}), self.query.drilled(at=at))) for at in starts]
        numbers = [found.get(at, {}).get("conversations", 0) for at in starts]
        return CountTable(
            headings=[_("Received"), *self._measure_headings()],
            rows=[*rows, self._total()],
            chart=self._chart(starts, [(_("Conversations"), numbers)]),
            message=self._peak(starts, numbers),
        )

    def groups_over_time(self) -> CountTable:
        """One row an interval, one column a group; the smaller groups together."""
        sizes: Counter[Group] = Counter()
        found: Counter[tuple[datetime, Group]] = Counter()
        for count in self.counts:
            sizes[group_in(count)] += count["conversations"]
            found[count["at"], group_in(count)] += count["conversations"]
        shown, left_out = self._largest(sizes, MOST_SERIES)
        starts = self.query.intervals()
        per_interval: Counter[datetime] = Counter()
        for (at, _group), number in found.items():
            per_interval[at] += number
        rows = []
        for at in starts:
            cells = [self._cell(found[at, group], self._drilled(group, at)) for group in shown]
            if left_out:
                number = per_interval[at] - sum(found[at, group] for group in shown)
                cells.append(self._cell_of_others(number, MOST_SERIES, at))
            rows.append(CountRow(self._time(at), [*cells, self._cell(per_interval[at], self.query.drilled(at=at))]))
        others = sum(sizes.values()) - sum(sizes[group] for group in shown)
        total = [self._cell(sizes[group], self._drilled(group)) for group in shown]
        total += [self._cell_of_others(others, MOST_SERIES)] if left_out else []
        total.append(self._cell(self.totals["conversations"], self.query.drilled()))
        names = [self._label(group) for group in shown]
        series = [(name, [found[at, group] for at in starts]) for name, group in zip(names, shown, strict=True)]
        if left_out:
            series.append((_("Others"), [per_interval[at] - sum(found[at, group] for group in shown) for at in starts]))
        return CountTable(
            headings=[_("Received"), *names, *([_("Others")] if left_out else []), _("All")],
            rows=[*rows, CountRow(_("All"), total, is_total=True)],
            chart=self._chart(starts, series),
            message=f"{self._peak(starts, [per_interval[at] for at in starts])} {self._largest_group(sizes)}",
            left_out=left_out,
        )

    def groups(self) -> CountTable:
        """One row a group, one column a measure; the smaller groups together."""
        sizes = Counter({group_in(count): count["conversations"] for count in self.counts})
        shown, left_out = self._largest(sizes, MOST_ROWS)
        by_group = {group_in(count): count for count in self.counts}
        rows = [
            CountRow(
                self._label(group),
                self._measures(by_group[group], self._drilled(group)),
                is_reason=self._is_reason(group),
            )
            for group in shown
        ]
        if left_out:
            rows.append(self._others([by_group[group] for group in sizes if group not in set(shown)]))
        labels = [self._label(group) for group in shown[:MOST_ROWS]]
        return CountTable(
            headings=[" · ".join(map(grouping_label, self.query.group_by)) or _("All"), *self._measure_headings()],
            rows=[*rows, self._total()] if self.query.group_by else rows,
            chart={
                "kind": "groups",
                "labels": labels[:12],
                "series": [{"label": _("Conversations"), "data": [sizes[group] for group in shown[:12]]}],
            }
            if self.query.group_by and shown
            else {},
            message=self._largest_group(sizes),
            left_out=left_out,
        )

    # Their parts

    def _label(self, group: Group) -> str:
        return " · ".join(words.word(part) for words, part in zip(self.words, group, strict=True)) or _("All")

    def _is_reason(self, group: Group) -> bool:
        return bool(group) and all(words.is_reason(part) for words, part in zip(self.words, group, strict=True))

    def _largest(self, sizes: Counter[Group], most: int) -> tuple[list[Group], int]:
        """The largest groups, and how many others there are."""
        shown = sorted(largest(sizes, most), key=lambda group: (-sizes[group], self._label(group)))
        return shown, len(sizes) - len(shown)

    def _drilled(self, group: Group, at: datetime | None = None) -> LogQuery:
        return self.query.drilled(at=at, groups=dict(zip(self.query.group_by, group, strict=True)))

    def _cell(self, number: int, drilled: LogQuery) -> CountCell:
        return CountCell(f"{number:,}", rows_address(drilled) if number else "")

    def _time(self, at: datetime) -> str:
        return interval_label(at, self.query.interval, self.query.zone, with_year=self.spans_years)

    def _measure_headings(self) -> list[str]:
        return [str(MEASURES[name].label) for name in IN_TABLES]

    def _measures(self, count: dict[str, Any], drilled: LogQuery) -> list[CountCell]:
        return [
            self._cell(count.get(name, 0), narrowed(drilled, MEASURES[name]))
            if MEASURES[name].unit == Unit.CONVERSATIONS
            else CountCell(in_words(MEASURES[name], count.get(name)))
            for name in IN_TABLES
        ]

    def _others(self, counts: list[dict[str, Any]]) -> CountRow:
        names = [name for name in IN_TABLES if MEASURES[name].unit == Unit.CONVERSATIONS]
        all_of_them, *parts = (sum(count[name] for count in counts) for name in names)
        cells = [self._cell_of_others(all_of_them, MOST_ROWS), *(CountCell(f"{number:,}") for number in parts)]
        return CountRow(_("Others"), [*cells, *[CountCell("")] * (len(IN_TABLES) - len(names))])

    def _cell_of_others(self, number: int, beside: int, at: datetime | None = None) -> CountCell:
        """Others of what are others already are a number alone."""
        if self.query.others:
            return CountCell(f"{number:,}")
        return self._cell(number, self.query.drilled(at=at, beside=beside))

    def _total(self) -> CountRow:
        return CountRow(_("All"), self._measures(self.totals, self.query.drilled()), is_total=True)

    def _chart(self, starts: list[datetime], series: list[tuple[str, list[int]]]) -> dict[str, Any]:
        return {
            "kind": "time",
            "labels": [self._time(at) for at in starts],
            "series": [{"label": name, "data": numbers} for name, numbers in series],
        }

    def _peak(self, starts: list[datetime], numbers: list[int]) -> str:
        if not any(numbers):
            return _("There were no conversations.")
        most = max(numbers)
        return _("Most conversations: %(time)s, %(number)s.") % {
            "time": self._time(starts[numbers.index(most)]),
            "number": f"{most:,}",
        }

    def _largest_group(self, sizes: Counter[Group]) -> str:
        if not self.query.group_by or not sizes:
            return ""
        (group, size), total = sizes.most_common(1)[0], sum(sizes.values())
        return _("The largest group is %(group)s with %(number)s of %(total)s (%(share)s %%).") % {
            "group": self._label(group),
            "number": f"{size:,}",
            "total": f"{total:,}",
            "share": round(100 * size / total),
        }


def rows_address(query: LogQuery) -> str:
    return f"{reverse('reports:rows')}?{query.as_address()}"


def narrowed(query: LogQuery, measure: Measure) -> LogQuery:
    """The query for the entries that the measure counts."""
    for name, values in measure.narrowed_to.items():
        query = query.narrowed(name, values)
    return query


def in_words(measure: Measure, number: float | None) -> str:
    """A number of the measure, as people read it."""
    if measure.unit == Unit.SECONDS:
        return duration(number)
    if measure.unit == Unit.SHARE:
        return "–" if number is None else f"{100 * number:.0f} %"
    return f"{number:,}"


def duration(seconds: float | None) -> str:
    """``2:05`` minutes and seconds, with hours where there are any; a dash for none."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
