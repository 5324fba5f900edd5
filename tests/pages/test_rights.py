"""The pages about rights as an administrator uses them: in a browser, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from playwright.sync_api import Page, expect

from channels_cfg.models import AccessRight, ApiKey, Queue, Right, User
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.factories import ApiKeyFactory, GroupFactory, QueueFactory, QueueGroupFactory, UserFactory, grant
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)

MATRIX = "/admin/channels_cfg/accessright/matrix/"


@pytest.fixture
def configurator() -> User:
    ensure_default_roles()  # a test before this one emptied the tables
    user = UserFactory(username="aino", first_name="Aino", last_name="Virtanen", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def anna() -> User:
    return UserFactory(username="anna", first_name="Anna", last_name="Ek")


def walk_to(page: Page, label: str) -> None:
    """Tab until the element with this label has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent ?? '').trim()"
        )
        if focused.startswith(label):
            return
    raise AssertionError(f"The keyboard does not reach “{label}”.")


def test_rights_are_granted_and_withdrawn_with_the_keyboard_alone(open_as: OpenAs, configurator: User, anna: User):
    care, sales = QueueFactory(name="Chat care"), QueueFactory(name="Chat sales")
    grant(anna, Right.VIEW_HISTORY, on=care)
    page = open_as(configurator, f"{MATRIX}?column=u{anna.pk}")

    walk_to(page, "View history: Anna Ek on queue Chat care")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_text("Not saved yet: grants 1, withdraws 1")).to_be_visible()
    walk_to(page, "Preview changes")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Anna Ek loses View history on Chat care.")).to_be_visible()
    expect(page.get_by_text("Nobody will hold View history on Chat care.")).to_be_visible()
    page.get_by_label("Type withdraw 1 to confirm").focus()
    page.keyboard.type("withdraw 1")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.get_by_text("Saved: grants 1, withdraws 1.")).to_be_visible()
    assert AccessRight.objects.get().queue == sales
    assert AccessRight.objects.get().right == Right.SERVE


def test_a_column_is_found_as_one_types_and_ticked_at_once(open_as: OpenAs, configurator: User, anna: User):
    queues = [QueueFactory(name=f"Chat {number}") for number in range(3)]
    page = open_as(configurator, MATRIX)

    page.locator("#matrix-choice .select2-selection").first.click()
    page.keyboard.type("anna")
    with page.expect_navigation():
        page.get_by_role("option", name="Anna Ek").click()
    page.get_by_role("button", name="Tick or clear Serve of Anna Ek on this page").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Preview changes").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).click()

    assert set(Queue.objects.granting(Right.SERVE, to=anna)) == set(queues)


def test_going_on_editing_loses_no_tick(open_as: OpenAs, configurator: User, anna: User):
    QueueFactory(name="Chat care")
    page = open_as(configurator, f"{MATRIX}?column=u{anna.pk}")
    box = page.get_by_label("Serve: Anna Ek on queue Chat care")

    box.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Preview changes").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Go on editing").click()

    expect(box).to_be_checked()
    expect(page.get_by_text("Not saved yet: grants 1")).to_be_visible()
    page.get_by_label("View reports: Anna Ek on queue Chat care").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Preview changes").click()
    expect(page.get_by_role("heading", name="Grants 2")).to_be_visible()


def test_the_matrix_works_without_javascript(open_as: OpenAs, configurator: User, anna: User):
    queue = QueueFactory(name="Chat care")
    page = open_as(configurator, f"{MATRIX}?column=u{anna.pk}", scripts=False)

    page.get_by_label("Serve: Anna Ek on queue Chat care").check()
    page.get_by_role("button", name="Preview changes").click()
    page.get_by_role("button", name="Save", exact=True).click()

    assert Queue.objects.granting(Right.SERVE, to=anna).get() == queue


def test_a_client_is_made_and_its_key_rotated(open_as: OpenAs, configurator: User):
    queue = QueueFactory(name="Chat care")
    page = open_as(configurator, "/admin/channels_cfg/apiclient/add/")

    page.get_by_label("Name").fill("crm")
    page.get_by_label("What it does").fill("CRM nightly sync")
    page.get_by_label("Manage contacts").check()
    page.locator(".select2-selection").first.click()
    page.keyboard.type("care")
    page.get_by_role("option", name="Chat care").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Make the client and show its key").click()
    first = page.locator("#api-key").inner_text()
    page.get_by_role("link", name="I have it: to the page of the client").click()
    expect(page.get_by_text("never used")).to_be_visible()
    page.get_by_role("link", name="Rotate").click()
    page.get_by_label("The old key still works").select_option("one day")
    with page.expect_navigation():
        page.get_by_role("button", name="Make the new key").click()
    second = page.locator("#api-key").inner_text()
    page.get_by_role("link", name="I have it: to the page of the client").click()

    assert re.fullmatch(r"ks_[\w-]{40,}", second) and first != second
    assert {ApiKey.objects.matching(text).user.username for text in (first, second)} == {"crm"}  # type: ignore[union-attr]
    assert ApiKey.objects.matching(first).expires_at  # type: ignore[union-attr]
    assert AccessRight.objects.get().queue == queue
    assert second not in page.content()


def test_a_question_is_asked_and_answered(open_as: OpenAs, configurator: User, anna: User):
    queue, team = QueueFactory(name="Chat care"), GroupFactory(name="Day shift")
    anna.groups.add(team)
    AccessRight.objects.create(group=team, right=Right.SERVE, queue=queue)
    page = open_as(configurator, f"{reverse('why_rights')}?queue={queue.pk}")

    page.locator(".select2-selection").first.click()
    page.keyboard.type("anna")
    page.get_by_role("option", name="Anna Ek").click()
    page.get_by_label("or address or conversation id").fill("/desk/")
    with page.expect_navigation():
        page.get_by_role("button", name="Tell me").click()

    expect(page.get_by_text("Anna Ek holds Serve on Chat care.")).to_be_visible()
    expect(page.get_by_role("link", name="through group Day shift")).to_be_visible()
    expect(page.get_by_text("Who can grant rights: Aino Virtanen.")).to_be_visible()


def test_pages_about_rights_fit_and_are_open_to_everybody(open_as: OpenAs, configurator: User, anna: User):
    queue, nordic, team = (
        QueueFactory(name="Chat care"),
        QueueGroupFactory(name="Nordic"),
        GroupFactory(name="Day shift"),
    )
    queue.groups.add(nordic)
    anna.groups.add(team)
    AccessRight.objects.create(group=team, right=Right.SERVE, queue_group=nordic)
    grant(anna, Right.VIEW_HISTORY, on=queue)
    key = ApiKeyFactory()
    page = open_as(configurator, f"{MATRIX}?column=u{anna.pk}&column=g{team.pk}")

    for address in [
        f"{MATRIX}?by=place&column=q{queue.pk}&rows=u",
        f"{reverse('why_rights')}?user={anna.pk}&queue={queue.pk}",
        "/admin/channels_cfg/apiclient/add/",
        reverse("admin:channels_cfg_apiclient_change", args=[key.user_id]),
        reverse("admin:api_client_rotate", args=[key.user_id, key.pk]),
        reverse("admin:auth_group_copy_role", args=[team.pk]),
        reverse("admin:channels_cfg_user_copy_rights", args=[anna.pk]),
        "/desk/",
    ]:
        assert shortcomings(page, "#content") == []
        page.goto(address)
