"""Small groups on a page: counted with others, hidden, and not to be worked out."""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg.models import Queue, Right, SystemSettings, User
from reporting.contact_log.comparison import compare
from reporting.contact_log.counts import HIDDEN, NOTHING, Counted, Rest
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery
from reporting.contact_log.small_groups import count_shown, hide_small
from reporting.models import ContactLogEntry
from tests.factories import QueueFactory, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}


def asked(**params: list[str]) -> LogQuery:
    return LogQuery.parse(YEAR | params, zone=ZoneInfo("UTC"), now=NOON)


def viewer_of(sizes: Mapping[str, int], *, days: int = 1) -> User:
    """May see a queue with so many conversations of each value of a key, spread over days; smallest group: 3."""
    queue = QueueFactory(statistics_keys=["letter"])
    for letter, size in sizes.items():
        for place in range(size):
            served(queue, received_at=NOON + (place % days) * timedelta(days=1), data={"letter": letter})
    run_reporting_job()
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 3})
    return user_with(Right.VIEW_REPORTS, on=queue)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"a": 5, "b": 3}, {"a": 5, "b": 3}),
        ({"a": 5, "b": 4, "c": 2, "d": 1}, {"a": 5, "b": 4, "others": 3}),
        ({"a": 5, "b": 4, "c": 2}, {"a": 5, "others": 6}),
        ({"a": 5, "b": 4, "c": 1, "d": 1}, {"a": 5, "others": 6}),
        ({"a": 5, "b": 1}, {"others": 6}),
        ({"a": 1, "b": 1, "c": 1}, {"others": 3}),
    ],
)
def test_small_groups_are_counted_with_the_next_larger_one_where_they_were_known_without_it(sizes, shown):
    counted = count_shown(asked(by=["key:letter"]), viewer_of(sizes))

    found = {"others" if row is Rest.OTHERS else row[0].removeprefix("value:"): row for row in counted.rows}
    assert {name: counted.at(row)["conversations"] for name, row in found.items()} == shown
    assert counted.at()["conversations"] == sum(sizes.values())
    assert counted.groups_of_rows == len(sizes)


@pytest.mark.django_db
def test_of_a_question_with_fewer_conversations_no_number_is_shown():
    counted = count_shown(asked(by=["key:letter"], interval=["month"]), viewer_of({"a": 1, "b": 1}))

    assert (counted.rows, counted.columns, counted.at()) == ([], [], HIDDEN)


@pytest.mark.django_db
def test_without_the_setting_every_group_is_shown():
    viewer = viewer_of({"a": 2, "b": 1})
    SystemSettings.objects.update(smallest_group=1)

    assert len(count_shown(asked(by=["key:letter"]), viewer).rows) == 2


@pytest.mark.django_db
def test_intervals_of_few_conversations_are_hidden_with_another():
    viewer = viewer_of({"a": 7, "b": 2, "c": 1}, days=3)  # 5, 3 and 2 a day
    query = asked(received_before=["2026-03-06"], interval=["day"])

    counted = count_shown(query, viewer)

    busy = [row for row in counted.rows if counted.at(row) is not NOTHING]
    assert [counted.at(row)["conversations"] for row in busy] == [5, None, None]
    assert counted.at()["conversations"] == 10


@pytest.mark.django_db
def test_what_is_compared_with_shows_no_small_number_either():
    viewer = viewer_of({"a": 4, "b": 4})
    queue = QueueFactory()
    for place in range(4):
        abandoned(queue, received_at=NOON + (place == 3) * timedelta(days=1))
    run_reporting_job()
    viewer.access_rights.create(right=Right.VIEW_REPORTS, queue=queue)
    query = asked(interval=["day"], received_before=["2026-03-05"], compare=[f"queue:{queue.pk}"])

    counted = count_shown(query, viewer)
    comparison = compare(query, counted, viewer)

    numbers = [comparison.at(row)["conversations"] for row in counted.rows]
    assert (comparison.at()["conversations"], {number for number in numbers if number != 0}) == (4, {None})


@pytest.mark.django_db
def test_what_is_folded_and_compared_is_counted_once():
    viewer = viewer_of({"a": 5, "b": 4, "c": 2, "d": 1})
    for letter, seconds in (("c", 10), ("d", 40)):
        ContactLogEntry.objects.filter(kept_data__letter=letter).update(waited_seconds=seconds)
    query = asked(by=["key:letter"], compare=[f"queue:{Queue.objects.get().pk}"])

    with CaptureQueriesContext(connection) as asked_for:
        counted = count_shown(query, viewer)
        comparison = compare(query, counted, viewer)

    assert comparison and counted.rows[-1] is Rest.OTHERS
    assert (counted.at(Rest.OTHERS)["conversations"], counted.at(Rest.OTHERS)["average_wait"]) == (3, 20)
    assert all(comparison.at(row) == counted.at(row) for row in (*counted.rows, Rest.ALL))
    assert sum("GROUP BY CUBE" in one["sql"] for one in asked_for) == 2  # the question, and what it is compared with


