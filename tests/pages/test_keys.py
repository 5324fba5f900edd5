"""The key catalogue in a browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from channels_cfg.models import AttachedKey, User
from tests.factories import AttachedKeyFactory, ChannelFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import too_wide
from tests.pages.test_configurator import configurator, page_of

__all__ = ["configurator"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)

ADD = reverse("admin:channels_cfg_attachedkey_add")
LIST = reverse("admin:channels_cfg_attachedkey_changelist")


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()


def test_a_key_is_made_and_a_near_name_is_pointed_out_while_typing(open_as: OpenAs, configurator: User):
    AttachedKeyFactory(name="customerType")
    page = open_as(configurator, ADD)
    name = page.locator("#id_name")

    name.press_sequentially("customer I")
    expect(page.locator(".near-names mark")).to_have_text("␣")
    expect(page.get_by_text("Character 9 is a space.")).to_be_visible()
    name.fill("custmerType")
    expect(page.get_by_text("It is near “customerType”, a key of the catalogue.")).to_be_visible()
    name.fill("orderNumber")
    expect(page.locator(".near-names p")).to_have_count(0)
    page.get_by_label("Label").fill("Order")
    page.get_by_label("Type").select_option("Choice")
    page.get_by_label("Choices").fill("web\nshop")
    save(page)

    key = AttachedKey.objects.get(name="orderNumber")
    assert (key.label, key.kind, key.choices) == ("Order", AttachedKey.Kind.CHOICE, ["web", "shop"])


def test_a_near_name_becomes_another_name_of_the_key(open_as: OpenAs, configurator: User):
    key = AttachedKeyFactory(name="customerType")
    page = open_as(configurator, ADD)
    page.on("dialog", lambda dialog: dialog.accept())

    page.locator("#id_name").press_sequentially("custmerType")
    page.get_by_role("link", name="Make this another name of customerType").click()
    expect(page.locator("#id_aliases-0-name")).to_have_value("custmerType")
    save(page)

    assert [alias.name for alias in key.aliases.all()] == ["custmerType"]
    assert AttachedKey.objects.count() == 1


def test_a_name_from_a_list_is_taken_over(open_as: OpenAs, configurator: User):
    ChannelFactory(statistics_keys=["customerType"])
    page = open_as(configurator, ADD)

    page.locator("#id_name").press_sequentially("customertype")
    page.get_by_role("button", name="Take that name instead").click()
    expect(page.locator("#id_name")).to_have_value("customerType")
    save(page)

    assert AttachedKey.objects.get().name == "customerType"


def test_only_constraints_of_the_chosen_type_are_shown(open_as: OpenAs, configurator: User):
    page = open_as(configurator, ADD)
    shown = {
        "Text": ["longest", "pattern"],
        "Integer": ["minimum", "maximum"],
        "Decimal number": ["minimum", "maximum", "decimals"],
        "Yes or no": [],
        "Choice": ["choices"],
    }

    for kind, constraints in shown.items():
        page.get_by_label("Type").select_option(kind)
        for name in ("choices", "minimum", "maximum", "decimals", "longest", "pattern"):
            field = page.locator(f"#id_{name}")
            expect(field).to_be_visible() if name in constraints else expect(field).to_be_hidden()


def test_a_bad_rule_is_told_and_nothing_typed_is_lost(open_as: OpenAs, configurator: User):
    page = open_as(configurator, ADD)

    page.locator("#id_name").fill("orderId")
    page.get_by_label("Pattern").fill("[A-Z")
    save(page)

    expect(page.get_by_text("It is no regular expression that can be used here")).to_be_visible()
    expect(page.get_by_label("Pattern")).to_have_value("[A-Z")
    expect(page.locator("#id_name")).to_have_value("orderId")


def test_several_keys_are_changed_together(open_as: OpenAs, configurator: User):
    for name in ("customerId", "customerType", "topic"):
        AttachedKeyFactory(name=name)
    page = open_as(configurator, LIST)

    for name in ("customerId", "topic"):
        page.get_by_role("row", name=name).get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("change_several")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("Owner").fill("CRM team")
    page.get_by_role("button", name="Change 2 keys").click()
    expect(page.get_by_text("2 keys have changed.")).to_be_visible()

    assert list(AttachedKey.objects.order_by("name").values_list("owner", flat=True)) == ["CRM team", "", "CRM team"]


def test_the_pages_of_the_catalogue_fit(open_as: OpenAs, configurator: User):
    key = AttachedKeyFactory(name="customerType", label="Customer type", sensitive=True, aliases=["custmerType"])
    ChannelFactory(statistics_keys=["customerType"])

    page = open_as(configurator, LIST)
    for address in (ADD, page_of(key)):
        assert too_wide(page) == []
        page.goto(address)
    assert too_wide(page) == []
