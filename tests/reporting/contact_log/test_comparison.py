"""A query beside the period before, the same weekdays before, or another queue."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from channels_cfg.models import Right
from reporting.contact_log.comparison import compare, compared_with
from reporting.contact_log.counts import Rest, count
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery
from tests.factories import QueueFactory, grant, user_with
from tests.reporting.stories import abandoned

NOON = datetime(2026, 4, 15, 12, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")


def asked(**params: list[str]) -> LogQuery:
    return LogQuery.parse(params, zone=HELSINKI, now=NOON)


def between(first: str, last: str) -> dict[str, list[str]]:
    return {"received_after": [first], "received_before": [last]}


@pytest.mark.parametrize(
    ("period", "way", "start", "end"),
    [
        ({"period": ["last_month"]}, "previous", "2026-02-01", "2026-03-01"),
        ({"period": ["this_month"]}, "previous", "2026-03-01", "2026-04-01"),
        (between("2026-01-01", "2026-04-01"), "previous", "2025-10-01", "2026-01-01"),
        ({"period": ["last_week"]}, "previous", "2026-03-30", "2026-04-06"),
        ({"period": ["yesterday"]}, "previous", "2026-04-13", "2026-04-14"),
        ({"period": ["yesterday"]}, "weekdays", "2026-04-07", "2026-04-08"),
        ({"period": ["last_month"]}, "weekdays", "2026-01-25", "2026-02-25"),
        (between("2026-03-29", "2026-03-30"), "previous", "2026-03-28", "2026-03-29"),
        (between("2026-03-30", "2026-04-01"), "previous", "2026-03-28", "2026-03-30"),
        (between("2026-03-29", "2026-03-31"), "weekdays", "2026-03-22", "2026-03-24"),
        (between("2026-10-25", "2026-10-26"), "weekdays", "2026-10-18", "2026-10-19"),
    ],
)
def test_periods_are_shifted_on_the_clock_of_the_zone(period, way, start, end):
    other = compared_with(asked(**period, compare=[way]))

    assert (other.start, other.end) == (
        datetime.combine(date.fromisoformat(start), datetime.min.time(), HELSINKI),
        datetime.combine(date.fromisoformat(end), datetime.min.time(), HELSINKI),
    )
    assert (other.compare, other.period) == ("", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "interval", "alone"),
    [
        (date(2026, 3, 29), "hour", []),
        (date(2026, 4, 5), "hour", ["03:00"]),
        (date(2026, 4, 5), "30_minutes", ["03:00", "03:30"]),
        (date(2026, 10, 25), "hour", ["03:00"]),
        (date(2026, 11, 1), "hour", []),
    ],
)
def test_an_hour_is_compared_with_the_same_hour_on_the_clock(day, interval, alone):
    queue = QueueFactory()
    week_before = datetime.combine(day - timedelta(days=7), datetime.min.time(), HELSINKI).replace(hour=10, minute=40)
    for at in (week_before, week_before, week_before + timedelta(days=7)):
        abandoned(queue, received_at=at.astimezone(UTC))
    run_reporting_job()
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    period = between(day.isoformat(), (day + timedelta(days=1)).isoformat())
    query = asked(**period, interval=[interval], compare=["weekdays"])

    counted = count(query, viewer)
    comparison = compare(query, counted, viewer)

    assert {row: comparison.at(row)["conversations"] for row in counted.rows if comparison.at(row)} | {} == {
        row: 2 * counted.at(row)["conversations"] for row in counted.rows if comparison.row(row)
    }
    assert comparison.at()["conversations"] == 2
    lonely = [row.astimezone(HELSINKI) for row in counted.rows if comparison.row(row) is None]
    assert [f"{row:%H:%M}" for row in lonely] == alone
    followed = [comparison.row(row) for row in counted.rows if comparison.row(row)]
    assert all(before < after for before, after in pairwise(followed))


@pytest.mark.django_db
def test_groups_are_compared_with_the_same_groups_whichever_are_the_largest_there(monkeypatch):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_ROWS", 1)
    queues = [QueueFactory() for _ in range(3)]
    viewer = user_with(Right.VIEW_REPORTS, on=queues[0])
    for number, queue in enumerate(queues):
        grant(viewer, Right.VIEW_REPORTS, on=queue)
        for _ in range(1 + number):
            abandoned(queue, received_at=NOON - timedelta(days=1))
        for _ in range(6 - 2 * number):
            abandoned(queue, received_at=NOON - timedelta(days=2))
    run_reporting_job()
    query = asked(period=["yesterday"], by=["queue"], compare=["previous"])

    counted = count(query, viewer)
    comparison = compare(query, counted, viewer)

    largest = (queues[2].pk,)
    assert counted.rows == [largest, Rest.OTHERS]
    heads = (largest, Rest.OTHERS, Rest.ALL)
    assert [counted.at(head)["conversations"] for head in heads] == [3, 3, 6]
    assert [comparison.at(head)["conversations"] for head in heads] == [2, 10, 12]


@pytest.mark.django_db
def test_another_queue_is_counted_by_the_other_conditions():
    sales, service = QueueFactory(name="Sales"), QueueFactory(name="Service")
    for _ in range(2):
        abandoned(service, received_at=NOON)
    abandoned(service, received_at=NOON, waited=timedelta(seconds=1))
    abandoned(sales, received_at=NOON)
    run_reporting_job()
    viewer = grant(user_with(Right.VIEW_REPORTS, on=sales), Right.VIEW_REPORTS, on=service)
    query = asked(period=["today"], queue=["Sales"], state=["abandoned"], compare=["queue:Service"])

    counted = count(query, viewer)

    assert (counted.at()["conversations"], compare(query, counted, viewer).at()["conversations"]) == (1, 2)
