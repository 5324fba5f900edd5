"""The rights matrix: ticked, previewed in words, saved; by one administrator or two at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels_cfg.models import QUEUE_RIGHTS, AccessRight, Queue, Right, SettingsVersion, SystemSettings
from channels_cfg.rights.roles import CONFIGURATOR
from tests.factories import ChannelFactory, GroupFactory, QueueFactory, QueueGroupFactory, UserFactory, grant

MATRIX = "/admin/channels_cfg/accessright/matrix/"


def tick(client: Client, address: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> HttpResponse:
    """Open the matrix, change these cells, ask for the preview."""
    opened = client.get(address)
    before = opened.context["before"]
    cells = [*(cell for cell in before.split() if cell not in remove), *add]
    return client.post(address, {"before": before, "cell": cells})


def confirm(client: Client, preview: HttpResponse, **typed: str) -> HttpResponse:
    """Save what the preview shows."""
    asked = preview.context
    sent = {
        "grants": asked["grants"],
        "withdrawals": asked["withdrawals"],
        "agreed_to": asked["preview"].fingerprint,
        "save": "yes",
    }
    return client.post(preview.wsgi_request.get_full_path(), {**sent, **typed})


def said(answer: HttpResponse) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_a_tick_is_previewed_and_then_granted(browser: Client):
    anna, queue = UserFactory(first_name="Anna", last_name="Ek"), QueueFactory(name="Chat care")

    preview = tick(browser, f"{MATRIX}?column=u{anna.pk}", add=(f"u{anna.pk}-q{queue.pk}-serve",))
    not_yet = AccessRight.objects.exists()
    saved = confirm(browser, preview)

    assert "“Anna Ek” may from now on: Serve on Chat care." in preview.content.decode()
    assert not not_yet
    assert saved.status_code == 302
    assert "Saved: grants 1." in said(saved)
    assert f"/{SettingsVersion.current()}/undo/" in said(saved)
    assert Queue.objects.granting(Right.SERVE, to=anna).get() == queue


def test_the_same_cells_are_reached_from_the_place(browser: Client):
    anna, queue = UserFactory(), QueueFactory()
    address = f"{MATRIX}?by=place&column=q{queue.pk}&rows=user&q={anna.username}"

    confirm(browser, tick(browser, address.replace("rows=user", "rows=u"), add=(f"u{anna.pk}-q{queue.pk}-serve",)))

    assert Queue.objects.granting(Right.SERVE, to=anna).get() == queue


def test_what_is_inherited_shows_its_origin_and_has_no_box(browser: Client):
    anna, team = UserFactory(), GroupFactory(name="Day shift")
    anna.groups.add(team)
    queue = QueueFactory()
    queue.groups.add(nordic := QueueGroupFactory(name="Nordic sales"))
    AccessRight.objects.create(group=team, right=Right.SERVE, queue_group=nordic)

    page = browser.get(f"{MATRIX}?column=u{anna.pk}").content.decode()

    assert "through group Day shift, on queue group Nordic sales" in page
    assert f'value="u{anna.pk}-q{queue.pk}-serve"' not in page
    assert f'value="u{anna.pk}-q{queue.pk}-view_history"' in page
    link = re.search(r'class="matrix-inherited" href="([^"]+)"', page)
    origin = browser.get(link[1].replace("&amp;", "&"))  # type: ignore[index]
    assert f"g{team.pk}-s{nordic.pk}-serve" in origin.context["before"]


def test_withdrawing_the_last_holder_asks_for_typing(browser: Client):
    anna, queue = UserFactory(), QueueFactory(name="Chat care")
    grant(anna, Right.MANAGE_CONTACTS, on=queue)
    cell = f"u{anna.pk}-q{queue.pk}-manage_contacts"

    preview = tick(browser, f"{MATRIX}?column=u{anna.pk}", remove=(cell,))
    untyped = confirm(browser, preview)
    mistyped = confirm(browser, preview, _typed="withdraw")
    still_there = AccessRight.objects.count()
    typed = confirm(browser, preview, _typed="withdraw 1")

    assert "Nobody will hold Manage contacts on Chat care." in preview.content.decode()
    assert untyped.status_code == mistyped.status_code == 200
    assert "That is not “withdraw 1”" in mistyped.content.decode()
    assert still_there == 1
    assert typed.status_code == 302
    assert not AccessRight.objects.exists()


def test_two_administrators_at_once_keep_each_others_changes(browser: Client):
    anna, first, second = UserFactory(), QueueFactory(), QueueFactory()
    grant(anna, Right.SERVE, on=first)
    address = f"{MATRIX}?column=u{anna.pk}"
    one = tick(browser, address, add=(f"u{anna.pk}-q{second.pk}-serve",))
    other = tick(
        browser, address, add=(f"u{anna.pk}-q{second.pk}-view_history",), remove=(f"u{anna.pk}-q{first.pk}-serve",)
    )

    confirm(browser, one)
    confirm(browser, other, _typed="withdraw 1")

    held = AccessRight.objects.filter(user=anna).values_list("queue", "right")
    assert set(held) == {(second.pk, "serve"), (second.pk, "view_history")}


def test_an_administrator_who_agreed_to_something_else_is_asked_again(browser: Client):
    anna, team, queue = UserFactory(first_name="Anna", last_name="Ek"), GroupFactory(), QueueFactory(name="Chat care")
    anna.groups.add(team)
    AccessRight.objects.create(group=team, right=Right.SERVE, queue=queue)
    grant(anna, Right.SERVE, on=queue)
    preview = tick(browser, f"{MATRIX}?column=u{anna.pk}", remove=(f"u{anna.pk}-q{queue.pk}-serve",))
    AccessRight.objects.filter(group=team).delete()

    again = confirm(browser, preview)

    assert "Somebody changed settings since you looked" in again.content.decode()
    assert "Anna Ek loses Serve on Chat care." in again.content.decode()
    assert AccessRight.objects.count() == 1


def test_going_on_editing_keeps_what_was_ticked(browser: Client):
    anna, queue = UserFactory(), QueueFactory()
    cell = f"u{anna.pk}-q{queue.pk}-serve"
    preview = tick(browser, f"{MATRIX}?column=u{anna.pk}", add=(cell,))

    back = browser.post(
        preview.wsgi_request.get_full_path(), {"grants": preview.context["grants"], "withdrawals": "", "edit": "yes"}
    )

    ticked = [box.code for row in back.context["rows"] for box in row.boxes if box.ticked]
    assert ticked == [cell]
    assert back.context["before"] == ""


def test_one_right_is_granted_on_every_queue_that_is_found(browser: Client):
    team = GroupFactory()
    channel = ChannelFactory()
    QueueFactory.create_batch(30, channel=channel)
    nordic = [QueueFactory(name=f"Nordic {number}", channel=channel) for number in range(30)]
    address = f"{MATRIX}?column=g{team.pk}&q=nordic"

    preview = browser.post(address, {"bulk": "grant", "bulk_column": f"g{team.pk}", "right": "serve"})
    confirm(browser, preview)
    again = browser.post(address, {"bulk": "withdraw", "bulk_column": f"g{team.pk}", "right": "serve"})

    assert "Nordic 0" in preview.content.decode() and "25 more" in preview.content.decode()
    assert set(AccessRight.objects.values_list("queue", flat=True)) == {queue.pk for queue in nordic}
    assert again.context["preview"].confirmation.words == "withdraw 30"


def test_a_bulk_change_without_a_right_is_refused_in_words(browser: Client):
    team = GroupFactory()
    QueueFactory()

    answer = browser.post(f"{MATRIX}?column=g{team.pk}", {"bulk": "grant", "bulk_column": f"g{team.pk}", "right": ""})

    assert "Choose the right to grant or withdraw." in said(answer)


@pytest.mark.parametrize(
    "posted", [{"before": "", "cell": "nonsense"}, {"grants": "u1-q1-rule"}, {"grants": "", "withdrawals": "\x00"}]
)
def test_nonsense_is_refused_in_words(browser: Client, posted: dict[str, Any]):
    answer = browser.post(MATRIX, posted)

    assert answer.status_code == 200
    assert "is no access right" in said(answer)


@pytest.mark.parametrize(
    "query",
    [
        "by=moon&rows=moon&page=moon",
        "column=u999999999999999999999",
        "column=x1&column=",
        "by=place&add_q=-1",
        "page=99",
    ],
)
def test_an_odd_address_still_shows_the_matrix(browser: Client, query: str):
    QueueFactory()

    assert browser.get(f"{MATRIX}?{query}").status_code == 200


def test_nothing_changed_says_so(browser: Client):
    anna = UserFactory()
    QueueFactory()

    answer = tick(browser, f"{MATRIX}?column=u{anna.pk}")

    assert "nothing to save" in said(answer)


def test_a_reason_is_asked_for_where_the_portal_wants_one(browser: Client):
    SystemSettings.objects.update_or_create(pk=SystemSettings.load().pk, defaults={"why_required": True})
    anna, queue = UserFactory(), QueueFactory()
    preview = tick(browser, f"{MATRIX}?column=u{anna.pk}", add=(f"u{anna.pk}-q{queue.pk}-serve",))

    without = confirm(browser, preview)
    none_yet = AccessRight.objects.exists()
    confirm(browser, preview, why="New in the team")

    assert "Say why" in without.content.decode()
    assert not none_yet
    event = AccessRight.pgh_event_model.objects.get(pgh_label="insert")  # type: ignore[attr-defined]
    assert event.pgh_context.metadata["why"] == "New in the team"


def test_who_may_only_look_cannot_change(db: None):
    looking = UserFactory(username="viewer", is_staff=True)
    looking.user_permissions.add(*Group.objects.get(name=CONFIGURATOR).permissions.filter(codename="view_accessright"))
    anna, queue = UserFactory(), QueueFactory()
    client = Client()
    client.force_login(looking)

    shown = client.get(f"{MATRIX}?column=u{anna.pk}")
    refused = client.post(f"{MATRIX}?column=u{anna.pk}", {"before": "", "cell": f"u{anna.pk}-q{queue.pk}-serve"})

    assert "Preview changes" not in shown.content.decode()
    assert refused.status_code == 403


def test_staff_without_the_role_see_no_matrix(db: None):
    client = Client()
    client.force_login(UserFactory(is_staff=True))

    assert client.get(MATRIX).status_code == 403


@pytest.mark.parametrize("query", ["", "by=place&rows=u", "granted=1", "rows=s", "rows=d", "by=place&rows=g&granted=1"])
def test_the_matrix_costs_the_same_for_few_and_for_many(browser: Client, query: str):
    a_row_of_everything()
    browser.get(f"{MATRIX}?{query}")
    with CaptureQueriesContext(connection) as for_few:
        browser.get(f"{MATRIX}?{query}")
    for _ in range(9):
        a_row_of_everything()

    with CaptureQueriesContext(connection) as for_many:
        browser.get(f"{MATRIX}?{query}")

    assert len(for_many) <= len(for_few) + 1  # names of what is only now an origin


def a_row_of_everything() -> None:
    team, queue, nordic = GroupFactory(), QueueFactory(), QueueGroupFactory()
    queue.groups.add(nordic)
    user = grant(UserFactory(), *QUEUE_RIGHTS, on=queue)
    user.groups.add(team)
    for right in QUEUE_RIGHTS:
        AccessRight.objects.create(group=team, right=right, queue_group=nordic)
        AccessRight.objects.create(group=team, right=right, direct_conversations_of=team)
