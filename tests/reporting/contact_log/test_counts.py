"""Counts as a table: the largest groups, the others together, rows and columns."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels_cfg.models import Right, User
from reporting.contact_log.counts import NOTHING, Rest, count
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery
from tests.factories import QueueFactory, grant, user_with
from tests.reporting.stories import abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
YEAR = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}
WAITS = {"a": [10, 20, 30], "b": [40, 50], "c": [60, 70], "d": [100], "e": [180]}
"""Seconds that customers waited, by the value of a key."""


def asked(**params: list[str]) -> LogQuery:
    return LogQuery.parse(YEAR | params, zone=ZoneInfo("UTC"), now=NOON)


@pytest.fixture
def viewer() -> User:
    """May see two queues, Sales with all these conversations, Service with one."""
    sales, service = (QueueFactory(name=name, statistics_keys=["letter"]) for name in ("Sales", "Service"))
    for letter, waits in WAITS.items():
        for place, waited in enumerate(waits):
            at = NOON + place * timedelta(days=1)
            conversation = served(sales, received_at=at, data={"letter": letter})
            type(conversation).objects.filter(pk=conversation.pk).update(accepted_at=at + timedelta(seconds=waited))
    abandoned(service, received_at=NOON, waited=timedelta(seconds=90))
    run_reporting_job()
    return grant(user_with(Right.VIEW_REPORTS, on=sales), Right.VIEW_REPORTS, on=service)


@pytest.mark.django_db
def test_the_others_have_the_average_of_all_their_conversations(viewer, monkeypatch):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_ROWS", 2)

    counted = count(asked(by=["key:letter"]), viewer)

    assert counted.rows == [("value:a",), ("value:b",), Rest.OTHERS]
    assert counted.groups_of_rows == 6
    others = counted.at(Rest.OTHERS)
    assert (others["conversations"], others["abandoned"]) == (5, 1)
    assert others["average_wait"] == pytest.approx((60 + 70 + 100 + 180 + 90) / 5)
    assert others["service_level"] == 0
    assert counted.at(("value:a",))["service_level"] == pytest.approx(2 / 3)


@pytest.mark.django_db
def test_groups_across_and_intervals_down_add_up(viewer, monkeypatch):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_COLUMNS", 2)

    counted = count(asked(interval=["day"], by=["key:letter"], received_before=["2026-03-06"]), viewer)

    assert counted.columns == [("value:a",), ("value:b",), Rest.OTHERS]
    assert len(counted.rows) == 64
    third = counted.rows[-2]
    assert counted.at(third, ("value:a",))["average_wait"] == 30
    assert counted.at(third, ("value:b",)) == NOTHING
    assert counted.at(third)["conversations"] == 1
    assert counted.at(column=Rest.OTHERS)["conversations"] == 5


@pytest.mark.django_db
def test_groups_down_and_across_are_folded_each_on_its_side(viewer, monkeypatch):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_COLUMNS", 1)
    monkeypatch.setattr("reporting.contact_log.counts.MOST_ROWS", 3)
    query = asked(by=["key:letter"], across=["queue"])

    counted = count(query, viewer)

    assert (len(counted.rows), len(counted.columns)) == (4, 2)
    assert (counted.groups_of_rows, counted.groups_of_columns) == (6, 2)
    assert counted.at(Rest.OTHERS, Rest.OTHERS)["conversations"] == 1
    assert counted.at(Rest.OTHERS)["conversations"] == 3


@pytest.mark.django_db
@pytest.mark.parametrize("side", ["by", "across"])
def test_of_however_many_groups_few_leave_the_database_in_one_statement(
    side, viewer, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("reporting.contact_log.counts.MOST_ROWS", 1)
    monkeypatch.setattr("reporting.contact_log.counts.MOST_COLUMNS", 1)
    query = asked(**{side: ["key:letter"]})
    rights = 2

    with django_assert_num_queries(rights + 1):
        counted = count(query, viewer)

    assert len(counted.numbers) == 3


@pytest.mark.django_db
def test_where_nothing_is_found_there_is_a_total_of_nothing(viewer):
    for sides in ({}, {"by": ["queue"]}, {"by": ["queue"], "across": ["agent"]}, {"interval": ["month"]}):
        counted = count(asked(state=["false_attempt"], **sides), viewer)

        assert counted.at() == NOTHING
