"""What the chart of a report shows, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django.utils.translation import gettext as _

from reporting.contact_log.asked import COMPARISONS
from reporting.contact_log.comparison import ComparedCounts
from reporting.contact_log.counts import Counted, Head, Rest
from reporting.contact_log.measures import MEASURES, Unit
from reporting.contact_log.query import LogQuery
from reporting.contact_log.words.number_words import for_chart, in_words

MOST_BARS = 12

_AXES = {Unit.CONVERSATIONS: "", Unit.SECONDS: "min", Unit.SHARE: "%"}


class Labels(Protocol):
    def __call__(self, head: Head, *, is_column: bool = False) -> str: ...


def count_chart(
    query: LogQuery,
    counted: Counted,
    rows: Sequence[Head],
    columns: Sequence[Head],
    label: Labels,
    comparison: ComparedCounts | None,
) -> dict[str, Any]:
    """What ``chart.js`` draws: bars upright over time, else lying; of conversations one upon the other. Compared, the
    totals and beside them the others."""
    shown = list(rows) if query.interval else [row for row in rows if row is not Rest.OTHERS][:MOST_BARS]
    if not shown:
        return {}
    name = query.shown_measures[0]
    measure = MEASURES[name]
    if comparison:
        series = [(str(measure.label), [counted.number(name, row) for row in shown])]
        other = str(COMPARISONS.get(query.compare, _("The other queue")))
        series.append((other, [comparison.number(name, row) for row in shown]))
    else:
        series = [
            (
                label(column, is_column=True) if columns else str(measure.label),
                [counted.number(name, row, column) for row in shown],
            )
            for column in columns or [Rest.ALL]
        ]
    return {
        "kind": "time" if query.interval else "groups",
        "stacked": measure.unit == Unit.CONVERSATIONS and not comparison,
        "unit": _AXES[measure.unit],
        "labels": [label(row) for row in shown],
        "series": [
            {"label": words, "data": [for_chart(measure, number) for number in numbers]} for words, numbers in series
        ],
    }


def message_of(query: LogQuery, counted: Counted, rows: Sequence[Head], columns: Sequence[Head], label: Labels) -> str:
    """What the chart says, in words."""
    if not counted.at()["conversations"]:
        return _("There were no conversations.")
    name = query.shown_measures[0]
    if name != "conversations":
        return _span(name, counted, rows, label)
    said = [_peak(name, counted, rows, label)] if query.interval else []
    return " ".join([*said, *_largest_group(counted, rows, columns, label)])


def _peak(name: str, counted: Counted, rows: Sequence[Head], label: Labels) -> str:
    most = max(rows, key=lambda row: counted.at(row)[name] or 0)
    return _("Most conversations: %(time)s, %(number)s.") % {
        "time": label(most),
        "number": f"{counted.at(most)[name] or 0:,}",
    }


def _span(name: str, counted: Counted, rows: Sequence[Head], label: Labels) -> str:
    found = [row for row in rows if counted.number(name, row) is not None]
    if not found:
        return ""
    least, most = (choose(found, key=lambda row: counted.at(row)[name]) for choose in (min, max))
    measure = MEASURES[name]
    words = {"measure": measure.label, "least": in_words(measure, counted.at(least)[name]), "where": label(least)}
    if len(found) == 1:
        return _("%(measure)s: %(least)s (%(where)s).") % words
    if counted.at(least)[name] == counted.at(most)[name]:
        return _("%(measure)s: %(least)s throughout.") % words
    return _("%(measure)s: from %(least)s (%(where)s) to %(most)s (%(where_most)s).") % {
        **words,
        "most": in_words(measure, counted.at(most)[name]),
        "where_most": label(most),
    }


def _largest_group(counted: Counted, rows: Sequence[Head], columns: Sequence[Head], label: Labels) -> list[str]:
    is_column = bool(columns)
    groups = [head for head in (columns or rows) if isinstance(head, tuple)]
    if not groups:
        return []
    numbers = counted.at(column=groups[0]) if is_column else counted.at(row=groups[0])
    size, total = numbers["conversations"], counted.at()["conversations"]
    words = _("The largest group is %(group)s with %(number)s of %(total)s (%(share)s %%).") % {
        "group": label(groups[0], is_column=is_column),
        "number": f"{size:,}",
        "total": f"{total:,}",
        "share": round(100 * size / total),
    }
    return [words]
