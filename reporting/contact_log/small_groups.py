"""Small groups are counted together, where the settings name the smallest group that reports show.

A smaller number of conversations, unless it is 0, is not shown and cannot be worked out of the other numbers of the
page: neither by subtraction from a total nor from rows and columns together. Nothing is promised of measures within a
group that is shown, of several questions together, or of rows and files, which are a matter of rights.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from channels_cfg.models import SystemSettings, User
from reporting.contact_log.counts import NOTHING, Counted, Head, Rest, count, fold
from reporting.contact_log.query import LogQuery


def smallest_shown() -> int:
    """Of how many conversations a group is at least that the settings let reports show; 0: of any number."""
    smallest = SystemSettings.load().smallest_group
    return smallest if smallest > 1 else 0


def number_shown(
    sizes: Sequence[int], smallest: int, together: Callable[[int], int], *, number: int | None = None
) -> int:
    """How many groups are shown, of which there are ``number`` or as many as ``sizes``, the largest first.

    None of them is small; and the others are none, or two at least and not small together: ``together`` says of how
    many conversations all are but so many of the largest.
    """
    number = len(sizes) if number is None else number
    for most in range(len(sizes), 0, -1):
        is_rest_safe = most == number or (number - most > 1 and together(most) >= smallest)
        if sizes[most - 1] >= smallest and is_rest_safe:
            return most
    return 0


def count_shown(query: LogQuery, user: User) -> Counted:
    """What the query counts, with small groups among the others and small cells hidden, as the settings say."""
    counted, smallest = count(query, user), smallest_shown()
    if not smallest:
        return counted
    if not counted.at()["conversations"]:
        return replace(counted, smallest=smallest)
    if counted.at()["conversations"] < smallest:
        return nothing_shown(replace(counted, rows=[], columns=[], smallest=smallest))
    rows = counted.rows if query.interval else _kept(counted, smallest)
    columns = _kept(counted, smallest, are_columns=True)
    return hide_small(fold(counted, rows, columns), smallest)


def hide_small(counted: Counted, smallest: int) -> Counted:
    """The same without the numbers of rows and cells that are small, and of as many others as keep them unknown."""
    totals = _hidden_totals(counted, smallest)
    hidden: set[tuple[Head, Head]] = {(row, Rest.ALL) for row in totals}
    hidden |= {(row, column) for row in _hidden_rows(counted, smallest, totals) for column in counted.columns}
    return replace(counted, hidden=hidden, smallest=smallest)


def totals_only(counted: Counted, smallest: int) -> Counted:
    """The same without cells and totals of columns, and without small totals of rows."""
    if not smallest:
        return counted
    is_small = 0 < counted.at()["conversations"] < smallest
    totals = counted.rows if is_small else _hidden_totals(counted, smallest)
    hidden: set[tuple[Head, Head]] = {(row, Rest.ALL) for row in totals} | (
        {(Rest.ALL, Rest.ALL)} if is_small else set()
    )
    hidden |= {(row, column) for row in (*counted.rows, Rest.ALL) for column in counted.columns}
    return replace(counted, hidden=hidden, smallest=smallest)


def tells_a_small_rest(whole: Counted, part: Counted, smallest: int) -> bool:
    """Whether few conversations of a row, or of all, are left when a part of them is taken away."""
    left = (_size(whole, row) - _size(part, row) for row in (*whole.rows, Rest.ALL))
    return any(0 < number < smallest for number in left)


def nothing_shown(counted: Counted) -> Counted:
    """The same without any number."""
    heads = {(row, column) for row in (*counted.rows, Rest.ALL) for column in (*counted.columns, Rest.ALL)}
    return replace(counted, hidden=heads)


def _size(counted: Counted, row: Head, column: Head = Rest.ALL) -> int:
    """How many conversations there are, shown or not."""
    return int(counted.numbers.get((row, column), NOTHING)["conversations"])


def _kept(counted: Counted, smallest: int, *, are_columns: bool = False) -> Sequence[Head]:
    """The groups that are shown, and the others where there are more."""
    heads = counted.columns if are_columns else counted.rows
    groups = [head for head in heads if isinstance(head, tuple)]
    number = counted.groups_of_columns if are_columns else counted.groups_of_rows
    sizes = [_size(counted, Rest.ALL, head) if are_columns else _size(counted, head) for head in groups]
    total = _size(counted, Rest.ALL)
    most = number_shown(sizes, smallest, lambda most: total - sum(sizes[:most]), number=number)
    return [*groups[:most], *([Rest.OTHERS] if most < number else [])]


def _hidden_totals(counted: Counted, smallest: int) -> set[Head]:
    """Rows with a small total, with the next larger ones until they are two at least and not small together."""
    by_size = sorted((row for row in counted.rows if _size(counted, row)), key=lambda row: _size(counted, row))
    hidden = [row for row in by_size if _size(counted, row) < smallest]
    if not hidden:
        return set()
    for row in by_size[len(hidden) :]:
        if len(hidden) > 1 and sum(_size(counted, each) for each in hidden) >= smallest:
            break
        hidden.append(row)
    return set(hidden)


def _hidden_rows(counted: Counted, smallest: int, totals: Collection[Head]) -> set[Head]:
    """Rows with a small cell or a hidden total, with others until they are two at least and of each column as many
    conversations are hidden as are not small.

    All cells of these rows are hidden: so each is unknown in its row and in its column, and on a circle of such cells,
    without which it could be worked out.
    """
    columns = counted.columns
    by_size = sorted((row for row in counted.rows if _size(counted, row)), key=lambda row: _size(counted, row))
    hidden = {row for row in by_size if any(0 < _size(counted, row, column) < smallest for column in columns)}
    hidden |= set(totals)
    sums = {column: sum(_size(counted, row, column) for row in hidden) for column in columns}
    for row in (row for row in by_size if row not in hidden):
        if not hidden or (len(hidden) > 1 and not any(0 < number < smallest for number in sums.values())):
            break
        hidden.add(row)
        sums = {column: number + _size(counted, row, column) for column, number in sums.items()}
    return hidden
