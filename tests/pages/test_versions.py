"""An administrator changes a setting and says why, looks at the version, undoes it, and plans a change."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Page, expect

from channels_cfg.models import Channel, Queue, ScheduledChange, SettingsVersion, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.factories import ChannelFactory, QueueFactory, UserFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(transactional_db: None) -> User:
    ensure_default_roles()
    user = UserFactory(
        username="ada", first_name="Ada", last_name="Lindgren", is_staff=True, time_zone="Europe/Helsinki"
    )
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def queue(ada: User) -> Queue:
    channel = ChannelFactory(name="Customer chat", statistics_keys=["customerType"])
    return QueueFactory(name="Chat sales", channel=channel)


def page_of(record: Channel | Queue) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()


def test_change_with_a_reason_version_undo_plan_and_cancel(open_as: OpenAs, ada: User, queue: Queue):
    page = open_as(ada, page_of(queue.channel))

    page.get_by_label("Description").fill("Chats of the web shop")
    page.get_by_label("Why?").fill("The shop opened")
    save(page)
    page.goto(reverse("admin:channels_cfg_settingsversion_changelist"))
    row = page.get_by_role("row").filter(has_text="The shop opened")
    expect(row).to_contain_text("Ada Lindgren")
    expect(row).to_contain_text("Channel “Customer chat”: Description")
    row.get_by_role("link").click()
    expect(page.locator("ins")).to_have_text("Chats of the web shop")

    page.get_by_role("link", name="Undo …").click()
    expect(page.get_by_text("This is what undoing changes")).to_be_visible()
    page.get_by_label("Why?").fill("It closed again")
    page.get_by_role("button", name="Undo, as a new version").click()
    expect(page.get_by_text("Undone: the settings are now version")).to_be_visible()
    expect(page.get_by_text("It closed again")).to_be_visible()
    assert Channel.objects.get().description == ""

    page.goto(page_of(queue.channel))
    page.get_by_label("Description").fill("Chats of the new shop")
    page.get_by_label("Take effect at").fill("2130-11-27T00:00")
    page.get_by_label("Why?").fill("It opens on Monday")
    save(page)
    banner = page.get_by_role("region", name="Scheduled change")
    expect(banner).to_contain_text("From 2130-11-27 00:00 (Europe/Helsinki)")
    expect(banner).to_contain_text("Description becomes Chats of the new shop")
    expect(banner).to_contain_text("Scheduled by Ada Lindgren: “It opens on Monday”")
    assert Channel.objects.get().description == ""
    page.goto(reverse("admin:index"))
    expect(page.get_by_text("Channel “Customer chat”, from 2130-11-27 00:00")).to_be_visible()

    page.goto(page_of(queue.channel))
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("Cancelled. The settings stay as they are.")).to_be_visible()
    expect(page.get_by_role("region", name="Scheduled change")).to_have_count(0)
    assert ScheduledChange.objects.get().state == ScheduledChange.State.CANCELLED


def test_settings_as_of_an_earlier_version_and_what_changed_since(open_as: OpenAs, ada: User, queue: Queue):
    Channel.objects.update(statistics_keys=["customerType", "tier"])
    version = SettingsVersion.current()
    Queue.objects.update(statistics_keys=["own"])

    page = open_as(ada, reverse("admin:settings_as_of"))
    page.get_by_label("or version").fill(str(version))
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Extra data in effect").click()
    expect(page.locator(".as-of-record").filter(has_text="Chat sales")).to_contain_text(
        "customerType, tier from channel"
    )
    page.get_by_role("link", name="What changed since").click()

    expect(page.get_by_text("1 record differs")).to_be_visible()
    expect(page.locator("ins").first).to_contain_text("own")


def test_every_page_about_versions_fits_and_is_accessible(open_as: OpenAs, ada: User, queue: Queue):
    Channel.objects.update(statistics_keys=["customerType", "tier"])
    first = SettingsVersion.current()
    Channel.objects.update(statistics_keys=["tier"])
    last = SettingsVersion.current()
    page = open_as(ada, page_of(queue))
    page.get_by_label("Description").fill("planned")
    page.get_by_label("Take effect at").fill("2130-11-27T00:00")
    save(page)
    change = ScheduledChange.objects.get()
    assert shortcomings(page, [".save-how", ".planned"]) == []

    for address in (
        reverse("admin:channels_cfg_settingsversion_changelist"),
        reverse("admin:channels_cfg_settingsversion_change", args=[last]),
        reverse("admin:undo_version", args=[first]),
        reverse("admin:undo_version", args=[last]),
        reverse("admin:settings_as_of") + "?kind=in-effect",
        reverse("admin:settings_as_of") + "?kind=channel",
        reverse("admin:settings_difference") + "?from_version=0",
        reverse("admin:change_log"),
        reverse("admin:channels_cfg_scheduledchange_changelist"),
        reverse("admin:channels_cfg_scheduledchange_change", args=[change.pk]),
    ):
        page.goto(address)
        assert shortcomings(page) == []


def test_days_of_the_change_log_are_written_as_dates_everywhere(open_as: OpenAs, ada: User, queue: Queue):
    page = open_as(ada, reverse("admin:change_log"))
    since, until = page.get_by_label("From", exact=True), page.get_by_label("To", exact=True)

    since.fill("28.11.2026")
    assert not since.evaluate("field => field.checkValidity()")  # the browser says why, and does not ask
    since.fill("2126-11-28")
    until.fill("2126-11-29")
    with page.expect_navigation():
        page.get_by_role("button", name="Show", exact=True).click()

    expect(since).to_have_value("2126-11-28")
    expect(page.locator(".change")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose in a calendar")).to_have_count(2)
    assert page.locator(".moment input[type=date]").first.input_value() == ""
