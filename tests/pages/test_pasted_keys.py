"""Several keys that are pasted stay several, in every list of keys."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from channels_cfg.models import AttachedKey, Channel, User
from tests.factories import AttachedKeyFactory, ChannelFactory
from tests.pages.conftest import OpenAs
from tests.pages.test_configurator import configurator, page_of
from tests.pages.test_keys import save

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)


def paste(page: Page, text: str) -> None:
    """As somebody does who copied it elsewhere, at the caret."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+V")


@pytest.mark.parametrize(
    "column",
    ["orderId\ncustomerType\r\ntier\n", "orderId\tcustomerType\ttier", '["orderId", "customerType", "tier"]'],
    ids=["lines", "tabs", "JSON"],
)
def test_a_pasted_column_becomes_rows_of_a_list(open_as: OpenAs, configurator: User, column: str):
    channel = ChannelFactory(statistics_keys=["topic"])
    page = open_as(configurator, page_of(channel))

    page.get_by_role("button", name="Add a key").first.click()
    paste(page, column)
    save(page)

    assert Channel.objects.get().statistics_keys == ["topic", "orderId", "customerType", "tier"]


def test_a_pasted_column_becomes_other_names_of_a_key_and_never_its_one_name(open_as: OpenAs, configurator: User):
    key = AttachedKeyFactory(name="customerType", aliases=["custmerType"])
    page = open_as(configurator, page_of(key))
    page.on("dialog", lambda dialog: dialog.accept())

    page.locator("a.add-row").click()
    page.locator("#id_aliases-1-name").click()
    paste(page, "customer_type\nkundentyp\n")
    save(page)
    page.goto(reverse("admin:channels_cfg_attachedkey_add"))
    page.locator("#id_name").click()
    paste(page, "orderId\ntier")

    expect(page.locator("#id_name")).to_have_value("orderId, tier")
    expect(page.get_by_text("Character 8 is “,”.")).to_be_visible()
    assert sorted(key.aliases.values_list("name", flat=True)) == ["custmerType", "customer_type", "kundentyp"]
    assert AttachedKey.objects.count() == 1
