"""A form that is sent twice counts once, and one from before a sign-in is kept for whoever typed it."""

from __future__ import annotations

import html
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from channels_cfg.models import ApiKey, FormSubmission, QueueGroup, Right, SecondFactor, User
from channels_cfg.models.encrypted import decrypt
from channels_cfg.models.versioned import lock_settings
from channels_cfg.rights.roles import CONFIGURATOR, ensure_default_roles
from conversations.models import Conversation, State
from tests.channels_cfg.admin.forms import open_form
from tests.factories import (
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    queued_conversation,
    user_with,
)

pytestmark = pytest.mark.django_db

ADD_QUEUE_GROUP = reverse("admin:channels_cfg_queuegroup_add")
PASSWORD = "correct horse"


@pytest.fixture
def aino(db: None) -> User:
    """Somebody who configures the portal."""
    ensure_default_roles()
    user = UserFactory(username="aino", is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


@pytest.fixture
def browser(aino: User) -> Client:
    return signed_in(aino)


def signed_in(user: User, **options: Any) -> Client:
    client = Client(**options)
    assert client.login(username=user.username, password=PASSWORD)
    return client


def hidden(page: HttpResponse, *names: str) -> dict[str, str]:
    """Hidden fields of the page, as a browser sends them."""
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    return {name: html.unescape(found[name]) for name in names}


def filled(client: Client, address: str, **typed: Any) -> dict[str, Any]:
    """What a browser sends of the form at the address."""
    return open_form(client, address) | hidden(client.get(address), "_form") | typed


def test_a_form_sent_twice_counts_once_and_leads_to_what_the_first_one_made(browser: Client):
    sent = filled(browser, ADD_QUEUE_GROUP, name="Nordic", _continue="Save")

    first, second = browser.post(ADD_QUEUE_GROUP, sent), browser.post(ADD_QUEUE_GROUP, sent)

    assert QueueGroup.objects.count() == 1
    assert first["Location"] == second["Location"]
    assert "This was sent twice. It counted once" in browser.get(second["Location"]).content.decode()


def test_an_api_key_is_made_and_shown_once(browser: Client, aino: User):
    client = UserFactory(is_api_client=True)
    add = reverse("admin:channels_cfg_apikey_add")
    more = reverse("admin:api_client_new_key", args=[client.pk])
    for address, page in ((add, add), (more, reverse("admin:channels_cfg_apiclient_change", args=[client.pk]))):
        sent = {"user": client.pk, "name": "crm", **hidden(browser.get(page), "_form")}

        first, second = browser.post(address, sent), browser.post(address, sent)

        key = ApiKey.objects.latest("pk")
        assert f"…{key.hint}" in first.content.decode() or key.hint in first.content.decode()
        assert second["Location"] == reverse("admin:channels_cfg_apikey_change", args=[key.pk])
    assert ApiKey.objects.count() == 2


def test_a_form_that_was_refused_may_be_sent_again(browser: Client):
    sent = filled(browser, ADD_QUEUE_GROUP, name="")

    answers = [browser.post(ADD_QUEUE_GROUP, sent | {"name": name}) for name in ("", "", "Nordic", "Baltic")]

    assert [answer.status_code for answer in answers] == [200, 200, 302, 302]
    assert FormSubmission.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_forms_sent_at_once_count_once_or_are_told_that_the_name_is_taken(aino: User):
    browser, other_tab = signed_in(aino), signed_in(aino)
    mine, theirs = (filled(client, ADD_QUEUE_GROUP, name="Nordic") for client in (browser, other_tab))

    with ThreadPoolExecutor(3) as at_once:
        with transaction.atomic():
            lock_settings()
            sending = [
                at_once.submit(post_in_a_thread, client, sent)
                for client, sent in ((browser, mine), (browser, mine), (other_tab, theirs))
            ]
            wait_until_three_wait()
        answers = [sent.result(timeout=30) for sent in sending]

    assert QueueGroup.objects.count() == 1
    assert answers[0].status_code == answers[1].status_code
    assert sorted({answers[0].status_code, answers[2].status_code}) == [200, 302]


def post_in_a_thread(client: Client, sent: dict[str, Any]) -> HttpResponse:
    try:
        return client.post(ADD_QUEUE_GROUP, sent)
    finally:
        connections.close_all()


def wait_until_three_wait() -> None:
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= 3:
                return
        time.sleep(0.1)
    raise AssertionError("They do not wait.")


# What was typed before a sign-in


def ended(client: Client) -> None:
    """The session is over, as after twelve hours; the browser knows nothing of it."""
    client.session.flush()


def after_sign_in(client: Client, page: HttpResponse, user: User) -> HttpResponse:
    kept = hidden(page, "kept_form")
    return client.post(reverse("login"), {"username": user.username, "password": PASSWORD, **kept}, follow=True)


def test_what_was_typed_when_the_session_ended_is_offered_to_the_same_user(browser: Client, aino: User):
    sent = filled(browser, ADD_QUEUE_GROUP, name="Nordic")
    ended(browser)

    page = browser.post(ADD_QUEUE_GROUP, sent)
    wrong = browser.post(reverse("login"), {"username": "aino", "password": "wrong", **hidden(page, "kept_form")})
    offered = after_sign_in(browser, wrong, aino)
    saved = browser.post(ADD_QUEUE_GROUP, hidden(offered, "_carried", "_form"), follow=True)

    assert "Your session has ended. What you sent is kept" in page.content.decode()
    assert "Nordic" not in page.content.decode()
    assert "What you typed is kept" in offered.content.decode()
    assert f'href="{ADD_QUEUE_GROUP}"' in offered.content.decode()
    assert saved.status_code == 200
    assert QueueGroup.objects.get().name == "Nordic"


def test_the_second_step_of_signing_in_keeps_it_as_well(browser: Client, aino: User):
    aino.second_factors.create(kind=SecondFactor.Kind.TOTP, secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    sent = filled(browser, ADD_QUEUE_GROUP, name="Nordic")
    ended(browser)

    step = after_sign_in(browser, browser.post(ADD_QUEUE_GROUP, sent), aino)
    code = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").now()
    offered = browser.post(step.request["PATH_INFO"], {"code": code})

    assert "What you typed is kept" in offered.content.decode()


def test_nobody_else_is_offered_it(browser: Client, aino: User):
    sent = filled(browser, ADD_QUEUE_GROUP, name="Nordic")
    ended(browser)
    page = browser.post(ADD_QUEUE_GROUP, sent)

    other = after_sign_in(browser, page, UserFactory(username="matti", is_staff=True))
    again = browser.post(ADD_QUEUE_GROUP, sent)

    assert "What you typed is kept" not in other.content.decode()
    assert "This page was open for too long" in again.content.decode()
    assert not QueueGroup.objects.exists()


def test_a_sign_in_in_another_tab_loses_nothing(aino: User):
    browser = signed_in(aino, enforce_csrf_checks=True)
    sent = filled(browser, ADD_QUEUE_GROUP, name="Nordic")
    sent |= hidden(browser.get(ADD_QUEUE_GROUP), "csrfmiddlewaretoken")
    ended(browser)
    token = hidden(browser.get(reverse("login")), "csrfmiddlewaretoken")
    browser.post(reverse("login"), {"username": "aino", "password": PASSWORD, **token})

    offered = browser.post(ADD_QUEUE_GROUP, sent)
    saved = browser.post(ADD_QUEUE_GROUP, hidden(offered, "_carried", "_form", "csrfmiddlewaretoken"))

    assert "You have signed in again since that page was opened." in offered.content.decode()
    assert saved.status_code == 302
    assert QueueGroup.objects.get().name == "Nordic"


def test_secrets_are_typed_again_and_too_much_is_not_kept(browser: Client):
    page = reverse("admin:channels_cfg_messagingservice_change", args=[MessagingServiceFactory().pk])
    sent = filled(browser, page, **{"secrets-0-secret": "canary-secret", "key_secret": "canary-key", "name": "WA"})
    large = filled(browser, ADD_QUEUE_GROUP, name="x" * 300_000)
    ended(browser)

    kept = decrypt(hidden(browser.post(page, sent), "kept_form")["kept_form"])
    too_large = browser.post(ADD_QUEUE_GROUP, large)

    assert "name=WA" in kept
    assert "canary" not in kept
    assert "kept_form" not in too_large.content.decode()


def test_an_action_of_the_desk_is_offered_as_well(db: None):
    queue = QueueFactory()
    agent = user_with(Right.SERVE, on=queue, username="anna")
    conversation = queued_conversation(queue)
    client = signed_in(agent)
    desk = client.get(f"/desk/{conversation.pk}/")
    ended(client)

    offered = after_sign_in(client, client.post(f"/desk/{conversation.pk}/accept/", hidden(desk, "_form")), agent)
    client.post(f"/desk/{conversation.pk}/accept/", hidden(offered, "_carried", "_form"))

    assert Conversation.objects.get(pk=conversation.pk).state == State.ACCEPTED
