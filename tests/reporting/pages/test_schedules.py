"""Schedules on pages."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from channels_cfg.models import Queue, Right, User
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ReportFile, ReportSchedule, RunRecipient, SavedReport, ScheduledRun
from reporting.pages.saved_reports import address_of
from reporting.schedules.planning import run_now
from tests.factories import OpeningHoursFactory, QueueFactory, user_with
from tests.reporting.schedules.schedules import NOON, completed, ran, saved_report, scheduled, shared_report
from tests.reporting.stories import served

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(name="Sales")


@pytest.fixture
def owner(queue: Queue) -> User:
    return user_with(Right.VIEW_REPORTS, on=queue, username="rita")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def typed(owner: User, **facts: Any) -> dict[str, Any]:
    report = saved_report(owner)
    plain = {"every": "weekday", "at": "07:00", "day": "1", "zone": "Europe/Helsinki", "formats": ["xlsx"]}
    return {"name": "Mornings", "report": report.pk, **plain, "recipients": "rita", **facts}


def said(client: Client, name: str, *args: Any, **query: Any) -> str:
    return client.get(reverse(f"reports:{name}", args=args), query).content.decode()


def test_a_schedule_is_made_from_a_saved_report_shown_changed_paused_and_deleted(owner):
    browser, report = signed_in(owner), saved_report(owner)
    assert f"?report={report.pk}" in said(browser, "saved")
    assert 'value="Europe/Helsinki"' in said(browser, "new_schedule", report=report.pk)

    answer = browser.post(reverse("reports:new_schedule"), typed(owner), headers={"Host": "portal.example"})
    schedule = ReportSchedule.objects.get()
    assert answer.status_code == 302
    assert (schedule.cron, schedule.origin, schedule.next_at is not None) == (
        "0 7 * * 1-5",
        "http://portal.example/",
        True,
    )
    assert "Every day from Monday to Friday at 07:00 (Europe/Helsinki)" in said(browser, "schedule", schedule.pk)
    assert "and its schedule with its runs" in said(browser, "saved")

    changed = typed(owner, every="week", weekdays=["1", "4"], formats=["csv", "jsonl"])
    browser.post(reverse("reports:edit_schedule", args=[schedule.pk]), changed)
    schedule.refresh_from_db()
    assert (schedule.cron, schedule.formats) == ("0 7 * * 1,4", ["csv", "jsonl"])

    browser.post(reverse("reports:pause_schedule", args=[schedule.pk]))
    assert "It is paused" in said(browser, "schedule", schedule.pk)
    browser.post(reverse("reports:pause_schedule", args=[schedule.pk]))
    assert ReportSchedule.objects.get().next_at == schedule.next_at
    browser.post(reverse("reports:delete_schedule", args=[schedule.pk]))
    assert not ReportSchedule.objects.exists()


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ({"at": ""}, "Write a time such as 07:00."),
        ({"every": "week"}, "Choose at least one day of the week."),
        ({"every": "cron", "cron": "0 7 * *"}, "Write five fields"),
        ({"zone": "EET"}, "“EET” is not a time zone"),
        ({"formats": []}, "Choose at least one format."),
        ({"recipients": "rita, <b>"}, "No user who views reports is called: &lt;b&gt;."),
        ({"recipients": ""}, "Name at least one recipient"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(owner, facts, complaint):
    page = signed_in(owner).post(reverse("reports:new_schedule"), typed(owner, **facts)).content.decode()

    assert page.count(complaint) == 1 and 'value="Mornings"' in page
    assert not ReportSchedule.objects.exists()


def test_the_next_three_times_are_told_as_it_is_typed(owner):
    browser, times = signed_in(owner), {"every": "cron", "cron": "0 12 29 2 *", "zone": "Europe/Helsinki"}

    told = said(browser, "schedule_times", **times)
    assert "At 12:00 on February 29 (Europe/Helsinki)" in told.replace("</strong>", "")
    assert [year in told for year in ("2028-02-29 12:00", "2032-02-29 12:00", "2036-02-29 12:00")] == [True] * 3
    assert "UTC+0200" in told
    assert "Write a time such as 07:00." in said(browser, "schedule_times", every="day", at="7", zone="UTC")
    assert "is not a time zone" in said(browser, "schedule_times", every="day", at="07:00", zone="Mars")


def test_days_that_are_left_out_are_told_with_the_opening_hours_that_the_viewer_may_know(owner, queue):
    holidays = {"exceptions": ["2028-02-29 closed"], "weekly": ["Mon-Sun 08:00-16:00"]}
    hours, elsewhere = OpeningHoursFactory(name="Office", **holidays), OpeningHoursFactory(name="Elsewhere", **holidays)
    browser, times = signed_in(owner), {"every": "cron", "cron": "0 12 29 2 *", "zone": "Europe/Helsinki"}
    saved_report(owner)
    assert "Not on days when closed" not in said(browser, "new_schedule")
    Queue.objects.filter(pk=queue.pk).update(opening_hours=hours)

    told = said(browser, "schedule_times", **times, opening_hours=hours.pk)
    assert "Left out, since “Office” are closed all day: Tuesday 2028-02-29" in told and "2040-02-29 12:00" in told
    page = said(browser, "new_schedule")
    assert "Office" in page and "Elsewhere" not in page
    assert "Elsewhere" not in said(browser, "schedule_times", **times, opening_hours=elsewhere.pk)

    facts = typed(owner, every="cron", cron=times["cron"], opening_hours=hours.pk)
    browser.post(reverse("reports:new_schedule"), facts)
    schedule = ReportSchedule.objects.get()
    page = said(browser, "schedule", schedule.pk)
    assert "Tuesday 2028-02-29" in page and "2032-02-29 12:00" in page
    assert "2032-02-29" in said(browser, "schedules")
    Queue.objects.update(opening_hours=None)
    assert f'value="{hours.pk}" selected' in said(browser, "edit_schedule", schedule.pk)
    assert "Left out" in said(browser, "schedule_times", **times, opening_hours=hours.pk)


def test_a_shared_report_is_scheduled_and_nothing_of_it_is_told_once_it_is_not(owner, queue):
    otto = user_with(Right.VIEW_REPORTS, on=queue, username="otto")
    report, private = shared_report(otto, "Gold"), saved_report(otto, "Private")
    browser = signed_in(owner)
    assert f"?report={report.pk}" in said(browser, "saved")
    assert "Gold, of otto" in (page := said(browser, "new_schedule", report=report.pk)) and "Private" not in page
    facts = typed(owner, report=private.pk)
    assert "Select a valid choice" in browser.post(reverse("reports:new_schedule"), facts).content.decode()

    browser.post(reverse("reports:new_schedule"), facts | {"report": report.pk})
    schedule = ReportSchedule.objects.get()
    assert "(of otto, whose changes it follows)" in said(browser, "schedule", schedule.pk)
    assert "Mornings" in said(browser, "saved")
    page = said(signed_in(otto), "saved")
    assert "1 schedule of somebody else follows it" in page and "Mornings" not in page

    SavedReport.objects.filter(pk=report.pk).update(is_shared=False, name="SECRET")
    pages = [
        said(browser, "schedules"),
        said(browser, "schedule", schedule.pk),
        said(browser, "edit_schedule", schedule.pk),
    ]
    assert ["is not shared any more" in page for page in pages] == [True, True, False]
    assert "Choose another" in pages[2] and "SECRET" not in "".join(pages)
    ReportSchedule.objects.update(next_at=None)
    for step in ("pause", "run"):
        browser.post(reverse(f"reports:{step}_schedule", args=[schedule.pk]))
    assert ReportSchedule.objects.get().next_at is None and not ScheduledRun.objects.exists()


def test_schedules_of_others_are_not_found_by_a_recipient_who_can_leave(owner, queue):
    otto = user_with(Right.VIEW_REPORTS, on=queue, username="otto")
    schedule = scheduled(owner, owner, otto)
    run, browser = ran(schedule), signed_in(otto)

    pages = [
        ("schedule", schedule.pk),
        ("edit_schedule", schedule.pk),
        ("scheduled_run", run.pk),
        ("run_changes", run.pk),
    ]
    assert [browser.get(reverse(f"reports:{name}", args=[pk])).status_code for name, pk in pages] == [404] * 4
    assert "Sent to you by others" in said(browser, "schedules")

    browser.post(reverse("reports:leave_schedule", args=[schedule.pk]))

    assert [user.username for user in schedule.recipients.all()] == ["rita"]
    assert "Daily" not in said(browser, "schedules").split("notices")[-1].split("</div>", 2)[2]
    assert browser.post(reverse("reports:leave_schedule", args=[schedule.pk])).status_code == 404


def test_a_run_says_what_it_found_and_is_stale_once_rows_differ(owner, queue):
    served(queue, received_at=NOON)
    run_reporting_job()
    run = ran(scheduled(owner))
    browser = signed_in(owner)
    assert "Unchanged" in said(browser, "run_changes", run.pk)
    assert "No row was added, changed or removed." in said(browser, "scheduled_run", run.pk)
    assert browser.get(reverse("reports:scheduled_run", args=[run.pk]), headers={"HX-Request": "true"})["HX-Refresh"]

    served(queue, received_at=NOON)
    run_reporting_job()

    assert "Stale: 1 row differs now" in said(browser, "run_changes", run.pk)
    page = said(browser, "scheduled_run", run.pk, **{"with": "now"})
    assert "1 row, as you saw them" in page and "Added: <strong>1</strong> · New in the Contact Log" in page

    browser.post(reverse("reports:run_again", args=[run.pk]))
    again = ScheduledRun.objects.exclude(pk=run.pk).get()
    shown = said(browser, "schedule", run.schedule.pk)
    assert shown.index(reverse("reports:scheduled_run", args=[again.pk])) < shown.index(
        reverse("reports:scheduled_run", args=[run.pk])
    )
    assert (again.query, again.planned_at) == (run.query, None)
    assert shown.count("again, as of ") == shown.count("by hand") == 1
    assert "again as of " in said(browser, "scheduled_run", again.pk)


@pytest.mark.django_db(transaction=True)
def test_ones_own_file_is_fetched_from_the_page_of_its_run(owner, queue, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    anna = user_with(Right.VIEW_REPORTS, on=queue, username="anna")
    run = completed(run_now(scheduled(owner, owner, anna, quiet_when_empty=False), now=timezone.now()))

    fetched = re.findall(r'href="(/reports/files/[^"]+/download/)"', said(signed_in(owner), "scheduled_run", run.pk))

    assert fetched == [reverse("reports:download_file", args=[ReportFile.objects.get(owner=owner).pk])]


def test_runs_that_asked_different_questions_say_so(owner, queue):
    schedule = scheduled(owner)
    runs = [ran(schedule)]
    for columns, fields in (
        ({"column": ["field:queue"]}, {}),
        ({}, {"state": ["handled", "abandoned"]}),
        ({}, {"state": ["abandoned", "handled"]}),
    ):
        schedule.report.query = {**schedule.report.query, **columns, **fields}
        schedule.report.save()
        runs.append(ran(schedule))

    def is_told(one: ScheduledRun, other: ScheduledRun) -> bool:
        return "ask different questions" in said(signed_in(owner), "scheduled_run", one.pk, **{"with": str(other.pk)})

    assert [is_told(*pair) for pair in pairwise(runs)] == [False, True, False]


@pytest.mark.django_db(transaction=True)
def test_an_owner_is_told_nothing_of_rows_that_only_a_recipient_may_see(owner, queue, settings, tmp_path):
    """Else whoever names a colleague counts what they may not see, or learns whether there is any."""
    settings.MEDIA_ROOT = tmp_path
    for place in (queue, support := QueueFactory(name="Support")):
        served(place, received_at=NOON)
    run_reporting_job()
    otto = user_with(Right.VIEW_REPORTS, on=support, username="otto")
    anna = user_with(Right.VIEW_REPORTS, on=queue, username="anna")
    year = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}
    report = saved_report(owner, "Others", queue=["Support"], **year)
    browser, pages = signed_in(owner), []
    for name in ("Support", "Nowhere"):
        report.query["queue"] = [name]
        report.save()
        schedule = scheduled(owner, otto, anna, report=report, name=name, quiet_when_empty=True)
        run = completed(run_now(schedule, now=timezone.now()))
        page, runs = said(browser, "scheduled_run", run.pk), said(browser, "schedule", schedule.pk)
        pages.append([text.split("<tbody>")[1].split("</tbody>")[0] for text in (page, runs)])

    assert list(ReportFile.objects.values_list("owner__username", flat=True)) == ["otto"]
    (of_support, runs), (of_nowhere, other_runs) = pages
    assert of_support == of_nowhere
    assert "otto" in of_support and "There are no rows for this recipient." in of_support  # of Anna, who sees no more
    assert "2 of 2" in runs and "2 of 2" in other_runs

    schedule = scheduled(owner, otto, anna, report=report, name="All", quiet_when_empty=False)
    run = completed(run_now(schedule, now=timezone.now()))
    RunRecipient.objects.filter(run=run, user=otto).update(outcome="failed", reason="mail.example refused the e-mail")
    page = said(browser, "scheduled_run", run.pk)
    assert page.count("· 0 rows</div>") == 1 and "mail.example refused the e-mail" in page

    report.query["queue"] = ["Support"]
    report.save()
    run = completed(run_now(schedule, now=timezone.now()))
    otto.access_rights.all().delete()
    assert "· 1 row</div>" not in said(browser, "scheduled_run", run.pk)


def test_a_second_click_leads_to_the_run_that_is_under_way_and_makes_no_other(owner):
    schedule, browser = scheduled(owner), signed_in(owner)

    def clicked(step: str, pk: int) -> str:
        return browser.post(reverse(f"reports:{step}", args=[pk])).url

    first = clicked("run_schedule", schedule.pk)
    assert clicked("run_schedule", schedule.pk) == first
    run = completed(ScheduledRun.objects.get())
    assert "It is under way already" in said(browser, "scheduled_run", run.pk)

    repeated = clicked("run_again", run.pk)
    assert clicked("run_again", run.pk) == repeated != first
    completed(ScheduledRun.objects.latest("pk"))
    assert clicked("run_schedule", schedule.pk) not in (first, repeated)
    assert ScheduledRun.objects.count() == 3


def test_the_page_of_a_run_costs_the_same_for_one_recipient_and_for_many(owner, queue):
    others = [user_with(Right.VIEW_REPORTS, on=queue) for _ in range(3)]
    others += [user_with(Right.VIEW_REPORTS, on=QueueFactory()) for _ in range(3)]
    asked = []
    for recipients in ([owner], [owner, *others]):
        run = ran(scheduled(owner, *recipients, name=f"For {len(recipients)}", quiet_when_empty=False))
        browser = signed_in(owner)
        said(browser, "scheduled_run", run.pk)
        with CaptureQueriesContext(connection) as queries:
            page = said(browser, "scheduled_run", run.pk)
        assert page.count("Sees more in reports than you do") == (3 if others[0] in recipients else 0)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_whoever_lost_the_right_stops_schedules_and_changes_none(owner, queue):
    """Changing one tells which reports others share, and who views reports."""
    shared_report(user_with(Right.VIEW_REPORTS, on=queue), "Of others")
    schedule, browser = scheduled(owner), signed_in(owner)
    assert "Of others" in said(browser, "edit_schedule", schedule.pk)

    owner.access_rights.all().delete()

    for answer in (browser.get, browser.post):
        assert answer(reverse("reports:edit_schedule", args=[schedule.pk])).url == reverse("reports:index")
    browser.post(reverse("reports:pause_schedule", args=[schedule.pk]))
    schedule.refresh_from_db()
    assert schedule.next_at is None


def test_a_file_says_which_schedule_had_it_made_and_a_schedule_leads_to_its_report(owner, queue):
    served(queue, received_at=NOON)
    run_reporting_job()
    schedule = scheduled(owner, name="Mornings")
    ran(schedule)
    browser = signed_in(owner)

    assert "Schedule “Mornings”" in said(browser, "files")
    assert f'href="{escape(address_of(SavedReport.objects.get()))}"' in said(browser, "schedule", schedule.pk)


def test_the_list_says_of_which_schedule_the_latest_run_failed(owner, queue):
    ran(scheduled(owner))
    browser = signed_in(owner)
    assert "The latest run failed" not in said(browser, "schedules")

    ScheduledRun.objects.update(state="failed", finished_at=timezone.now())

    assert "The latest run failed" in said(browser, "schedules")
