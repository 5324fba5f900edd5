"""When schedules run."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from reporting.schedule_times import PlainTimes, check_cron, in_words, latest_time, times

HELSINKI = ZoneInfo("Europe/Helsinki")


def on_the_clock(expression: str, *after: int, number: int = 3) -> list[str]:
    """The next times in Helsinki after a moment in UTC."""
    found = times(expression, HELSINKI, after=datetime(*after, tzinfo=UTC))
    return [f"{at.astimezone(HELSINKI):%m-%d %H:%M %z}" for at in islice(found, number)]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((2026, 3, 27, 12), ["03-28 07:00 +0200", "03-29 07:00 +0300", "03-30 07:00 +0300"]),
        ((2026, 10, 23, 12), ["10-24 07:00 +0300", "10-25 07:00 +0200", "10-26 07:00 +0200"]),
    ],
)
def test_seven_in_helsinki_stays_seven_in_march_and_october(after, expected):
    assert on_the_clock("0 7 * * *", *after) == expected


def test_a_time_that_a_day_does_not_have_comes_once_at_the_first_moment_after():
    skipped = ["03-29 04:00 +0300", "03-30 03:30 +0300"]

    assert on_the_clock("30 3 * * *", 2026, 3, 28, 12, number=2) == skipped
    assert on_the_clock("30 3 * * *", 2026, 3, 29, 0, 59, number=2) == skipped
    assert on_the_clock("30 3 * * *", 2026, 3, 29, 1, number=1) == skipped[1:]
    assert on_the_clock("0,30 3 * * *", 2026, 3, 28, 12, number=2) == ["03-29 04:00 +0300", "03-30 03:00 +0300"]


def test_a_time_that_comes_twice_counts_once():
    assert on_the_clock("30 3 * * *", 2026, 10, 24, 12, number=2) == ["10-25 03:30 +0300", "10-26 03:30 +0200"]
    # between the two, before the second, and after it
    assert on_the_clock("30 3 * * *", 2026, 10, 25, 0, 45, number=1) == ["10-26 03:30 +0200"]
    assert on_the_clock("30 3 * * *", 2026, 10, 25, 1, 15, number=1) == ["10-26 03:30 +0200"]
    assert on_the_clock("30 3 * * *", 2026, 10, 25, 1, 45, number=1) == ["10-26 03:30 +0200"]


def test_every_hour_passes_as_hours_do():
    assert on_the_clock("15 * * * *", 2026, 10, 25, 0, number=3) == [
        "10-25 03:15 +0300",
        "10-25 03:15 +0200",
        "10-25 04:15 +0200",
    ]


def test_of_times_that_were_missed_the_latest_counts():
    due, now = datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 5, 4, tzinfo=UTC)

    def latest(now: datetime, *left_out: int) -> tuple[datetime, int] | None:
        return latest_time("0 7 * * *", HELSINKI, due=due, now=now, is_left_out=lambda at: at.day in left_out)

    assert latest(now) == (datetime(2026, 3, 4, 5, tzinfo=UTC), 2)
    assert latest(due) == (due, 0)
    assert latest(now, 2, 4) == (datetime(2026, 3, 3, 5, tzinfo=UTC), 0)
    assert latest(now, 2, 3, 4) is None


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("0 7 * *", "five fields"),
        ("0 0 7 * * *", "five fields"),
        ("@daily", "five fields"),
        ("60 7 * * *", "minute, the first"),
        ("0 24 * * *", "hour, the second"),
        ("0 7 32 * *", "third of the five"),
        ("0 7 * MAI *", "month, the fourth"),
        ("0 7 * * 9", "0 is Sunday"),
        ("* 7 * * *", "at most 4 times an hour"),
        ("*/10 * * * *", "at most 4 times an hour"),
        ("0 7 30 2 *", "third of the five"),
        ("0 7 31 FEB,JUN *", "third of the five"),
    ],
)
def test_what_is_wrong_with_an_expression_is_said_by_field(expression, complaint):
    with pytest.raises(ValidationError, match=complaint):
        check_cron(expression)


@pytest.mark.parametrize(
    ("plain", "cron", "words"),
    [
        (PlainTimes("day", "07:00"), "0 7 * * *", "Every day at 07:00"),
        (PlainTimes("weekday", "23:59"), "59 23 * * 1-5", "Every day from Monday to Friday at 23:59"),
        (PlainTimes("week", "07:05", weekdays=("1", "0")), "5 7 * * 1,0", "Every week on Monday, Sunday at 07:05"),
        (PlainTimes("month", "00:00", day="31"), "0 0 31 * *", "Every month on day 31 at 00:00"),
        (PlainTimes("month", "06:30", day="L"), "30 6 L * *", "Every month on the last day at 06:30"),
    ],
)
def test_a_choice_in_words_is_an_expression_and_back(plain, cron, words):
    check_cron(cron)

    assert plain.as_cron() == cron
    assert PlainTimes.of(cron) == plain
    assert in_words(cron) == words


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 7 1 * 1", "At 07:00 on the first day of month and on Monday"),
        ("0 */2 * * *", "At minute 0 past every second hour"),
        ("30 8 * 1,7 1-5", "At 08:30 on Monday through Friday in January and July"),
    ],
)
def test_other_expressions_are_described(cron, words):
    assert PlainTimes.of(cron) is None
    assert in_words(cron) == words


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        (PlainTimes("day", "7 o'clock"), "at"),
        (PlainTimes("day", "24:00"), "at"),
        (PlainTimes("week", "07:00"), "weekdays"),
        (PlainTimes("month", "07:00"), "day"),
    ],
)
def test_what_a_choice_lacks_is_said_by_field(plain, field):
    with pytest.raises(ValidationError) as refused:
        plain.as_cron()

    assert list(refused.value.message_dict) == [field]
