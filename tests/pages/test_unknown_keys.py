"""The inbox of unknown keys, the what-if under a list, and one live conversation, in a browser."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_cfg.models import AttachedKey, AttachedKeyAlias, Channel, KeyVerdict, Queue, Right, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from conversations.key_usage import unknown_keys
from conversations.key_usage.aggregate import aggregate_observations
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    UserFactory,
    accepted_conversation,
    ended_conversation,
    user_with,
)
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)

INBOX = "/admin/conversations/seenkey/"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def configurator() -> User:
    ensure_default_roles()  # a test before this one emptied the tables
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def queue() -> Queue:
    """A queue on which conversations ended whose keys nobody asked for."""
    queue = QueueFactory(
        name="Chat sales", channel=ChannelFactory(name="Customer chat", statistics_keys=["customerType"])
    )
    for _ in range(5):
        ended_conversation(
            queue, data={"custmerType": "gold", "loyalty_card": "4111 1111 1111 1111", "region": "north"}
        )
    aggregate_observations()
    return queue


def press(page: Page, name: str) -> None:
    """Answer with the keyboard."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).press("Enter")


def test_keys_are_answered_with_the_keyboard_and_an_answer_is_taken_back(
    open_as: OpenAs, configurator: User, queue: Queue
):
    page = open_as(configurator, INBOX)
    expect(page.get_by_role("heading", name="region")).to_be_visible()

    press(page, "Never keep region")
    expect(page.get_by_text("region is set aside.")).to_be_visible()
    expect(page.get_by_role("heading", name="region")).to_have_count(0)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.get_by_text("1 key is among the unknown keys again.")).to_be_visible()
    expect(page.get_by_role("heading", name="region")).to_be_visible()
    assert not KeyVerdict.objects.exists()


def test_a_slip_becomes_an_alias_with_one_click(open_as: OpenAs, configurator: User, queue: Queue):
    page = open_as(configurator, INBOX)

    expect(page.get_by_text("Did you mean customerType?")).to_be_visible()
    press(page, "Alias of customerType")

    expect(page.get_by_text("What comes in as custmerType is customerType from now on.")).to_be_visible()
    assert AttachedKeyAlias.objects.get().key.name == "customerType"


def test_an_alias_is_completed_from_the_catalogue(open_as: OpenAs, configurator: User, queue: Queue):
    AttachedKey.objects.create(name="salesRegion", label="Region")
    page = open_as(configurator, INBOX)

    page.get_by_text("More for region").press("Enter")
    field = page.get_by_label("Another name of").locator("visible=true")
    with page.expect_response("**/known-names/**"):
        field.press_sequentially("reg")
    expect(page.locator("#known-names option")).to_have_attribute("value", "salesRegion")
    field.fill("salesRegion")
    with page.expect_navigation():
        field.press("Enter")

    assert AttachedKeyAlias.objects.get().name == "region"


def test_keeping_card_numbers_asks_for_typed_words(open_as: OpenAs, configurator: User, queue: Queue):
    page = open_as(configurator, f"{INBOX}?q=loyalty")

    expect(page.get_by_text("5 look like card numbers")).to_be_visible()
    press(page, "Keep on Customer chat")
    expect(page.get_by_label("Type loyalty_card to confirm")).to_be_focused()
    page.keyboard.type("loyalty_card")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.get_by_text("Customer chat keeps loyalty_card from now on.")).to_be_visible()
    assert Channel.objects.get().statistics_keys == ["customerType", "loyalty_card"]


def test_several_keys_are_snoozed_together(open_as: OpenAs, configurator: User, queue: Queue):
    page = open_as(configurator, INBOX)

    page.get_by_label("Choose all on this page").check()
    expect(page.get_by_text("With the chosen keys: 3")).to_be_visible()
    page.get_by_label("Choose region").uncheck()
    with page.expect_navigation():
        page.get_by_role("form", name="With the chosen keys").get_by_role("button", name="Snooze 7 days").click()

    expect(page.get_by_text("2 keys are set aside.")).to_be_visible()
    assert set(KeyVerdict.objects.values_list("name", flat=True)) == {"custmerType", "loyalty_card"}


def test_a_list_tells_what_it_would_have_kept_while_it_is_typed(open_as: OpenAs, configurator: User, queue: Queue):
    page = open_as(configurator, reverse("admin:channels_cfg_channel_change", args=[queue.channel_id]))
    told = page.locator(".what-if")

    expect(told).to_contain_text("custmerType was seen 5 times")
    page.get_by_label("Extra Data Included in Statistics, item 1", exact=True).fill("region")
    expect(told).to_contain_text("5 of 5 (100 %)")
    page.get_by_label("Extra Data Included in Statistics, item 1", exact=True).press("Enter")
    page.keyboard.type("loyalty_card")

    expect(told).to_contain_text("5 look like card numbers")
    expect(told.locator("li")).to_have_count(2)


def test_a_live_conversation_is_compared_with_a_list_that_is_not_saved(open_as: OpenAs, queue: Queue):
    agent = user_with(Right.SERVE, Right.VIEW_HISTORY, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data={"region": "north", "customerType": "gold"})
    page = open_as(agent, f"/desk/{conversation.hex_id}/")

    page.get_by_role("link", name="Now, and after the end").click()
    expect(page.get_by_role("row", name="region north Customer Destroyed")).to_be_visible()
    page.get_by_label("If this list were saved").fill("region")
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("row", name="region north Customer Destroyed Kept")).to_be_visible()
    expect(page.get_by_role("row", name="customerType gold Customer Kept Destroyed")).to_be_visible()
    assert Queue.objects.get().statistics_keys == []


def test_the_pages_fit_and_are_open_to_everybody(open_as: OpenAs, configurator: User, queue: Queue):
    agent = user_with(Right.SERVE, on=queue)
    conversation = accepted_conversation(queue, agent=agent, data={"region": "north", "customerType": "gold"})
    addresses = [INBOX, *(reverse(f"admin:{name}") for name in ("silent_keys", "keys_set_aside", "live_conversation"))]
    ended_conversation(QueueFactory(statistics_keys=["never", "custumerType"]))
    unknown_keys.set_aside(["region"], by=configurator, now=timezone.now())
    page = open_as(configurator, INBOX)

    for address in [*addresses, reverse("admin:channels_cfg_channel_change", args=[queue.channel_id])]:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert shortcomings(page, [part for part in OWN_PARTS if page.locator(part).count()]) == []
    own = open_as(agent, f"/history/{conversation.hex_id}/after-the-end/?keys=region&level=queue")
    assert shortcomings(own, "main") == []


OWN_PARTS = (".seen-tabs", ".seen-intro", ".seen-filter", ".seen-bulk", ".seen-list", ".what-if")
"""What these pages add to the frame around them."""
