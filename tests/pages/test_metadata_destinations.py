"""A metadata destination in a browser: the fields of its kind, and what its name becomes while it is typed."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from channels_cfg.models import MetadataDestination, User
from tests.factories.channels_cfg import HOST_KEY
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings
from tests.pages.test_configurator import configurator

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_shows_the_fields_of_its_kind_and_the_name_of_a_file_by_the_keyboard_alone(
    open_as: OpenAs, configurator: User
):
    page = open_as(configurator, reverse("admin:channels_cfg_metadatadestination_add"))
    field = page.get_by_label
    expect(field("Host key")).to_be_hidden()
    expect(field("Folder", exact=True)).to_be_visible()
    expect(page.get_by_text("metadata/call-1418.json")).to_be_visible()

    field("Name", exact=False).first.press_sequentially("Partner")
    page.keyboard.press("Tab")
    page.keyboard.type("SFTP")
    for label, text in {"Host": "sftp.example.com", "Host key": HOST_KEY, "Account": "keepsake"}.items():
        field(label, exact=True).focus()
        page.keyboard.type(text)
    for label in ("Bucket", "Region", "Address", "Subject", "Authentication"):
        expect(field(label, exact=True)).to_be_hidden()
    field("File name").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("{queue}/{kind}.json")
    expect(page.get_by_text("Two conversations could share this name.")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("{queue}/{kind}-{number}.json")
    expect(page.get_by_text("Sales/call-1418.json")).to_be_visible()
    page.get_by_text("Variables").locator("visible=true").first.click()
    assert shortcomings(page) == []
    with page.expect_navigation():
        field("File name").press("Enter")

    made = MetadataDestination.objects.get()
    assert (made.kind, made.host, made.file_name) == ("sftp", "sftp.example.com", "{queue}/{kind}-{number}.json")
