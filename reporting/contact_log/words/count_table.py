"""Counts of the Contact Log laid out as a table and a chart. Every number leads to its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reporting.contact_log.comparison import ComparedCounts
from reporting.contact_log.counts import HIDDEN, Counted, Head, Numbers, Rest
from reporting.contact_log.measures import MEASURES, Unit
from reporting.contact_log.query import LogQuery
from reporting.contact_log.words.compared import SMALL_BASE, Compared, compared
from reporting.contact_log.words.count_chart import count_chart, message_of
from reporting.contact_log.words.group_words import GroupWords, grouping_label, interval_label, word_for_others
from reporting.contact_log.words.number_words import in_words, why_empty
from reporting.contact_log.words.row_addresses import RowAddresses

BETWEEN_WORDS = " · "


@dataclass(frozen=True)
class BesideNumber:
    """A number of what the query is compared with, or why there is none."""

    number: float | None
    reason: str = ""


@dataclass(frozen=True)
class CountCell:
    """A number and the address of the rows behind it; none where there are no rows, or too many groups to name."""

    text: str
    address: str = ""
    reason: str = ""
    """Why there is no number."""
    number: float | None = None
    """What the text says, in the unit of its measure."""
    beside: BesideNumber | None = None
    """What it is compared with, also where the page shows nothing of it."""
    compared: Compared | None = None


@dataclass(frozen=True)
class Heading:
    label: str
    definition: str = ""
    is_reason: bool = False
    unit: Unit | None = None
    """Of the numbers below it; None where words are."""


@dataclass(frozen=True)
class CountRow:
    """``words`` say what it counts: one for each grouping, or one for all; ``begins`` is when an interval does."""

    words: Sequence[str]
    cells: Sequence[CountCell]
    begins: datetime | None = None
    is_reason: bool = False
    is_total: bool = False

    @property
    def label(self) -> str:
        return BETWEEN_WORDS.join(self.words)


@dataclass(frozen=True)
class CountTable:
    """The table, what the chart shows of it, and what a reader should know."""

    corners: Sequence[str]
    """What each of the words of a row is."""
    headings: Sequence[Heading]
    rows: Sequence[CountRow]
    caption: str = ""
    """What the cells are, where columns are groups."""
    chart: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    """What the chart says, in words."""
    warnings: Sequence[str] = ()
    """Which groups are folded together, and that numbers are hidden, in words."""
    small_base = SMALL_BASE

    @property
    def corner(self) -> str:
        return BETWEEN_WORDS.join(self.corners)

    @property
    def has_small_base(self) -> bool:
        """Whether some number is compared with few conversations."""
        cells = (cell.compared for row in self.rows for cell in row.cells)
        return any(compared is not None and compared.has_small_base for compared in cells)


def count_table(query: LogQuery, counted: Counted, comparison: ComparedCounts | None = None) -> CountTable:
    """Lay out what was counted: intervals or groups are rows, measures or groups are columns."""
    layout = _Layout(query, counted, comparison)
    return CountTable(
        corners=layout.corners,
        headings=layout.headings(),
        rows=[layout.row(head) for head in (*layout.rows, Rest.ALL)],
        caption=layout.caption(),
        chart=count_chart(query, counted, layout.rows, layout.columns, layout.label, comparison),
        message=message_of(query, counted, layout.rows, layout.columns, layout.label),
        warnings=layout.warnings(),
    )


class _Layout:
    def __init__(self, query: LogQuery, counted: Counted, comparison: ComparedCounts | None) -> None:
        self.query = query
        self.counted = counted
        self.comparison = comparison
        first, last = query.days
        self.spans_years = first.year != last.year
        self.words: dict[str, GroupWords] = {}
        for heads, groupings in ((counted.rows, query.row_groupings), (counted.columns, query.column_groupings)):
            groups = [head for head in heads if isinstance(head, tuple)]
            self.words |= {by: GroupWords.of(by, (group[at] for group in groups)) for at, by in enumerate(groupings)}
        self.rows = self._sorted(counted.rows)
        self.columns = self._sorted(counted.columns, are_columns=True)
        self.addresses = RowAddresses(query, self.rows, self.columns, others_lead=not counted.smallest)
        # Others there do not lead to their rows: the other query's own largest groups may be other ones.
        self.other_addresses = RowAddresses(comparison.query) if comparison else None

    @property
    def is_cross(self) -> bool:
        """Whether groups are columns, so that cells are one measure."""
        return bool(self.query.column_groupings)

    @property
    def corners(self) -> list[str]:
        if self.query.interval:
            return [_("Received")]
        return [*map(grouping_label, self.query.row_groupings)] or [_("All")]

    def caption(self) -> str:
        if not self.is_cross:
            return ""
        measure = MEASURES[self.query.shown_measures[0]]
        by = BETWEEN_WORDS.join(map(grouping_label, self.query.column_groupings))
        return _("%(measure)s by %(groups)s") % {"measure": measure.label, "groups": by}

    def headings(self) -> list[Heading]:
        if not self.is_cross:
            measures = (MEASURES[name] for name in self.query.shown_measures)
            return [Heading(str(measure.label), str(measure.definition), unit=measure.unit) for measure in measures]
        heads, unit = [*self.columns, Rest.ALL], MEASURES[self.query.shown_measures[0]].unit
        return [
            Heading(self.label(head, is_column=True), is_reason=self._is_reason(head, True), unit=unit)
            for head in heads
        ]

    def row(self, head: Head) -> CountRow:
        if self.is_cross:
            name = self.query.shown_measures[0]
            cells = [self._cell(name, head, column) for column in (*self.columns, Rest.ALL)]
        else:
            cells = [self._cell(name, head) for name in self.query.shown_measures]
        return CountRow(
            self.words_of(head),
            cells,
            begins=head if isinstance(head, datetime) else None,
            is_reason=self._is_reason(head, False),
            is_total=head is Rest.ALL,
        )

    def label(self, head: Head, *, is_column: bool = False) -> str:
        return BETWEEN_WORDS.join(self.words_of(head, is_column=is_column))

    def words_of(self, head: Head, *, is_column: bool = False) -> list[str]:
        if isinstance(head, datetime):
            return [interval_label(head, self.query.interval, self.query.zone, with_year=self.spans_years)]
        if isinstance(head, Rest):
            return [word_for_others(self.counted.smallest) if head is Rest.OTHERS else _("All")]
        parts = zip(self._groupings(is_column), head, strict=True)
        return [self.words[by].word(part) for by, part in parts]

    def warnings(self) -> list[str]:
        sides = (
            (self.query.row_groupings, self.counted.groups_of_rows, self.counted.rows),
            (self.query.column_groupings, self.counted.groups_of_columns, self.counted.columns),
        )
        folded = (side for side in sides if Rest.OTHERS in side[2])
        smallest = self.counted.smallest
        words = [_too_many(groupings, number, len(heads) - 1, smallest) for groupings, number, heads in folded]
        return [*words, *self._hidden(smallest)]

    # Their parts

    def _hidden(self, smallest: int) -> Iterator[str]:
        """That numbers are not shown, or not compared, for the sake of small groups."""
        if self.counted.hidden:
            words = _(
                "Numbers of fewer than %(smallest)s conversations are hidden,"
                " and as many others as keep them from being worked out."
            )
            yield words % {"smallest": smallest}
        if self.comparison and self.comparison.counted.hidden:
            words = _(
                "Comparisons are left out where groups of fewer than %(smallest)s conversations"
                " could be worked out from them."
            )
            yield words % {"smallest": smallest}

    def _groupings(self, are_columns: bool) -> tuple[str, ...]:
        return self.query.column_groupings if are_columns else self.query.row_groupings

    def _sorted(self, heads: Sequence[Head], *, are_columns: bool = False) -> list[Head]:
        """Groups of one size by name; intervals and the rest where they are."""

        def place(head: Head) -> tuple[int, str]:
            numbers = self.counted.at(column=head) if are_columns else self.counted.at(row=head)
            return (-numbers["conversations"], self.label(head, is_column=are_columns))

        groups = sorted((head for head in heads if isinstance(head, tuple)), key=place)
        return [*groups, *(head for head in heads if not isinstance(head, tuple))]

    def _is_reason(self, head: Head, is_column: bool) -> bool:
        if not isinstance(head, tuple) or not head:
            return False
        return all(self.words[by].is_reason(part) for by, part in zip(self._groupings(is_column), head, strict=True))

    def _cell(self, name: str, row: Head, column: Head = Rest.ALL) -> CountCell:
        numbers, measure = self.counted.at(row, column), MEASURES[name]
        if numbers is HIDDEN:
            words = _("hidden, so that groups of fewer than %(smallest)s cannot be worked out")
            reason = words % {"smallest": self.counted.smallest}
            return CountCell(_("hidden"), reason=reason, beside=self._beside(name, row, column))
        told = {**numbers, name: self.counted.number(name, row, column)}
        return CountCell(
            _("no data") if row in self.counted.without_data else in_words(measure, told[name]),
            self.addresses.of(name, row, column) if self._leads(name, numbers) else "",
            why_empty(name, told),
            told[name],
            self._beside(name, row, column),
            self._compared(name, told, row, column),
        )

    def _leads(self, name: str, numbers: Numbers) -> bool:
        """Whether a number leads to rows. Averages do where no number beside them does."""
        if MEASURES[name].unit == Unit.CONVERSATIONS:
            return bool(numbers[name])
        return self.is_cross and bool(numbers["conversations"])

    def _beside(self, name: str, row: Head, column: Head) -> BesideNumber | None:
        if self.comparison is None:
            return None
        numbers, counterpart = self.comparison.at(row, column), self.comparison.row(row)
        if numbers is None:
            return BesideNumber(None, _("no such interval"))
        if numbers is HIDDEN:
            return BesideNumber(None, _("hidden"))
        if counterpart in self.comparison.counted.without_data:
            return BesideNumber(None, _("no data"))
        return BesideNumber(numbers[name], why_empty(name, numbers))

    def _compared(self, name: str, numbers: Numbers, row: Head, column: Head) -> Compared | None:
        if self.comparison is None or self.other_addresses is None:
            return None
        other, other_row = self.comparison.at(row, column), self.comparison.row(row)
        if other is None or other_row is None:
            return None
        address = self.other_addresses.of(name, other_row, column) if self._leads(name, other) else ""
        told = {**other, name: self.comparison.number(name, row, column)}
        found = compared(name, numbers, told, address)
        is_without = other_row in self.comparison.counted.without_data
        return replace(found, number=_("no data")) if found and is_without else found


def _too_many(groupings: Sequence[str], number: int, shown: int, smallest: int) -> str:
    """That not all groups are shown, why, and what helps."""
    facts = {"key": BETWEEN_WORDS.join(map(grouping_label, groupings)), "number": f"{number:,}", "shown": shown}
    words = [_("%(key)s has %(number)s different values.") % facts]
    words.append(
        _("The %(shown)s with the most conversations are shown, all others are counted together under “Others”.")
        % facts
    )
    if smallest:
        words.append(_("Groups of fewer than %(smallest)s conversations are among them.") % {"smallest": smallest})
    else:
        words.append(_("Filters make them visible; files of rows hold every one."))
    return " ".join(words)
