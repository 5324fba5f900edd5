"""The extra-data matrix as an administrator uses it: in a browser, mostly with the keyboard alone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from channels_cfg.history.change_log import event_models
from channels_cfg.models import Channel, Queue, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from reporting.models import SavedReport
from tests.factories import AttachedKeyFactory, ChannelFactory, QueueFactory, UserFactory
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)

STATISTICS = "Extra Data Included in Statistics"
ALLOCATING = "Extra Data Included When Allocating Calls"


@pytest.fixture
def ada(transactional_db: None) -> User:
    return configurator("ada")


def configurator(name: str) -> User:
    ensure_default_roles()  # a test before this one emptied the tables
    user = UserFactory(username=name, is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def phone(ada: User) -> Channel:
    channel = ChannelFactory(name="Phone", kind="voice", statistics_keys=["tier", "region"])
    for name in ("Sales", "Care", "Billing", "Orders"):
        QueueFactory(name=name, channel=channel)
    return channel


def page_of(place: Channel | Queue) -> str:
    return reverse("extra_data_place", args=[place._meta.model_name, place.pk])


def box(page: Page, key: str, label: str = STATISTICS):
    return page.get_by_role("checkbox", name=f"{key}, {label}")


def save(page: Page) -> None:
    with page.expect_navigation():
        page.locator("[data-save]").click()


def stored(place: Channel | Queue) -> list[str]:
    place.refresh_from_db()
    return place.statistics_keys


def report_with(*keys: str) -> SavedReport:
    return SavedReport.objects.create(
        name=f"By {', '.join(keys)}", owner=UserFactory(), query={}, keys=list(keys), saved_at=timezone.now()
    )


# With the keyboard alone


def test_keys_are_listed_with_the_keyboard_alone_knowing_what_it_does(open_as: OpenAs, ada: User, phone: Channel):
    AttachedKeyFactory(name="orderId", label="Order")
    report_with("tier")
    report_with("region", "tier")
    page = open_as(ada, reverse("extra_data"))
    with page.expect_navigation():
        page.get_by_role("link", name="Phone").press("Enter")

    page.keyboard.press("/")
    page.keyboard.type("orderId")
    page.keyboard.press("Enter")
    expect(box(page, "orderId")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")

    panel = page.get_by_role("region", name="Before you save")
    expect(panel).to_contain_text(
        "Saving adds 2, removes 2; affects 4 queues (4 by following the channel); 2 saved reports lose a column."
    )
    expect(panel).to_contain_text(f"Phone, {STATISTICS}: adds orderId, removes tier, region.")
    expect(panel).to_contain_text("By region, tier")
    page.get_by_label("Why?").focus()
    page.keyboard.type("Orders matter now")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.get_by_text("Saved: adds 2, removes 2; affects 4 queues")).to_be_visible()
    assert stored(phone) == ["orderId"]
    assert phone.allocation_keys == ["orderId"]
    (event,) = event_models()[Channel].objects.filter(pgh_obj=phone.pk, pgh_label="update")
    assert event.pgh_context.metadata["why"] == "Orders matter now"


def test_a_queue_starts_a_list_of_its_own_with_what_it_inherits(open_as: OpenAs, ada: User, phone: Channel):
    queue = phone.queues.get(name="Care")
    page = open_as(ada, page_of(queue))

    expect(page.get_by_role("columnheader", name=STATISTICS)).to_contain_text("from channel Phone")
    expect(box(page, "tier")).to_have_accessible_name(f"tier, {STATISTICS}, from channel Phone")
    box(page, "tier").uncheck()
    expect(
        page.get_by_text("From now on it has a list of its own and no longer follows channel Phone.")
    ).to_be_visible()
    save(page)

    expect(page.get_by_role("columnheader", name=STATISTICS)).to_contain_text("own list")
    assert stored(queue) == ["region"]
    assert stored(phone) == ["tier", "region"]


def test_a_list_with_nothing_ticked_follows_again(open_as: OpenAs, ada: User, phone: Channel):
    queue = QueueFactory(channel=phone, statistics_keys=["own"])
    page = open_as(ada, page_of(queue))

    box(page, "own").uncheck()
    expect(page.get_by_text("It follows channel Phone again.")).to_be_visible()
    save(page)

    expect(box(page, "tier")).to_be_checked()
    assert stored(queue) == []


def test_clearing_what_is_inherited_says_that_it_counts_all_the_same(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone.queues.get(name="Care")))

    box(page, "tier").uncheck()
    box(page, "region").uncheck()

    expect(page.get_by_text("an empty list follows channel Phone: tier, region still count.")).to_be_visible()


def test_typing_shows_the_rows_that_have_it_and_suggests_keys(open_as: OpenAs, ada: User, phone: Channel):
    key = AttachedKeyFactory(name="customerType", label="Kind of customer")
    key.aliases.create(name="custmerType")
    page = open_as(ada, page_of(phone))
    find = page.get_by_label("Find or add a key")

    find.press_sequentially("reg")
    expect(page.get_by_role("row", name="tier")).to_be_hidden()
    expect(page.get_by_role("row", name="region")).to_be_visible()
    find.fill("custmerType")
    expect(page.locator("#found-keys option")).to_have_attribute("value", "customerType")
    find.press("Enter")

    expect(page.get_by_text("“custmerType” is another name of customerType.")).to_be_visible()
    expect(box(page, "customerType")).to_be_focused()
    expect(page.get_by_role("row", name="tier")).to_be_visible()


# Pasting


@pytest.mark.parametrize(
    ("pasted", "ticked"),
    [
        ("alpha, beta", {STATISTICS: ["alpha", "beta"]}),
        ("alpha\nbeta", {STATISTICS: ["alpha", "beta"]}),
        ('["alpha", "beta"]', {STATISTICS: ["alpha", "beta"]}),
        (f"key,{STATISTICS},{ALLOCATING}\nalpha,yes,no\nbeta,,x", {STATISTICS: ["alpha"], ALLOCATING: ["beta"]}),
    ],
    ids=["commas", "lines", "json", "csv"],
)
def test_pasted_keys_are_ticked_and_then_saved(
    open_as: OpenAs, ada: User, phone: Channel, pasted: str, ticked: dict[str, list[str]]
):
    page = open_as(ada, page_of(phone))

    paste(page, pasted)

    for label, keys in ticked.items():
        for key in keys:
            expect(box(page, key, label)).to_be_checked()
    expect(page.get_by_text("Saving adds 2, removes 0")).to_have_count(2)
    assert stored(phone) == ["tier", "region"]
    save(page)
    assert stored(phone) == ["tier", "region", *ticked[STATISTICS]]
    assert phone.allocation_keys == ticked.get(ALLOCATING, [])


def paste(page: Page, text: str) -> None:
    if not page.get_by_label("Keys", exact=True).is_visible():
        page.get_by_text("Paste keys").click()
    page.get_by_label("Keys", exact=True).fill(text)
    with page.expect_navigation():
        page.get_by_role("button", name="Tick these").click()


def test_a_bad_item_is_named_and_nothing_typed_is_lost(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))
    box(page, "tier").uncheck()
    page.get_by_label("Why?").fill("Spring")

    paste(page, "good, bad key")

    expect(page.get_by_role("alert")).to_contain_text("Item 2, “bad key”: Character 4 is a space.")
    expect(page.get_by_label("Keys", exact=True)).to_have_value("good, bad key")
    expect(box(page, "tier")).not_to_be_checked()
    expect(page.get_by_label("Why?")).to_have_value("Spring")
    expect(page.get_by_role("status").filter(has_text="Saving adds 0, removes 1")).to_be_visible()


def test_a_name_that_cannot_be_a_key_is_told_before_saving(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))

    page.keyboard.press("/")
    page.keyboard.type("2nd")
    page.keyboard.press("Enter")

    expect(page.get_by_text("“2nd”: A key starts with a letter, but character 1 is “2”.")).to_be_visible()


# Asked before saving


def answer(page: Page, whose: str) -> None:
    page.get_by_label(whose).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-save]")).to_be_visible()


def test_two_administrators_at_once_choose_whose_list_is_right(open_as: OpenAs, ada: User, phone: Channel):
    queue = QueueFactory(channel=phone, statistics_keys=["first"])
    mine, theirs = open_as(ada, page_of(queue)), open_as(configurator("ben"), page_of(queue))
    box(theirs, "first").uncheck()
    paste(theirs, "theirs")
    save(theirs)

    paste(mine, "mine")
    save(mine)
    conflict = mine.get_by_role("group", name=STATISTICS)
    expect(mine.get_by_role("alert")).to_contain_text("ben saved this")
    for words in ("It was", "first", "Keep theirs", "theirs", "Use mine", "first, mine"):
        expect(conflict).to_contain_text(words)
    assert stored(queue) == ["theirs"]
    answer(mine, "Keep theirs")
    assert stored(queue) == ["theirs"]

    box(theirs, "theirs").uncheck()
    paste(theirs, "newer")
    save(theirs)
    paste(mine, "mine")
    save(mine)
    answer(mine, "Use mine")
    assert stored(queue) == ["theirs", "mine"]


def test_a_sensitive_key_asks_for_typed_words(open_as: OpenAs, ada: User, phone: Channel):
    AttachedKeyFactory(name="iban", sensitive=True)
    page = open_as(ada, page_of(phone))

    page.keyboard.press("/")
    page.keyboard.type("iban")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.get_by_text("Saving asks for a typed confirmation.")).to_be_visible()
    save(page)
    page.get_by_label("Type iban to confirm").fill("Iban")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing has been done.")).to_be_visible()
    assert stored(phone) == ["tier", "region"]
    page.get_by_label("Type iban to confirm").fill("iban")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert stored(phone) == ["tier", "region", "iban"]


def test_leaving_with_unsaved_ticks_warns_also_after_pasting(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))

    paste(page, "alpha")
    page.get_by_role("link", name="All channels").click()
    expect(box(page, "alpha")).to_be_checked()
    save(page)
    page.get_by_role("link", name="All channels").click()

    expect(page.get_by_text("Queues with lists of their own")).to_be_visible()
    assert asked == ["beforeunload"]


# When the server does not answer


def test_a_slow_answer_is_told_and_then_shown(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))
    held: list[Route] = []
    page.route("**/impact/", lambda route: held.append(route))

    box(page, "tier").uncheck()
    expect(page.get_by_text("This takes longer than usual.")).to_be_visible()
    for route in held:
        route.continue_()

    expect(page.get_by_role("status").filter(has_text="Saving adds 0, removes 1")).to_be_visible()


def test_a_failed_answer_is_told_and_asked_for_again(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))
    page.route("**/impact/", lambda route: route.abort())
    panel = page.get_by_role("region", name="Before you save")

    box(page, "tier").uncheck()
    expect(panel).to_contain_text("What saving would do could not be worked out. Your ticks are kept")
    page.unroute("**/impact/")
    page.get_by_role("button", name="Try again").click()

    expect(panel).to_contain_text("Saving adds 0, removes 1")


def test_who_is_signed_out_is_told_so(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, page_of(phone))
    page.context.clear_cookies()

    box(page, "tier").uncheck()

    expect(page.get_by_role("region", name="Before you save")).to_contain_text("You are signed out.")


# There and back


def test_forms_of_channels_and_queues_lead_to_the_matrix_and_back(open_as: OpenAs, ada: User, phone: Channel):
    page = open_as(ada, reverse("admin:channels_cfg_queue_change", args=[phone.queues.get(name="Care").pk]))

    page.get_by_role("link", name="Decide in the extra-data matrix").click()
    page.get_by_role("link", name="Extra data of channel Phone").click()
    page.get_by_role("link", name="All settings of this channel").click()
    page.get_by_role("link", name="Decide in the extra-data matrix").click()
    page.get_by_label("Go to another channel or queue").press_sequentially("Bill")
    expect(page.locator("#jump-places option")).to_have_attribute("value", "Billing")
    page.get_by_label("Go to another channel or queue").fill("Billing")
    page.get_by_label("Go to another channel or queue").press("Enter")
    page.get_by_role("link", name="All settings of this queue").click()

    expect(page.get_by_label("Name*")).to_have_value("Billing")


# Many places


def test_places_of_several_searches_and_pages_are_changed_at_once(open_as: OpenAs, ada: User, phone: Channel):
    chat = ChannelFactory(name="Customer chat", kind="chat")
    Queue.objects.bulk_create(Queue(name=f"Chat {number:03}", channel=chat) for number in range(120))
    page = open_as(ada, reverse("extra_data"))
    page.get_by_role("link", name="Change many places at once").click()

    page.get_by_label("Keys to add").fill("orderId")
    page.get_by_label("Billing").check()
    page.get_by_role("button", name="Next page").click()
    page.get_by_label("Search channels and queues").fill("chat 1")
    page.get_by_label("Search channels and queues").press("Enter")
    expect(page.get_by_text("Found: 0 channels, 20 queues.")).to_be_visible()
    page.get_by_role("button", name="Choose all 20 queues found").click()
    page.get_by_label("Chat 119").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("20 places chosen (1 of them not on this page)")).to_be_visible()
    expect(page.get_by_text("Saving adds 20, removes 0; affects 20 queues.")).to_be_visible()
    page.get_by_label("Why?").fill("Orders matter now")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("Saved: adds 20, removes 0; affects 20 queues.")).to_be_visible()
    assert Queue.objects.filter(statistics_keys__contains=["orderId"]).count() == 20
    assert stored(phone.queues.get(name="Billing")) == ["tier", "region", "orderId"]


# For everybody


def test_pages_about_extra_data_fit_and_are_open_to_everybody(open_as: OpenAs, ada: User, phone: Channel):
    AttachedKeyFactory(name="iban", sensitive=True, label="Bank account")
    report_with("tier")
    page = open_as(ada, reverse("extra_data"))
    check(page)

    page.goto(page_of(phone.queues.get(name="Care")))
    check(page)
    page.keyboard.press("/")
    page.keyboard.type("iban")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    box(page, "tier").uncheck()
    expect(page.get_by_text("1 saved report loses a column")).to_have_count(2)
    check(page)
    paste(page, "a" * 120 + ", bad key")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    Queue.objects.update(statistics_keys=["meanwhile"])
    save(page)
    expect(page.get_by_role("heading", name="Changed by somebody else in between")).to_be_visible()
    check(page)

    page.goto(reverse("extra_data_bulk"))
    check(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Type keys to add or to remove.")).to_be_visible()
    check(page)
    page.get_by_label("Keys to add").fill("orderId")
    page.get_by_role("button", name="Choose all 4 queues found").click()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Saving adds 4, removes 0")).to_be_visible()
    check(page)


def check(page: Page) -> None:
    assert shortcomings(page) == []
