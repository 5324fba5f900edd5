"""Keeping schedules, and starting their runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from channels_cfg.models import OpeningHours, Right, User
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ReportSchedule, RunRow, ScheduledRun
from reporting.models.report_schedule import RUNS_KEPT
from reporting.schedules.planning import (
    RunUnderWay,
    delete_old_runs,
    run_again,
    run_now,
    save_schedule,
    start_due_runs,
)
from tests.factories import OpeningHoursFactory, QueueFactory, UserFactory, user_with
from tests.reporting.contact_log.test_fill import eventually_waiting
from tests.reporting.schedules.schedules import NOON, ran, saved_report, scheduled, worked_on
from tests.reporting.stories import Elsewhere, served

MORNING = datetime(2026, 3, 28, 4, 59, tzinfo=UTC)
"""06:59 in Helsinki, the day before its clocks go forward."""
SEVEN = MORNING + timedelta(minutes=1)


@pytest.fixture
def owner(db: None) -> User:
    return user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="rita")


def runs() -> list[tuple[datetime | None, int]]:
    return list(ScheduledRun.objects.order_by("pk").values_list("planned_at", "missed"))


def test_a_due_schedule_runs_once_and_is_planned_anew_on_its_clock(owner):
    schedule = scheduled(owner, now=MORNING)

    for now in (MORNING, SEVEN, SEVEN + timedelta(seconds=10)):
        start_due_runs(now=now)

    schedule.refresh_from_db()
    assert runs() == [(SEVEN, 0)]
    assert schedule.next_at == SEVEN + timedelta(hours=23)


def test_of_times_that_the_portal_missed_the_latest_runs(owner):
    schedule = scheduled(owner, now=MORNING)

    start_due_runs(now=MORNING + timedelta(days=3, hours=5))

    assert runs() == [(datetime(2026, 3, 31, 4, tzinfo=UTC), 3)]
    assert ScheduledRun.objects.get().as_of == datetime(2026, 3, 31, 4, tzinfo=UTC)
    assert ReportSchedule.objects.get(pk=schedule.pk).next_at == datetime(2026, 4, 1, 4, tzinfo=UTC)


def test_what_is_paused_or_belongs_to_whoever_may_not_sign_in_does_not_run(owner):
    paused = scheduled(owner, now=MORNING)
    ReportSchedule.objects.filter(pk=paused.pk).update(next_at=None)
    gone = user_with(Right.VIEW_REPORTS, on=QueueFactory())
    scheduled(gone, now=MORNING)
    User.objects.filter(pk=gone.pk).update(is_active=False)

    start_due_runs(now=SEVEN)

    assert runs() == []


def test_days_on_which_nobody_works_are_left_out_as_opening_hours_are_when_the_time_comes(owner):
    hours = OpeningHoursFactory(exceptions=["2026-03-30 closed", "2026-03-31 closed"])  # a Monday and a Tuesday
    schedule = scheduled(owner, opening_hours=hours, now=MORNING - timedelta(days=1))

    for days in range(4):  # from Friday on
        start_due_runs(now=SEVEN + timedelta(days=days - 1))
    assert runs() == [(SEVEN - timedelta(days=1), 0)]

    OpeningHours.objects.update(exceptions=["2026-03-30 closed"])
    start_due_runs(now=datetime(2026, 4, 2, 4, tzinfo=UTC))  # when the portal was away since Tuesday
    assert runs()[1:] == [(datetime(2026, 4, 2, 4, tzinfo=UTC), 2)]

    hours.delete()
    schedule.refresh_from_db()
    assert (schedule.next_at, schedule.opening_hours) == (datetime(2026, 4, 3, 4, tzinfo=UTC), None)


def test_opening_hours_that_are_closed_at_every_time_are_refused(owner):
    with pytest.raises(ValidationError, match="closed on all days on which it would run"):
        scheduled(owner, opening_hours=OpeningHoursFactory(), cron="0 7 * * 0,6")


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_start_a_run_once():
    scheduled(user_with(Right.VIEW_REPORTS, on=QueueFactory()), now=MORNING)

    with transaction.atomic():
        start_due_runs(now=SEVEN)
        Elsewhere(lambda: start_due_runs(now=SEVEN)).finish()
    Elsewhere(lambda: start_due_runs(now=SEVEN)).finish()

    assert runs() == [(SEVEN, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_scheduler_that_dies_before_the_commit_leaves_the_run_to_the_next():
    scheduled(user_with(Right.VIEW_REPORTS, on=QueueFactory()), now=MORNING)

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        start_due_runs(now=SEVEN)
        raise KeyboardInterrupt
    assert runs() == []
    start_due_runs(now=SEVEN + timedelta(minutes=1))

    assert runs() == [(SEVEN, 0)]


def test_words_of_the_period_are_about_the_moment_of_the_run_on_the_clock_of_the_schedule(owner):
    report = saved_report(owner, period=["yesterday"], zone=["America/New_York"])
    scheduled(owner, report=report, cron="30 0 * * *", now=datetime(2026, 3, 29, 12, tzinfo=UTC))
    start_due_runs(now=datetime(2026, 3, 29, 22, tzinfo=UTC))  # 01:00 in Helsinki, half an hour late

    run = worked_on(ScheduledRun.objects.get())

    assert run.query["received_after"] == ["2026-03-29T00:00:00+02:00"]
    assert run.query["received_before"] == ["2026-03-30T00:00:00+03:00"]
    assert run.query["zone"] == ["Europe/Helsinki"]


def test_a_run_made_again_asks_for_the_same_period(owner):
    report = saved_report(owner, period=["yesterday"])
    with time_machine.travel(NOON, tick=False):
        first = ran(scheduled(owner, report=report))

    with time_machine.travel(NOON + timedelta(days=5), tick=False):
        second = worked_on(run_again(first, now=timezone.now()))
        third = worked_on(run_now(first.schedule, now=timezone.now()))

    assert second.query == first.query != third.query


@pytest.mark.parametrize(
    ("facts", "field", "complaint"),
    [
        ({"cron": "99 7 * * *"}, "cron", "0–59"),
        ({"zone": "Mars/Olympus"}, "zone", "is not a time zone"),
        ({"zone": "EET"}, "zone", "is not a time zone"),
        ({"formats": []}, "formats", "cannot be blank"),
        ({"formats": ["pdf"]}, "formats", "not a valid choice"),
        ({"name": ""}, "name", "cannot be blank"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(owner, facts, field, complaint):
    with pytest.raises(ValidationError) as refused:
        scheduled(owner, **facts)

    assert complaint in " ".join(refused.value.message_dict[field])
    assert not ReportSchedule.objects.exists()


def test_recipients_are_people_who_view_reports(owner):
    def refused(*names: str) -> str:
        schedule = ReportSchedule(owner=owner, report=saved_report(owner), name="A", cron="0 7 * * *", zone="UTC")
        schedule.formats = ["csv"]
        with pytest.raises(ValidationError) as complaint:
            save_schedule(schedule, recipients=names, now=timezone.now())
        return " ".join(complaint.value.message_dict["recipients"])

    UserFactory(username="agent")
    user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="left", is_active=False)
    user_with(Right.VIEW_REPORTS, on=QueueFactory(), username="program", is_api_client=True)

    assert "is called: agent, left, program, nobody." in refused("rita", "agent", "left", "program", "nobody")
    assert "at least one recipient" in refused()
    assert "At most 50" in refused(*map(str, range(51)))


def test_nobody_schedules_the_report_of_somebody_else_or_two_under_one_name(owner):
    theirs = saved_report(UserFactory())
    with pytest.raises(ValidationError, match="or one that others share"):
        scheduled(owner, report=theirs)

    scheduled(owner)
    with pytest.raises(ValidationError, match="another schedule of this name"):
        scheduled(owner)


def test_a_period_that_is_asked_for_again_does_not_keep_the_schedule_from_running_now(owner):
    schedule = scheduled(owner)
    with time_machine.travel(NOON, tick=False):
        earlier = ran(schedule)
    again = run_again(earlier, now=NOON + timedelta(days=7))

    today = run_now(schedule, now=NOON + timedelta(days=7))

    assert (again.as_of, today.as_of) == (NOON, NOON + timedelta(days=7))
    for started, start in [(again, lambda: run_again(earlier, now=NOON)), (today, lambda: run_now(schedule, now=NOON))]:
        with pytest.raises(RunUnderWay) as told:
            start()
        assert told.value.run == started


def test_a_name_is_one_line_and_each_format_comes_once(owner):
    schedule = scheduled(owner, name="Gold\r\nBcc: you@example.com", formats=["csv", "xlsx", "csv"])

    schedule.refresh_from_db()
    assert (schedule.name, schedule.formats) == ("Gold Bcc: you@example.com", ["csv", "xlsx"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_have_it_run_at_once_the_second_is_told_of_the_first(owner):
    schedule = scheduled(owner)

    with transaction.atomic():
        first = run_now(schedule, now=timezone.now())
        second = Elsewhere(lambda: run_now(schedule, now=timezone.now()))
        eventually_waiting("%reporting_reportschedule%")

    with pytest.raises(RunUnderWay) as told:
        second.finish()
    assert told.value.run == first


def test_old_runs_go_with_their_rows_and_of_many_the_newest_stay(owner):
    served(QueueFactory(), received_at=NOON)
    run_reporting_job()
    schedule = scheduled(owner)

    def ended(schedule: ReportSchedule, **ago: int) -> ScheduledRun:
        run = run_now(schedule, now=timezone.now() - timedelta(**ago))
        ScheduledRun.objects.filter(pk=run.pk).update(state="done", finished_at=timezone.now())
        return run

    kept = [ended(schedule, hours=number) for number in range(RUNS_KEPT + 2)]
    old = ended(scheduled(owner, name="Other"), days=91)
    unfinished = run_now(old.schedule, now=timezone.now() - timedelta(days=92))

    delete_old_runs(now=timezone.now())

    assert set(ScheduledRun.objects.values_list("pk", flat=True)) == {run.pk for run in [*kept[:RUNS_KEPT], unfinished]}
    assert not RunRow.objects.exists()