# Not to be worked out


@pytest.mark.django_db
def test_nothing_small_follows_where_a_part_is_compared_or_nothing_with_something():
    viewer = viewer_of({"a": 5})
    first, other = Queue.objects.get(), QueueFactory(name="Other", statistics_keys=["letter"])
    viewer.access_rights.create(right=Right.VIEW_REPORTS, queue=other)

    def received(letters: str) -> None:
        for letter in letters:
            served(other, received_at=NOON, data={"letter": letter})
        run_reporting_job()

    def compared(with_: str = f"queue:{first.pk}", **params: list[str]) -> Any:
        query = asked(by=["key:letter"], compare=[with_], **params)
        comparison = compare(query, count_shown(query, viewer), viewer)
        assert comparison
        return comparison.at()["conversations"]

    received("aacccc")
    assert compared() is None  # of 7 with the letter a, so that 2 were of the other queue
    assert compared(queue=["Other"]) == 5  # of which it has none
    received("ab")
    assert compared(kept=["letter=a"]) == 5
    later = {"received_after": ["2027-01-01"], "received_before": ["2028-01-01"]}
    assert (compared("previous", **later), compared("previous", kept=["letter=b"], **later)) == (13, None)


def table(numbers: list[list[int]]) -> Counted:
    rows = [(f"row {place}",) for place in range(len(numbers))]
    columns = [(f"column {place}",) for place in range(len(numbers[0]))]
    cells = {
        (row, column): number
        for row, line in zip(rows, numbers, strict=True)
        for column, number in zip(columns, line, strict=True)
    }
    for row in rows:
        cells[row, Rest.ALL] = sum(cells[row, column] for column in columns)
    for column in (*columns, Rest.ALL):
        cells[Rest.ALL, column] = sum(cells[row, column] for row in rows)
    measured = {heads: {**NOTHING, "conversations": number} for heads, number in cells.items()}
    return Counted(rows, columns, measured, len(rows), len(columns))


def worked_out(shown: Counted) -> set[object]:
    """The hidden numbers that follow from the others: rows and columns add up to their totals."""
    unknown = list(shown.hidden)
    sums = [[(row, column) for column in shown.columns] + [(row, Rest.ALL)] for row in shown.rows]
    sums += [[(row, column) for row in shown.rows] + [(Rest.ALL, column)] for column in (*shown.columns, Rest.ALL)]
    lines = [[Fraction((heads in parts[:-1]) - (heads == parts[-1])) for heads in unknown] for parts in sums]
    solved = reduced(lines)
    return {unknown[line.index(1)] for line in solved if sum(1 for number in line if number) == 1}


def reduced(lines: Iterable[list[Fraction]]) -> list[list[Fraction]]:
    """In reduced row echelon form, without empty lines."""
    rest, done = [line for line in lines if any(line)], []
    while rest:
        line = rest.pop()
        place = next(at for at, number in enumerate(line) if number)
        line = [number / line[place] for number in line]
        cleared = [
            [[a - other[place] * b for a, b in zip(other, line, strict=True)] for other in group]
            for group in (rest, done)
        ]
        rest, done = [other for other in cleared[0] if any(other)], [*cleared[1], line]
    return done


def test_nothing_small_is_shown_or_follows_from_what_is_shown():
    dice = random.Random(5)
    hidden = 0
    for _ in range(400):
        width = dice.randrange(1, 5)
        numbers = [[dice.choice([0, 0, 1, 2, 4, 9]) for _ in range(width)] for _ in range(dice.randrange(1, 6))]
        whole = table(numbers)
        columns = [whole.at(column=column)["conversations"] for column in whole.columns]
        if any(0 < number < 3 for number in [*columns, whole.at()["conversations"]]):
            continue  # groups of columns are not small: they were counted with others

        shown = hide_small(whole, 3)

        small = {heads for heads, found in whole.numbers.items() if 0 < found["conversations"] < 3}
        assert all(shown.at(*heads) is HIDDEN for heads in small), numbers
        assert not small & worked_out(shown), numbers
        hidden += len(small)
    assert hidden > 100
