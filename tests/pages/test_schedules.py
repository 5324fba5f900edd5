"""Schedules of reports in a browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_cfg.models import Right
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ReportSchedule
from tests.factories import OpeningHoursFactory, QueueFactory, user_with
from tests.pages.looks import shortcomings
from tests.reporting.schedules.schedules import ran, saved_report
from tests.reporting.stories import served

pytestmark = pytest.mark.django_db(transaction=True)


def wednesday_noon_of_last_week() -> datetime:
    """In Helsinki; the office is open, whenever the test runs."""
    now = timezone.localtime(timezone=ZoneInfo("Europe/Helsinki"))
    return now.replace(hour=12) - timedelta(days=now.weekday() + 5)


def test_a_schedule_is_made_by_keyboard_shows_its_next_times_and_its_runs(open_as):
    queue = QueueFactory(name="Chat sales", opening_hours=OpeningHoursFactory(name="Office"))
    reporter = user_with(Right.VIEW_REPORTS, on=queue, username="rita", time_zone="Europe/Helsinki")
    saved_report(reporter, "Last week", period=["last_week"], zone=["Europe/Helsinki"])
    served(queue, received_at=wednesday_noon_of_last_week())
    run_reporting_job()
    page = open_as(reporter, "/reports/schedules/new/")
    assert shortcomings(page) == []

    page.get_by_label("Saved report").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.type(" on two days")
    page.get_by_role("radio", name="Every week", exact=True).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("On day", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="On", exact=True)).to_be_hidden()
    page.keyboard.press("ArrowUp")
    page.get_by_role("checkbox", name="Monday").focus()
    for key in ("Tab", "Tab", "Tab", "Space"):
        page.keyboard.press(key)

    times = page.get_by_role("status", name="The next times")
    expect(times).to_contain_text("Every week on Monday, Thursday at 07:00")
    expect(times.get_by_role("listitem")).to_have_count(3)
    expect(times.get_by_role("listitem").first).to_have_text(
        re.compile(r"^(Monday|Thursday) \d{4}-\d\d-\d\d 07:00 UTC\+0[23]00$")
    )
    page.get_by_role("checkbox", name="Sunday").check()
    page.get_by_label("Not on days when closed").select_option("Office")
    expect(times).to_contain_text("Left out, since “Office” are closed all day: Sunday")
    assert shortcomings(page) == []
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Last week on two days")).to_be_visible()
    ran(ReportSchedule.objects.get())
    page.reload()
    expect(page.get_by_text("Unchanged")).to_be_visible()
    assert shortcomings(page) == []
    page.get_by_role("region", name="Runs").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Compared")).to_be_visible()
    assert shortcomings(page) == []
    page.goto("/reports/schedules/")
    assert shortcomings(page) == []
