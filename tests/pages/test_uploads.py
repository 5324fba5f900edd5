"""Settings as files, as an administrator sends them: look first, then confirm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Page, expect

from channels_cfg import jobs
from channels_cfg.configuration_file.writing import export
from channels_cfg.models import AttachedKey, Channel, Queue, User, WaitingUpload
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.factories import ChannelFactory, QueueFactory, UserFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)

FILE = reverse("admin:configuration_file")


@pytest.fixture
def configurator() -> User:
    ensure_default_roles()  # a test before this one emptied the tables
    user = UserFactory(username="aino", first_name="Aino", last_name="Virtanen", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def centre() -> None:
    chat = ChannelFactory(name="Customer chat", statistics_keys=["customerType"])
    QueueFactory(name="Chat sales", channel=chat)
    ChannelFactory(name="Fax")


def look(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to see it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_the_configuration_file_is_sent_looked_at_and_confirmed(
    open_as: OpenAs, configurator: User, centre: None, tmp_path: Path
):
    file = tmp_path / "keepsake.yaml"
    text = export().replace("- customerType\n", "- customerType\n  - tier\n").replace("- name: Fax\n  kind: chat\n", "")
    file.write_text(text)
    page = open_as(configurator, reverse("admin:index"))

    page.get_by_role("link", name="Configuration file").first.click()
    page.get_by_label("YAML file").set_input_files(file)
    page.get_by_role("button", name="Show what it would do").press("Enter")
    expect(page.get_by_text("Nothing has been changed yet")).to_be_visible()
    expect(page.locator(".upload-records .is-change")).to_contain_text("Channel “Customer chat”")
    expect(page.locator(".upload-records .is-change ins")).to_contain_text("tier")
    expect(page.locator(".upload-records .is-remove")).to_contain_text("Channel “Fax”")
    assert Channel.objects.count() == 2
    page.get_by_label("Why?").fill("Tiers are kept from now on")
    page.get_by_label("Type remove 1 to confirm").fill("remove 1")
    page.get_by_role("button", name="Apply 2 changes").click()

    expect(page.get_by_text("2 changes applied.")).to_be_visible()
    assert Channel.objects.get().statistics_keys == ["customerType", "tier"]


def test_a_table_with_bad_rows_is_looked_at_and_its_good_rows_confirmed(
    open_as: OpenAs, configurator: User, centre: None, tmp_path: Path
):
    file = tmp_path / "queues.csv"
    file.write_text(
        "Name;Channel;Description\nCare;Customer chat;New\nChat sales;Customer chat;Shop\nBad;Custmer chat;\n"
    )
    page = open_as(configurator, reverse("admin:channels_cfg_queue_changelist"))

    page.get_by_role("link", name="Import a table").first.click()
    page.get_by_label("CSV or XLSX file").set_input_files(file)
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator(".upload-records li")).to_have_count(1)
    expect(page.locator(".upload-records .is-refused")).to_contain_text("Did you mean “Customer chat”?")
    page.get_by_role("link", name="All 3").click()
    expect(page.locator(".upload-records li")).to_have_count(3)
    with page.expect_download() as refused:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert "Bad,Custmer chat" in Path(refused.value.path()).read_text()
    page.get_by_role("button", name="Apply 2 changes").click()
    assert Queue.objects.count() == 1  # the browser asks for the tick first
    page.get_by_label("Leave out the 1 refused row").check()
    page.get_by_role("button", name="Apply 2 changes").click()

    expect(page.get_by_text("2 changes applied.")).to_be_visible()
    assert Queue.objects.get(name="Chat sales").description == "Shop"


def test_the_pages_are_accessible_wide_and_narrow(
    open_as: OpenAs, configurator: User, centre: None, tmp_path: Path, settings: Any
):
    AttachedKey.objects.create(name="orderId", label="Order", longest=30)
    table, file, broken = tmp_path / "keys.csv", tmp_path / "all.yaml", tmp_path / "broken.yaml"
    table.write_text(
        "Name,Label,Type,Most characters,Other names\norderId,Order number,text,40,\n"
        "customerType,Customer type,choice,,custmerType\n2nd,Second,txet,ten,\nsame as,,,,\n"
    )
    file.write_text(export().replace("- customerType\n", "- tier\n").replace("- name: Fax\n  kind: chat\n", ""))
    broken.write_text("keepsake_configuration: 1\nchannels: [\nqueues: []\n")
    page = open_as(configurator, FILE)
    lists = reverse("admin:channels_cfg_attachedkey_changelist")

    for name, address, sent in [
        ("file", FILE, None),
        ("file-broken", FILE, broken),
        ("file-preview", FILE, file),
        ("import", f"{lists}import/", None),
        ("import-preview", f"{lists}import/", table),
        ("file-being-read", FILE, file),
    ]:
        if name == "file-being-read":
            settings.UPLOAD_READ_AT_ONCE = 0
        page.goto(address)
        if sent:
            page.locator("#id_file").set_input_files(sent)
            page.get_by_role("button", name="Show what it would do").click()
            page.wait_for_load_state()
        if name == "import-preview":
            page.get_by_role("link", name="All 4").click()
            page.wait_for_load_state()
        look(page, name)
        assert shortcomings(page, ".uploads") == [], name
    expect(page.get_by_role("progressbar", name="Read")).to_be_visible()
    jobs.work_on(WaitingUpload, WaitingUpload.objects.latest("uploaded_at").pk)
    expect(page.get_by_role("heading", name="Nothing has been changed yet")).to_be_visible()
