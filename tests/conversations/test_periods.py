from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations.periods import Period, bounds

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.TODAY, "2026-03-29T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        (Period.YESTERDAY, "2026-03-28T00:00:00+02:00", "2026-03-29T00:00:00+02:00"),
        (Period.LAST_7_DAYS, "2026-03-23T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        (Period.THIS_WEEK, "2026-03-23T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        (Period.LAST_WEEK, "2026-03-16T00:00:00+02:00", "2026-03-23T00:00:00+02:00"),
        (Period.LAST_30_DAYS, "2026-02-28T00:00:00+02:00", "2026-03-30T00:00:00+03:00"),
        (Period.THIS_MONTH, "2026-03-01T00:00:00+02:00", "2026-04-01T00:00:00+03:00"),
        (Period.LAST_MONTH, "2026-02-01T00:00:00+02:00", "2026-03-01T00:00:00+02:00"),
    ],
)
def test_a_period_has_whole_days_of_the_readers_calendar(period, start, end):
    day_of_23_hours = datetime(2026, 3, 29, 12, tzinfo=HELSINKI)

    assert [moment.isoformat() for moment in bounds(period, now=day_of_23_hours, zone=HELSINKI)] == [start, end]


def test_a_day_on_which_clocks_move_has_23_hours():
    start, end = bounds(Period.TODAY, now=datetime(2026, 3, 29, 12, tzinfo=HELSINKI), zone=HELSINKI)

    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)


def test_today_is_the_readers_today():
    late_in_utc = datetime(2026, 12, 31, 23, tzinfo=UTC)

    start, end = bounds(Period.THIS_MONTH, now=late_in_utc, zone=HELSINKI)

    assert (start.year, start.month, end.month) == (2027, 1, 2)
