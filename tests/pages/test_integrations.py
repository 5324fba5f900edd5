"""Integrations in a browser: the JSON is completed by the keyboard, refused in its place, and saved."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from channels_cfg.models import Integration, User
from tests.factories import DataActionFactory, IntegrationFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings
from tests.pages.test_configurator import configurator

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_json_is_completed_by_the_keyboard_and_refused_in_its_place(open_as: OpenAs, configurator: User):
    DataActionFactory(name="Find contact")
    made = IntegrationFactory(endpoint="edi://actions", configuration="{}")
    page = open_as(configurator, reverse("admin:channels_cfg_integration_change", args=[made.pk]))
    area = page.get_by_label("JSON for configuration")
    offered = page.get_by_role("listbox", name="Names that fit")
    expect(offered).to_be_hidden()

    area.fill("")
    area.press_sequentially('{"actions": [{"name": "found", "action": "find')
    expect(offered.get_by_role("option", name="Find contact")).to_have_attribute("aria-selected", "true")
    area.press("Enter")
    area.press_sequentially(', "inputs": {"phone": "{contact.so')
    area.press("Tab")
    expect(offered).to_be_hidden()
    area.press_sequentially('"}}], "response": {"save": {"id": "{bod')
    expect(offered.get_by_role("option").first).to_have_text("response.body.found")
    assert shortcomings(page, [".json-offered"]) == []
    area.press("Escape")
    expect(offered).to_be_hidden()
    area.press_sequentially('y.found.contactId}"}}}')
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("line 1, column 130: There is no {body.found.contactId} here.")).to_be_visible()

    area.fill(area.input_value().replace("{body.", "{response.body."))
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").click()
    assert Integration.objects.get().configuration == (
        '{"actions": [{"name": "found", "action": "Find contact", "inputs": {"phone": "{contact.source}"}}], '
        '"response": {"save": {"id": "{response.body.found.contactId}"}}}'
    )
