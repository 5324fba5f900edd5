"""When a queue is open, and when it opens next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels_cfg.models import OpeningHours
from channels_cfg.time_zones import zone_named

HELSINKI = zone_named("Europe/Helsinki")
HOURS = OpeningHours(
    time_zone="Europe/Helsinki",
    weekly=["Mon-Fri 08:00-12:00", "mon-thu 13:00-24:00"],
    exceptions=["2026-12-24 closed", "2026-12-25 10:00-11:00", "2026-12-26 closed"],
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


def test_a_day_on_which_they_do_not_open_at_all_is_one_of_their_time_zone():
    days = [f"2026-12-{day}T12:00" for day in (23, 24, 25, 26, 27, 28)]  # a Wednesday first
    assert [HOURS.opens_on_day_of(at(day)) for day in days] == [True, False, True, False, False, True]
    evening = datetime(2026, 12, 23, 22, tzinfo=UTC)  # midnight of the 24th in Helsinki
    assert [HOURS.opens_on_day_of(moment) for moment in (evening - timedelta(seconds=1), evening)] == [True, False]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-02T07:59:59", False),  # a Monday
        ("2026-03-02T08:00", True),
        ("2026-03-02T12:00", False),
        ("2026-03-02T23:59:59", True),
        ("2026-03-03T00:00", False),
        ("2026-03-07T10:00", False),
        ("2026-12-24T10:00", False),
        ("2026-12-25T10:30", True),
        ("2026-12-25T08:30", False),
        ("2026-07-01T08:00", True),  # in summer time too
    ],
)
def test_open_by_the_clock_of_their_time_zone(moment: str, is_open: bool):
    assert HOURS.is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-03-02T07:00", "2026-03-02T08:00"),
        ("2026-03-02T12:30", "2026-03-02T13:00"),
        ("2026-12-24T01:00", "2026-12-25T10:00"),
    ],
)
def test_the_next_opening_is_told(moment: str, opens: str):
    assert HOURS.next_opening(at(moment)) == at(opens)


def test_without_times_they_never_open():
    assert OpeningHours().next_opening(at("2026-03-02T07:00")) is None
