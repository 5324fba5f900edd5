"""The whole story in browsers: an administrator sets the centre up, a customer writes, an agent serves, a report tells.

Only the customer's messages come from outside, signed as the Conversation API signs them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, Page, expect

from channels_cfg.models import MessagingService, User
from channels_cfg.rights.roles import AGENT, CONFIGURATOR, REPORTING_ADMINISTRATOR, ensure_default_roles
from conversations.models import Conversation
from reporting.contact_log.fill import run_reporting_job
from tests.factories import UserFactory
from tests.journeys.conftest import Portal, eventually

PASSWORD = "correct horse battery"


def person(username: str, first: str, last: str, role: str, **facts: object) -> User:
    """Somebody who can sign in at the real door, where passwords are hashed for real."""
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, salt="q8Yd1n0s2k3l4m5p6r7t8v")
    user = UserFactory(username=username, first_name=first, last_name=last, password=None, **facts)
    User.objects.filter(pk=user.pk).update(password=hashed)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def sign_in(portal: Portal, browser: Browser) -> Iterator[object]:
    contexts = []

    def as_user(username: str) -> Page:
        contexts.append(browser.new_context(base_url=portal.url, accept_downloads=True))
        page = contexts[-1].new_page()
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"^(?!.*login)"))
        return page

    yield as_user
    for context in contexts:
        context.close()


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Please correct")).to_have_count(0)


def choose(page: Page, field: str, text: str) -> None:
    """Pick from a field that searches while one types."""
    page.locator(f".field-{field} .select2-selection").first.click()
    page.locator(".select2-search__field").last.press_sequentially(text)
    page.locator(".select2-results__option", has_text=text).first.click()


def set_up_the_centre(page: Page) -> None:
    page.goto("/admin/channels_cfg/channel/add/")
    page.get_by_role("textbox", name="Name*").fill("Customer chat")
    page.get_by_label("Kind").select_option("chat")
    page.get_by_label("Extra Data Included in Statistics, item 1", exact=True).fill("customerType")
    save(page)
    page.goto("/admin/channels_cfg/queue/add/")
    page.get_by_role("textbox", name="Name*").first.fill("Chat sales")
    choose(page, "channel", "Customer chat")
    save(page)
    page.goto("/admin/channels_cfg/messagingservice/add/")
    page.get_by_role("textbox", name="Name*").first.fill("WhatsApp sales")
    page.get_by_label("Project ID").fill("5f3a7c1e-0d2b-4c55-9a52-0e6d1b7c9a10")
    page.get_by_label("App ID").fill("01EB37HMH1M6SV18ASNS3G135H")
    choose(page, "queue", "Chat sales")
    secret = page.locator("input[name='secrets-0-secret']")
    if not secret.is_visible():
        page.locator("#secrets-group").get_by_text("Add another").click()
    secret.fill("foo_secret1234")
    save(page)
    for group, right in (
        (AGENT, "serve"),
        (AGENT, "view_history"),
        (REPORTING_ADMINISTRATOR, "view_reports"),
    ):
        page.goto("/admin/channels_cfg/accessright/add/")
        choose(page, "group", group)
        page.locator("select[name=right]").select_option(right)
        choose(page, "queue", "Chat sales")
        save(page)


def test_from_an_empty_portal_to_the_contact_log(portal: Portal, sign_in):
    ensure_default_roles()
    person("ada", "Ada", "Lindgren", CONFIGURATOR, is_staff=True)
    person("anna", "Anna", "Ek", AGENT)
    person("rosa", "Rosa", "Silva", REPORTING_ADMINISTRATOR)

    set_up_the_centre(sign_in("ada"))
    service = MessagingService.objects.get()
    desk = sign_in("anna")
    desk.goto("/desk/")
    expect(desk.get_by_text("358401112233")).to_have_count(0)

    # The customer writes, and the desk shows it without a reload.
    portal.customer_writes(
        service, "Is the blue jacket back?", metadata={"customerId": "1234567", "customerType": "gold"}
    )
    desk.get_by_text("358401112233").first.click()
    desk.get_by_role("button", name="Accept").click()
    expect(desk.get_by_text("Is the blue jacket back?")).to_be_visible()
    expect(desk.get_by_text("1234567", exact=True)).to_be_visible()
    expect(desk.get_by_text("gold", exact=True)).to_be_visible()

    # It ends: one value stays.
    desk.get_by_role("button", name="End conversation").click()
    desk.get_by_role("button", name="End and destroy").click()
    expect(desk.get_by_text("Wrap-up").first).to_be_visible()
    expect(desk.get_by_text("1234567", exact=True)).to_have_count(0)
    desk.goto(f"/history/{Conversation.objects.get().pk}/")
    expect(desk.get_by_text("gold", exact=True)).to_be_visible()
    expect(desk.get_by_text("1234567", exact=True)).to_have_count(0)
    expect(desk.get_by_text("Not kept by the settings")).to_be_visible()

    # The report tells, and downloads.
    run_reporting_job()
    report = sign_in("rosa")
    report.goto("/reports/?period=today&by=key:customerType")
    expect(report.get_by_role("columnheader", name="gold")).to_be_visible()
    report.get_by_role("button", name="Rows as CSV").click()
    link = report.get_by_role("link", name=re.compile("Download"))
    with report.expect_download() as download:
        link.first.click(timeout=20_000)
    with open(download.value.path(), encoding="utf-8-sig") as file:  # noqa: PTH123  Playwright gives a path
        (row,) = csv.DictReader(file)
    assert row["customerType"] == "gold"
    assert "customerId" not in row
    eventually(lambda: Conversation.objects.filter(kept_data={"customerType": "gold"}).exists())
