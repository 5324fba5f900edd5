"""Two administrators at once: nothing is overwritten, and nothing that was typed is lost."""

from __future__ import annotations

import html
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from channels_cfg.models import AccessRight, Channel, Queue, QueueAddress, Right, WebhookSecret
from channels_cfg.models.versioned import lock_settings
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from tests.channels_cfg.admin.forms import open_form, save_form
from tests.factories import (
    ChannelFactory,
    GroupFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
)


@pytest.fixture
def colleague(db: None) -> Client:
    """Another administrator, signed in elsewhere."""
    user = UserFactory(username="matti", first_name="Matti", last_name="Meikäläinen", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client = Client()
    assert client.login(username="matti", password="correct horse")
    return client


def page_of(record: Any) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])


def opened(client: Client, address: str) -> dict[str, Any]:
    """The form as it is on the page, with what it was filled with."""
    sent = open_form(client, address)
    sent["_loaded"] = client.get(address).context["loaded"]
    return sent


def answered(client: Client, page: HttpResponse, **choices: str) -> HttpResponse:
    """Send the difference page with these answers, by label; the choices already made on it stay."""
    text = page.content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(_\w+)" value="([^"]*)"', text))
    differences = page.context["comparison"].differences
    made = {difference.choice: "theirs" for difference in differences if not difference.both_changed}
    made |= {difference.choice: choices[difference.label] for difference in differences if difference.label in choices}
    return client.post(
        page.wsgi_request.path, {**{k: html.unescape(v) for k, v in hidden.items()}, **made}, follow=True
    )


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(browser: Client, colleague: Client):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"], description="old")
    mine = opened(browser, page_of(channel))
    save_form(colleague, page_of(channel), statistics_keys="tier, theirs", _save="Save")

    page = browser.post(page_of(channel), {**mine, "statistics_keys": "tier, mine", "description": "new"})

    assert page.status_code == 409
    (difference,) = page.context["comparison"].differences
    assert (difference.was, difference.theirs, difference.mine) == ("tier", "tier, theirs", "tier, mine")
    assert [other.mine for other in page.context["comparison"].only_mine] == ["new"]
    assert page.context["people"] == ["Matti Meikäläinen"]
    channel.refresh_from_db()
    assert (channel.statistics_keys, channel.description) == (["tier", "theirs"], "old")


@pytest.mark.parametrize(("choice", "kept"), [("theirs", ["tier", "theirs"]), ("mine", ["tier", "mine"])])
def test_each_setting_is_chosen_and_the_rest_is_saved_as_typed(
    browser: Client, colleague: Client, choice: str, kept: list[str]
):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"], description="old")
    mine = opened(browser, page_of(channel))
    save_form(colleague, page_of(channel), statistics_keys="tier, theirs", _save="Save")
    page = browser.post(page_of(channel), {**mine, "statistics_keys": "tier, mine", "description": "new"})

    saved = answered(browser, page, **{"Extra Data Included in Statistics": choice})

    assert saved.status_code == 200
    channel.refresh_from_db()
    assert (channel.statistics_keys, channel.description) == (kept, "new")


def test_nothing_is_saved_before_every_conflict_is_decided(browser: Client, colleague: Client):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"])
    mine = opened(browser, page_of(channel))
    save_form(colleague, page_of(channel), statistics_keys="theirs", _save="Save")
    page = browser.post(page_of(channel), {**mine, "statistics_keys": "mine"})

    again = answered(browser, page)

    assert again.status_code == 409
    assert again.context["comparison"].differences[0].mine == "mine"
    channel.refresh_from_db()
    assert channel.statistics_keys == ["theirs"]


def test_an_answer_counts_only_for_what_the_page_showed(browser: Client, colleague: Client):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"])
    mine = opened(browser, page_of(channel))
    save_form(colleague, page_of(channel), statistics_keys="theirs", _save="Save")
    page = browser.post(page_of(channel), {**mine, "statistics_keys": "mine"})
    save_form(colleague, page_of(channel), statistics_keys="theirs, again", _save="Save")

    again = answered(browser, page, **{"Extra Data Included in Statistics": "mine"})

    assert again.status_code == 409
    assert again.context["comparison"].differences[0].theirs == "theirs, again"
    channel.refresh_from_db()
    assert channel.statistics_keys == ["theirs", "again"]


def test_a_form_over_an_unchanged_record_is_saved_at_once(browser: Client):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"])
    mine = opened(browser, page_of(channel))

    saved = browser.post(page_of(channel), {**mine, "statistics_keys": "mine"}, follow=True)

    assert saved.status_code == 200
    assert Channel.objects.get().statistics_keys == ["mine"]


def test_a_refused_form_remembers_what_it_was_filled_with(browser: Client, colleague: Client):
    channel = ChannelFactory(name="Chat", statistics_keys=["tier"])
    mine = opened(browser, page_of(channel))
    refused = browser.post(page_of(channel), {**mine, "statistics_keys": "not a key"})
    save_form(colleague, page_of(channel), statistics_keys="theirs", _save="Save")

    page = browser.post(page_of(channel), {**mine, "_loaded": refused.context["loaded"], "statistics_keys": "mine"})

    assert page.status_code == 409


def test_rows_are_compared_one_by_one(browser: Client, colleague: Client):
    queue = QueueFactory()
    for address in ("kept@example.com", "theirs@example.com", "gone@example.com"):
        QueueAddress.objects.create(queue=queue, address=address)
    mine = opened(browser, page_of(queue))  # ordered by address: gone, kept, theirs
    theirs = opened(colleague, page_of(queue))
    theirs |= {"addresses-0-DELETE": "on", "addresses-2-address": "changed@example.com"}
    theirs |= {"addresses-TOTAL_FORMS": 4, "addresses-3-address": "added@example.com"}
    colleague.post(page_of(queue), theirs)
    mine |= {"addresses-0-address": "revived@example.com", "addresses-1-address": "mine@example.com"}
    mine |= {"addresses-2-DELETE": "on", "addresses-TOTAL_FORMS": 4, "addresses-3-address": "new@example.com"}

    page = browser.post(page_of(queue), mine)
    differences = page.context["comparison"].differences
    choices = {difference.choice: "mine" for difference in differences}
    text = page.content.decode()
    hidden = {k: html.unescape(v) for k, v in re.findall(r'type="hidden" name="(_\w+)" value="([^"]*)"', text)}
    saved = browser.post(page_of(queue), {**hidden, **choices}, follow=True)

    assert [(one.theirs, one.mine) for one in differences] == [
        ("deleted", "revived@example.com"),
        ("changed@example.com", "deleted"),
    ]
    assert page.context["comparison"].added_by_them == ["Address: added@example.com"]
    assert saved.status_code == 200
    assert sorted(queue.addresses.values_list("address", flat=True)) == [
        "added@example.com",
        "mine@example.com",
        "new@example.com",
        "revived@example.com",
    ]


def test_a_row_deleted_meanwhile_stays_deleted_where_nothing_was_typed_in_it(browser: Client, colleague: Client):
    queue = QueueFactory()
    QueueAddress.objects.create(queue=queue, address="gone@example.com")
    QueueAddress.objects.create(queue=queue, address="stays@example.com")
    mine = opened(browser, page_of(queue))
    colleague.post(page_of(queue), {**opened(colleague, page_of(queue)), "addresses-0-DELETE": "on"})

    saved = browser.post(page_of(queue), {**mine, "description": "mine"}, follow=True)

    assert saved.status_code == 200
    assert [address.address for address in queue.addresses.all()] == ["stays@example.com"]
    assert Queue.objects.get().description == "mine"


def test_the_same_right_granted_by_both_is_said_so_and_granted_once(browser: Client, colleague: Client):
    queue, group = QueueFactory(), GroupFactory()
    mine = opened(browser, page_of(queue))
    AccessRight.objects.create(group=group, right=Right.SERVE, queue=queue)
    mine |= {
        "access_rights-TOTAL_FORMS": 1,
        "access_rights-0-group": group.pk,
        "access_rights-0-right": Right.SERVE,
    }

    answer = browser.post(page_of(queue), mine)

    assert "This right is granted already." in answer.content.decode()
    assert AccessRight.objects.count() == 1


def test_a_secret_typed_in_between_is_in_no_page_and_still_saved(browser: Client, colleague: Client):
    service = MessagingServiceFactory(name="WhatsApp")
    WebhookSecretFactory(service=service, secret="first-secret")
    mine = opened(browser, page_of(service))
    save_form(colleague, page_of(service), name="WhatsApp Finland", _save="Save")
    mine |= {"secrets-TOTAL_FORMS": 2, "secrets-1-secret": "CANARY-secret", "secrets-1-note": "new", "name": "WA"}

    page = browser.post(page_of(service), mine)
    saved = answered(browser, page, Name="theirs")

    assert page.status_code == 409
    assert "CANARY-secret" not in page.content.decode()
    assert "first-secret" not in page.content.decode()
    assert saved.status_code == 200
    assert sorted(secret.secret for secret in WebhookSecret.objects.all()) == ["CANARY-secret", "first-secret"]
    service.refresh_from_db()
    assert service.name == "WhatsApp Finland"


def test_rows_on_other_pages_are_no_change_in_between(browser: Client):
    queue = QueueFactory()
    for _ in range(25):
        AccessRight.objects.create(group=GroupFactory(), right=Right.SERVE, queue=queue)
    mine = opened(browser, page_of(queue))

    saved = browser.post(page_of(queue), {**mine, "description": "mine"}, follow=True)

    assert saved.status_code == 200
    assert Queue.objects.get().description == "mine"
    assert queue.access_rights.count() == 25


@pytest.mark.django_db(transaction=True)
def test_a_form_that_waits_for_its_turn_holds_up_nobody(client: Client):
    ensure_default_roles()
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    client.force_login(user)
    channel = ChannelFactory(description="old")
    sent = {**opened(client, page_of(channel)), "description": "typed"}

    with ThreadPoolExecutor(1) as another:
        with transaction.atomic():
            lock_settings()
            saving = another.submit(client.post, page_of(channel), sent)
            wait_for_somebody_to_wait()
            Channel.objects.select_for_update(nowait=True).get()  # locked by the form, the two would wait in a circle
            Channel.objects.update(statistics_keys=["ours"])
        page = saving.result(timeout=30)
        another.submit(connections.close_all).result()

    assert page.status_code == 409
    (difference,) = page.context["comparison"].differences
    assert difference.theirs == "ours"


def wait_for_somebody_to_wait() -> None:
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone() is not None:
                return
        time.sleep(0.1)
    raise AssertionError("Nobody waits for a turn.")
