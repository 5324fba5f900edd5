"""The System Configurator as an administrator uses it: in a browser, with the keyboard."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from channels_cfg.models import AccessRight, ApiKey, Channel, Right, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.factories import ChannelFactory, QueueFactory, UserFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import switch_light, too_wide

pytestmark = pytest.mark.django_db(transaction=True)

STATISTICS = "Extra Data Included in Statistics"


@pytest.fixture
def configurator() -> User:
    ensure_default_roles()  # a test before this one emptied the tables
    user = UserFactory(username="aino", first_name="Aino", last_name="Virtanen", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def page_of(record: Channel | User | object, action: str = "change") -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_{action}", args=[record.pk])  # type: ignore[attr-defined]


def item(page: Page, number: int) -> Locator:
    return page.get_by_label(f"{STATISTICS}, item {number}", exact=True)


def paste(page: Page, text: str) -> None:
    """Paste into the focused field."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            if (document.activeElement.dispatchEvent(event)) document.execCommand("insertText", false, text);
        }""",
        text,
    )


def test_a_channel_with_its_keys_is_made_with_the_keyboard_alone(open_as: OpenAs, configurator: User):
    page = open_as(configurator, reverse("admin:channels_cfg_channel_add"))

    page.get_by_role("textbox", name="Name*").press_sequentially("Customer chat")
    page.keyboard.press("Tab")
    page.keyboard.type("Chat")
    item(page, 1).focus()
    page.keyboard.type("tier")
    page.keyboard.press("Enter")
    page.keyboard.type("customerType")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    page.keyboard.type("s")
    page.keyboard.press("Backspace")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).press("Enter")

    assert Channel.objects.get().statistics_keys == ["customerType", "tier"]
    assert Channel.objects.get().kind == Channel.Kind.CHAT


def test_lists_follow_the_kind_that_is_chosen(open_as: OpenAs, configurator: User):
    page = open_as(configurator, reverse("admin:channels_cfg_channel_add"))

    page.get_by_label("Kind").select_option("voice")
    expect(page.locator(".field-outbound_keys")).to_be_visible()
    page.get_by_label("Kind").select_option("email")
    expect(page.locator(".field-outbound_keys")).to_be_hidden()
    expect(page.locator(".field-allocation_keys")).to_be_visible()
    page.get_by_label("Kind").select_option("chat")

    expect(page.locator(".field-allocation_keys")).to_be_hidden()
    expect(page.locator(".field-statistics_keys")).to_be_visible()


def test_a_bad_list_is_marked_where_it_is_wrong_and_mended_in_place(open_as: OpenAs, configurator: User):
    channel = ChannelFactory(name="Customer chat")
    page = open_as(configurator, page_of(channel))

    item(page, 1).focus()
    paste(page, "customer Id, 2nd; customerType")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Item 1: Character 9 is a space.")).to_be_visible()
    expect(page.get_by_text("Item 2: A key starts with a letter, but character 1 is “2”.")).to_be_visible()
    expect(item(page, 1)).to_have_value("customer Id")
    expect(item(page, 2)).to_have_value("2nd")
    expect(item(page, 3)).to_have_value("customerType")
    expect(item(page, 1)).to_be_focused()
    assert item(page, 1).evaluate("field => [field.selectionStart, field.selectionEnd]") == [8, 9]

    page.keyboard.press("Delete")
    expect(page.get_by_text("Item 1: Character 9 is a space.")).to_be_hidden()
    item(page, 2).fill("second")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).dblclick(no_wait_after=True)

    channel.refresh_from_db()
    assert channel.statistics_keys == ["customerId", "second", "customerType"]
    assert sent.count("POST") == 1


def test_a_look_alike_is_pointed_out_while_typing(open_as: OpenAs, configurator: User):
    ChannelFactory(name="Sales phone", statistics_keys=["customertype"])
    page = open_as(configurator, page_of(ChannelFactory()))

    item(page, 1).focus()
    page.keyboard.type("customerType")

    expect(page.get_by_text("“customerType” looks like “customertype” (Sales phone")).to_be_visible()


def test_a_queue_shows_what_counts_and_where_it_comes_from(open_as: OpenAs, configurator: User):
    queue = QueueFactory(channel=ChannelFactory(name="Customer chat", statistics_keys=["customerType"]))
    page = open_as(configurator, page_of(queue))

    expect(page.get_by_text("Empty: follows channel Customer chat: customerType")).to_be_visible()
    item(page, 1).focus()
    page.keyboard.type("tier")

    expect(page.get_by_text("Set here; replaces customerType of channel Customer chat.")).to_be_visible()


def test_an_api_key_is_shown_once(open_as: OpenAs, configurator: User):
    client = UserFactory(username="crm", is_api_client=True)
    page = open_as(configurator, f"{reverse('admin:channels_cfg_apikey_add')}?user={client.pk}")

    page.get_by_label("Name").fill("CRM sync")
    page.get_by_role("button", name="Save", exact=True).click()
    text = page.locator("#api-key").inner_text()
    page.get_by_text("I have it: to the list of keys").click()

    assert re.fullmatch(r"ks_[\w-]{40,}", text)
    assert ApiKey.objects.matching(text).user == client  # type: ignore[union-attr]
    assert text not in page.content()


def test_a_right_is_granted_on_the_page_of_a_queue(open_as: OpenAs, configurator: User):
    queue, agent = QueueFactory(), UserFactory(username="matti", first_name="Matti", last_name="Meikäläinen")
    page = open_as(configurator, page_of(queue))

    page.get_by_text("Add another Right").click()
    page.locator(".field-user .select2-selection").last.click()
    page.keyboard.type("matti")
    page.get_by_role("option", name="Matti Meikäläinen").click()
    page.locator("select[name=access_rights-0-right]").select_option(Right.SERVE)
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    assert AccessRight.objects.get().user == agent
    assert AccessRight.objects.get().queue == queue


def test_pages_fit_a_screen_and_a_telephone(open_as: OpenAs, configurator: User):
    queue = QueueFactory(channel__kind=Channel.Kind.VOICE, statistics_keys=["customerType"])
    page = open_as(configurator, reverse("admin:index"))

    for address in [page_of(queue), page_of(queue.channel), page_of(configurator), page_of(queue, "history"), "/desk/"]:
        assert too_wide(page) == []
        page.goto(address)


def test_anything_is_found_and_opened_from_the_keyboard(open_as: OpenAs, configurator: User):
    queue = QueueFactory(name="Chat sales")
    page = open_as(configurator, reverse("history:index"))

    page.keyboard.press("Control+k")
    expect(page.locator("#palette_words")).to_be_focused()
    page.keyboard.type("zzz")
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(page_of(queue))
    page.get_by_role("textbox", name="Name*").press("Control+k")
    page.keyboard.type("chat sal")
    expect(page.locator("#palette_found a").first).to_contain_text("Chat sales")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{page_of(queue)}", wait_until="networkidle")
    expect(page.get_by_role("textbox", name="Name*")).to_have_value("Chat sales")


def test_a_slash_goes_to_the_search_of_the_page_and_without_one_to_the_search_of_all(
    open_as: OpenAs, configurator: User
):
    page = open_as(configurator, reverse("admin:channels_cfg_queue_changelist"))

    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.goto(reverse("admin:index"))
    page.keyboard.press("/")

    expect(page.locator("#palette_words")).to_be_focused()


LOOK = """selector => {
    const of = (element, ...names) => names.map((name) => getComputedStyle(element)[name]);
    const head = document.querySelector(".site-head");
    return [
        ...of(document.body, "fontFamily", "fontSize"), ...of(document.querySelector(selector), "backgroundColor"),
        ...of(head, "height", "backgroundColor", "color", "position"), head.querySelector(".site-nav").innerText,
    ];
}"""


def test_portal_and_configurator_look_alike_in_either_light(open_as: OpenAs, configurator: User):
    page = open_as(configurator, reverse("history:index"))
    portal = looks_of(page, "body")
    page.goto(reverse("admin:index"))

    assert looks_of(page, "#main") == portal


def looks_of(page: Page, selector: str) -> list[str]:
    looks = []
    for color_scheme in ("dark", "light"):
        switch_light(page, color_scheme)
        looks += [str(part).replace('"', "").replace(", system-ui", "") for part in page.evaluate(LOOK, selector)]
    return looks


def test_twenty_one_rows_fit_a_screen_and_the_messaging_channels_its_width(open_as: OpenAs, configurator: User):
    channel = ChannelFactory(name="Customer chat", statistics_keys=["customerType"])
    for number in range(30):
        QueueFactory(name=f"Queue {number:02}", channel=channel)
    page = open_as(configurator, reverse("admin:channels_cfg_queue_changelist"), width=1440)

    footer = page.locator("#main").get_by_text("30 queues").bounding_box()
    rows = page.locator("#result_list tr:has(td)").evaluate_all(
        "rows => rows.map((row) => row.getBoundingClientRect().bottom)"
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(reverse("admin:messaging_channels"))

    assert sum(bottom <= footer["y"] for bottom in rows) >= 21  # 14 by the theme alone
    assert page.locator(".wide-table").evaluate("table => table.scrollWidth <= table.clientWidth")
