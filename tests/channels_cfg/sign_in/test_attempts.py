"""The brake on guessing, and what is noted of sign-ins."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.core import serializers
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from channels_cfg.models import SignInEvent, User
from config.tasks import delete_expired_sign_ins
from tests.factories import ApiKeyFactory, UserFactory

pytestmark = pytest.mark.django_db

DOOR = "/RI/cmi/contactData"
OFFICE, ELSEWHERE = "203.0.113.9", "198.51.100.7"
Method, Result = SignInEvent.Method, SignInEvent.Result


@pytest.fixture
def aino() -> User:
    return UserFactory(username="aino")


def sign_in(username: str, password: str, *, at: str = OFFICE, page: str = "/accounts/login/") -> HttpResponse:
    return Client(REMOTE_ADDR=at).post(page, {"username": username, "password": password})


def fail(username: str, times: int, *, at: str = OFFICE) -> list[int]:
    return [sign_in(username, f"wrong {number}", at=at).status_code for number in range(times)]


def show(headers: dict[str, str], *, at: str = OFFICE) -> HttpResponse:
    return Client(REMOTE_ADDR=at).get(DOOR, headers=headers)


def basic(username: str, key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{key}".encode()).decode()}


def order_token(username: str, key: str, *, at: str = OFFICE) -> HttpResponse:
    order = {"grant_type": "client_credentials", "client_id": username, "client_secret": key}
    return Client(REMOTE_ADDR=at).post("/oauth/token", order)


def noted() -> list[tuple[str, str | None, str, str]]:
    return list(SignInEvent.objects.order_by("id").values_list("account", "address", "method", "result"))


def test_after_five_wrong_passwords_the_account_must_wait_at_that_address_and_nowhere_else(aino, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    assert fail("aino", 6) == [200, 200, 200, 200, 429, 429]

    refused = sign_in("aino", "correct horse")
    time_machine.shift(timedelta(minutes=5, seconds=30))
    later = sign_in("aino", "correct horse")

    assert refused.status_code == later.status_code == 429
    assert refused["Retry-After"] == "600" and "Wait 10 minutes, then try again." in refused.content.decode()
    assert later["Retry-After"] == "270" and "Wait 5 minutes" in later.content.decode()
    assert 'value="aino"' in refused.content.decode()
    assert sign_in("aino", "correct horse", at=ELSEWHERE).status_code == 302
    UserFactory(username="matti")
    assert sign_in("matti", "correct horse").status_code == 302
    time_machine.shift(timedelta(minutes=4, seconds=31))
    assert sign_in("aino", "correct horse").status_code == 302


def test_a_name_that_nobody_has_waits_as_one_that_somebody_has(aino):
    assert fail("nobody", 6) == fail("aino", 6)


def test_signing_in_starts_the_count_anew(aino):
    assert fail("aino", 4) == [200] * 4
    assert sign_in("aino", "correct horse").status_code == 302

    assert fail("aino", 4) == [200] * 4


def test_an_address_that_fails_with_many_names_must_wait_with_any(aino, settings):
    settings.SIGN_IN_FAILURES_OF_ADDRESS = 7
    for number in range(7):
        assert fail(f"name {number}", 1) == [200]

    assert sign_in("aino", "correct horse").status_code == 429
    assert sign_in("aino", "correct horse", at=ELSEWHERE).status_code == 302


@pytest.mark.parametrize(
    "attempt",
    [
        lambda at: show({"X-Api-Key": "ks_wrong"}, at=at),
        lambda at: show(basic("crm", "ks_wrong"), at=at),
        lambda at: show({"Authorization": "Bearer wrong"}, at=at),
        lambda at: order_token("crm", "ks_wrong", at=at),
    ],
    ids=["key", "basic", "token", "order for a token"],
)
def test_wrong_keys_and_tokens_are_told_to_wait_while_right_ones_stay_welcome(attempt):
    key = ApiKeyFactory(user=UserFactory(username="crm"))
    token = order_token("crm", key.text).json()["access_token"]

    answers = [attempt(OFFICE) for _number in range(7)]

    assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 3
    problem = answers[-1]
    assert problem["Content-Type"] == "application/problem+json" and problem.json()["status"] == 429
    assert 590 <= int(problem["Retry-After"]) <= 600
    assert show({"X-Api-Key": "ks_another"}).status_code == 429  # by whatever name it knocks
    assert attempt(ELSEWHERE).status_code == 401
    right = [{"X-Api-Key": key.text}, basic("crm", key.text), {"Authorization": f"Bearer {token}"}]
    assert [show(headers).status_code for headers in right] == [200, 200, 200]
    assert order_token("crm", key.text).status_code == 200
    UserFactory(username="aino")
    assert sign_in("aino", "correct horse").status_code == 302


def test_a_token_that_has_ended_is_no_guess(time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    key = ApiKeyFactory()
    headers = {"Authorization": f"Bearer {order_token(key.user.username, key.text).json()['access_token']}"}
    time_machine.shift(timedelta(hours=2))

    assert [show(headers).status_code for _number in range(8)] == [401] * 8


def test_what_happened_is_noted(aino):
    key = ApiKeyFactory(user=UserFactory(username="crm sync"))
    client = Client(REMOTE_ADDR=OFFICE)

    client.post("/accounts/login/", {"username": "aino", "password": "correct horse"})
    client.post("/accounts/logout/")
    fail("aino", 7, at=ELSEWHERE)
    order_token("crm sync", key.text)
    Client(REMOTE_ADDR=OFFICE).post(
        "/oauth/token", {"grant_type": "client_credentials"}, headers=basic("crm+sync", key.text)
    )
    show(basic("crm sync", "ks_wrong"))
    show({"X-Api-Key": key.text})

    assert noted() == [
        ("aino", OFFICE, Method.PASSWORD, Result.SIGNED_IN),
        ("aino", OFFICE, Method.PASSWORD, Result.SIGNED_OUT),
        *[("aino", ELSEWHERE, Method.PASSWORD, Result.FAILED)] * 4,
        ("aino", ELSEWHERE, Method.PASSWORD, Result.BLOCKED),
        *[("crm sync", OFFICE, Method.CLIENT, Result.SIGNED_IN)] * 2,
        ("crm sync", OFFICE, Method.API_KEY, Result.FAILED),
    ]


@pytest.mark.parametrize("name", ["correct horse", "a\x00b", "", "x" * 400, "Aino"])
def test_nothing_is_kept_of_a_name_that_is_no_users_nor_of_queries_and_bodies(aino, name):
    Client().post("/accounts/login/?next=/history/%3Fcustomer=+358401234567", {"username": name, "password": "hunter2"})
    body = json.dumps({"attachedData": {"secret": "value of a customer"}})
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        Client().post(f"{DOOR}?q=+358401234567", body, content_type=content_type, headers=basic(name, "ks_wrong"))

    stored = serializers.serialize("json", [*SignInEvent.objects.all(), *AccessAttempt.objects.all()])
    told: list[Any] = [name, "hunter2", "ks_wrong", "358401234567", "value of a customer"]
    assert [text for text in told if text and text in stored] == []
    assert {account for account, *_ in noted()} <= {""}


def test_events_are_forgotten_in_time(aino):
    sign_in("aino", "correct horse")
    fail("aino", 1)
    old = timezone.now() - timedelta(days=settings.SIGN_IN_LOG_DAYS, seconds=1)
    SignInEvent.objects.filter(result=Result.SIGNED_IN).update(at=old)

    delete_expired_sign_ins()

    assert [result for *_, result in noted()] == [Result.FAILED]


def test_administrators_read_who_signed_in_when_from_where_how_and_with_which_result(client, aino):
    fail("aino", 1, at=ELSEWHERE)
    fail("nobody", 1)
    client.force_login(UserFactory(is_superuser=True, is_staff=True))

    page = client.get("/admin/channels_cfg/signinevent/", {"account": "aino", "result__exact": "failed"})

    rows = page.content.decode().partition("<tbody")[2]
    assert "aino" in rows and ELSEWHERE in rows and "Password" in rows and "Failed" in rows
    assert "Unknown" not in rows
    assert client.get(f"/admin/channels_cfg/signinevent/{SignInEvent.objects.first().pk}/change/").status_code == 200
    assert client.get("/admin/channels_cfg/signinevent/add/").status_code == 403


def test_there_is_one_page_to_sign_in_on(client, aino):
    to_page = client.get("/admin/", follow=True)
    client.force_login(aino)

    assert to_page.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/", follow=True).status_code == 403
