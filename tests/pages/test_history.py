from __future__ import annotations

import pytest
from playwright.sync_api import expect

from channels_cfg.models import Right
from tests.factories import ChannelFactory, QueueFactory, ended_conversation, queued_conversation, user_with
from tests.pages.looks import shortcomings, violations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]), name="Chat sales")


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_HISTORY, Right.SERVE, on=queue, time_zone="Europe/Helsinki")


def test_a_search_narrows_the_list_and_its_link_tells_all_of_it(open_as, queue, viewer):
    ended_conversation(queue, data={"customerType": "gold"}, customer_name="Maija Korhonen")
    ended_conversation(queue, data={"customerType": "silver"}, customer_name="Erik Svensson")
    page = open_as(viewer, "/history/")
    page.evaluate("window.stillTheSamePage = true")

    page.get_by_label("Period").select_option("Today")
    expect(page.get_by_text("(Europe/Helsinki)")).to_be_visible()
    page.get_by_text("More filters").click()
    page.get_by_label("Key").fill("customerType")
    page.get_by_label("Value").fill("gold")
    page.get_by_role("button", name="Add").click()

    expect(page.get_by_role("link", name="Erik Svensson")).to_have_count(0)
    expect(page.get_by_role("link", name="Maija Korhonen")).to_be_visible()
    expect(page.get_by_text("customerType equals gold")).to_be_visible()
    expect(page.get_by_label("Key")).to_have_value("")
    assert page.evaluate("window.stillTheSamePage")
    assert page.url.endswith("/history/?period=today&kept=customerType=gold")

    copied = open_as(viewer, page.url)
    expect(copied.get_by_role("link", name="Maija Korhonen")).to_be_visible()
    expect(copied.get_by_role("link", name="Erik Svensson")).to_have_count(0)
    expect(copied.get_by_label("Period")).to_have_value("today")

    page.get_by_role("link", name="Remove the condition customerType equals gold").click()
    expect(page.get_by_role("link", name="Erik Svensson")).to_be_visible()


def test_the_browsers_back_button_goes_through_the_searches(open_as, queue, viewer):
    ended_conversation(queue, customer_name="Maija Korhonen")
    ended_conversation(queue, customer_name="Erik Svensson")
    page = open_as(viewer, "/history/")
    page.locator("#id_q").fill("maija")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Erik Svensson")).to_have_count(0)

    page.get_by_role("link", name="Maija Korhonen").click()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    page.get_by_role("link", name="← History").click()

    expect(page.locator("#id_q")).to_have_value("maija")
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("link", name="Erik Svensson")).to_be_visible()


def test_pages_follow_each_other_there_and_back(open_as, queue, viewer):
    for number in range(52):
        queued_conversation(queue, customer_name=f"Customer {number:02}")
    page = open_as(viewer, "/history/")
    expect(page.get_by_text("50 conversations shown, older ones follow")).to_be_visible()

    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("2 conversations shown.")).to_be_visible()
    page.get_by_role("link", name="Newer").click()

    expect(page.get_by_text("50 conversations shown, older ones follow")).to_be_visible()


def test_a_telephone_number_stays_on_one_line(open_as, queue, viewer):
    number = "491511234567890"
    ended_conversation(queue, data={"customerType": "gold since the shop opened " * 3}, customer_address=number)

    page = open_as(viewer, "/history/")

    assert page.get_by_role("link", name=number).evaluate("link => link.getClientRects().length") == 1


def test_nothing_of_a_page_is_left_in_the_browsers_storage(open_as, queue, viewer):
    ended_conversation(queue, customer_name="Maija Korhonen")
    page = open_as(viewer, "/history/")
    page.locator("#id_q").fill("maija")
    page.keyboard.press("Enter")
    page.wait_for_url("**/history/?q=maija")

    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")

    assert "Maija" not in stored
    assert "<table" not in stored


def test_pages_are_accessible_and_fit_the_screen(open_as, queue, viewer):
    long_data = {"customerType": "gold" * 60}
    ended = ended_conversation(queue, agent=viewer, data=long_data, customer_name="M" * 200)
    queued_conversation(queue, data={"customerType": "gold"})
    page = open_as(viewer, "/history/?q=m")

    for path in (f"/history/{ended.pk}/", "/desk/", f"/desk/{ended.pk}/", "/nowhere/", "/history/"):
        assert shortcomings(page) == []
        page.goto(path)


def test_the_sign_in_page_is_accessible_and_says_what_went_wrong(open_as):
    page = open_as(None, "/history/")
    assert violations(page) == []

    page.get_by_label("Username").fill("maija")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("Username")).to_have_value("maija")
