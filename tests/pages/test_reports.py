"""Reports in a browser, with a worker that writes the files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery.contrib.testing.worker import start_worker
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_cfg.models import Right, User
from config.celery import app
from reporting.contact_log.columns import FIELDS_OF_ROWS
from reporting.contact_log.fill import run_reporting_job
from tests.factories import QueueFactory, user_with
from tests.pages.looks import shortcomings
from tests.reporting.stories import abandoned, served

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def worker(live_server) -> Iterator[None]:
    """A Celery worker on the same database."""
    with start_worker(app, perform_ping_check=False, pool="solo"):
        yield


@pytest.fixture
def reporter() -> User:
    """May view the reports of one queue, which had six conversations yesterday."""
    queue = QueueFactory(name="Chat sales", statistics_keys=["customerType"])
    yesterday = timezone.now() - timedelta(days=1)
    for value in ("gold", "gold", "gold", "silver"):
        served(queue, received_at=yesterday, data={"customerType": value, "customerId": "4711"})
    served(queue, received_at=yesterday)
    abandoned(queue, received_at=yesterday)
    run_reporting_job()
    return user_with(Right.VIEW_REPORTS, Right.VIEW_HISTORY, on=queue, time_zone="Europe/Helsinki")


def test_from_a_report_to_a_group_to_its_rows_to_a_file(open_as, worker, reporter):
    page = open_as(reporter, "/reports/")
    expect(page.locator(".measure").first).to_contain_text("6")

    page.get_by_label("Interval", exact=True).select_option("None")
    page.get_by_label("Group by").select_option("customerType")
    gold = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="gold"))
    expect(gold).to_contain_text("3")
    expect(page.locator("canvas")).to_have_attribute("aria-label", re.compile("largest group is gold with 3 of 6"))
    expect(page).to_have_url(re.compile("by=key:customerType"))
    page.get_by_role("button", name="Counts as Excel").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click(timeout=20_000)
    assert download.value.suggested_filename.startswith("counts_")
    page.get_by_role("link", name="Show what was asked").click()
    gold.get_by_role("link").first.click()

    expect(page.get_by_role("heading", name="3 conversations")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_text("choose, order and rename").click()
    page.get_by_label("Disposition", exact=True).uncheck()
    page.get_by_label("Heading of Queue").fill("Team")
    page.get_by_role("button", name="Move customerType up").focus()
    for _ in FIELDS_OF_ROWS:
        page.keyboard.press("Enter")
    expect(page.get_by_text("customerType is number 1 now.")).to_be_attached()
    dragged(page, "Queue", onto="Conversation")
    page.get_by_role("button", name="Show these columns").click()
    expect(page.locator("thead th")).to_contain_text(["customerType", "Team", "Conversation", "Received"])
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="← Rows").click()
    expect(page.locator("thead th")).to_contain_text(["customerType", "Team", "Conversation", "Received"])
    page.get_by_role("button", name="Rows as CSV").click()

    with page.expect_download() as download:
        page.locator(".file").first.get_by_role("link", name="Download").click(timeout=20_000)
    with download.value.path().open(encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert [line["customerType"] for line in lines] == ["gold"] * 3
    assert [list(line)[:3] for line in lines] == [["customerType", "Team", "Conversation"]] * 3
    assert ("Accepted (Europe/Helsinki)" in lines[0], "Disposition" in lines[0]) == (True, False)
    assert download.value.suggested_filename.endswith("_Europe-Helsinki.csv")


def test_columns_are_put_in_order_without_scripts_too(open_as, reporter):
    page = open_as(reporter, "/reports/rows/?period=last_7_days&column=field:queue&column=field:agent", scripts=False)
    page.get_by_text("choose, order and rename").click()
    page.get_by_label("Heading of Agent").fill("Who")

    page.get_by_role("button", name="Move Agent up").click()

    expect(page.locator("thead th")).to_have_text(["Who", "Queue"])
    page.get_by_label("Heading of Queue").fill("Where")  # the choice is open still
    page.get_by_label("Heading of Queue").press("Enter")
    expect(page.locator("thead th")).to_have_text(["Who", "Where"])


def dragged(page: Page, column: str, *, onto: str) -> None:
    """A column is dragged by its grip to where another is."""
    page.locator(f"[data-column='{column}'] [data-grip]").hover()
    page.mouse.down()
    page.locator(f"[data-column='{onto}'] [data-grip]").hover()
    page.mouse.up()


def test_groups_left_out_are_told_in_a_place_of_their_own(open_as):
    queue = QueueFactory(statistics_keys=["topic"])
    for number in range(9):
        served(queue, received_at=timezone.now() - timedelta(days=1), data={"topic": f"topic {number}"})
    run_reporting_job()

    page = open_as(user_with(Right.VIEW_REPORTS, on=queue), "/reports/?interval=day&by=key:topic")

    measures, notice = (page.locator(part).bounding_box() for part in (".measures", ".notice--warn"))
    assert notice["y"] >= measures["y"] + measures["height"] + 8


def test_back_from_the_rows_keeps_the_question(open_as, reporter):
    page = open_as(reporter, "/reports/?interval=none&by=key:customerType")
    page.get_by_role("row").filter(has_text="silver").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="1 conversation")).to_be_visible()

    page.get_by_role("link", name="← Counts of these conversations").click()

    expect(page.get_by_label("Group by")).to_have_value("key:customerType")
    expect(page.get_by_role("rowheader", name="silver")).to_be_visible()


def test_a_condition_on_a_kept_key_is_added_and_removed(open_as, reporter):
    page = open_as(reporter, "/reports/")
    page.get_by_text("Filters").click()
    page.get_by_label("Key", exact=True).fill("customerType")
    page.get_by_label("Value", exact=True).fill("silver")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".measure").first).to_contain_text("1")

    page.get_by_role("link", name="Remove the condition customerType equals silver").click()

    expect(page.locator(".measure").first).to_contain_text("6")


def test_pages_are_accessible_and_fit_the_screen(open_as, reporter):
    page = open_as(reporter, "/reports/?by=key:customerType")

    across = "/reports/?interval=none&by=key:customerType&across=queue&measure=average_hold&compare=previous"
    wrong = "/reports/rows/?column=customerType&column=field:queue&heading=field:agent%3DWho"
    for path in (
        across,
        "/reports/?compare=weekdays&empty=no_data",
        wrong,
        "/reports/rows/",
        "/reports/files/",
        "/reports/runs/",
        "/desk/",
    ):
        assert shortcomings(page) == []
        page.goto(path)
