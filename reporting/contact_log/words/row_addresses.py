"""Where the rows behind the numbers of a table are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from conversations.attached_data.kept_condition import LONGEST_TEXT
from reporting.contact_log.asked import PARAMETERS, Others
from reporting.contact_log.counts import Head, Rest
from reporting.contact_log.measures import MEASURES, Measure
from reporting.contact_log.query import LogQuery


class RowAddresses:
    """Addresses of the rows behind the cells of one query's table.

    A table over time has thousands of cells: the address of a column is made once, and each interval added to it.
    """

    def __init__(
        self, query: LogQuery, rows: Sequence[Head] = (), columns: Sequence[Head] = (), *, others_lead: bool = False
    ) -> None:
        self.query = query
        self.rows = rows
        self.columns = columns
        self.others_lead = others_lead and not query.others
        """Others of what are others already are a number alone."""
        self.made: dict[tuple[str, Head, Head], str] = {}
        self.moments: dict[datetime, str] = {}

    def of(self, name: str, row: Head = Rest.ALL, column: Head = Rest.ALL) -> str:
        """Of what the measure counts there; empty where no address can ask for it."""
        if isinstance(row, datetime):
            address = self.of(name, Rest.ALL, column)
            return f"{address}&{self._moment(row)}" if address and not self.query.at else address
        if (name, row, column) not in self.made:
            self.made[name, row, column] = self._make(MEASURES[name], row, column)
        return self.made[name, row, column]

    def _make(self, measure: Measure, row: Head, column: Head) -> str:
        groups: dict[str, Any] = {}
        beside: list[Others] = []
        for head, groupings, heads in (
            (row, self.query.row_groupings, self.rows),
            (column, self.query.column_groupings, self.columns),
        ):
            if isinstance(head, tuple):
                groups |= zip(groupings, head, strict=True)
            elif head is Rest.OTHERS:
                beside.append(Others(len(heads) - 1, groupings))
        if beside and not self.others_lead:
            return ""
        drilled = self.query.drilled(groups=groups, beside=beside)
        if any(len(condition.text) > LONGEST_TEXT for condition in drilled.kept):  # no address asks for so long a value
            return ""
        return rows_address(narrowed(drilled, measure))

    def _moment(self, start: datetime) -> str:
        if start not in self.moments:
            at = start.astimezone(UTC).astimezone(self.query.zone).isoformat()
            self.moments[start] = urlencode({"at": at}, safe=":")
        return self.moments[start]


def as_asked(sent: QueryDict, *, page: str = "reports:index") -> str:
    """The page that shows what was sent, and what is wrong with it."""
    asked = {name: values for name, values in sent.lists() if name in PARAMETERS}
    return page_of(asked, page=page)


def page_of(params: Mapping[str, Any], *, page: str) -> str:
    """The page that answers these parameters."""
    return f"{reverse(page)}?{urlencode(params, doseq=True, safe=':~')}"


def rows_address(query: LogQuery) -> str:
    return f"{reverse('reports:rows')}?{query.as_address()}"


def narrowed(query: LogQuery, measure: Measure) -> LogQuery:
    """The query for the entries that the measure counts."""
    for name, values in measure.narrowed_to.items():
        query = query.narrowed(name, values)
    return query
