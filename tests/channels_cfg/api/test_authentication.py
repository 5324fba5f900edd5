"""Who an API client is."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels_cfg.models import ApiKey, Right
from tests.factories import ApiKeyFactory, QueueFactory, UserFactory, ended_conversation, grant

pytestmark = pytest.mark.django_db

DOOR = "/RI/cmi/contactData"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def token_of(client: Client, key: Any) -> str:
    answer = client.post(
        "/oauth/token",
        {"grant_type": "client_credentials", "client_id": key.user.username, "client_secret": key.text},
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["access_token"]


def test_a_key_opens_the_door_in_each_of_its_forms(client):
    key = ApiKeyFactory()

    answers = [
        client.get(DOOR, headers={"X-Api-Key": key.text}),
        client.get(DOOR, headers={"Authorization": basic(key.user.username, key.text)}),
        client.get(DOOR, headers={"Authorization": f"Bearer {token_of(client, key)}"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_a_signed_in_person_may_use_the_api_too(client):
    client.force_login(UserFactory())

    assert client.get(DOOR).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Api-Key": "ks_wrong"},
        {"X-Api-Key": "ö\x7f"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"Authorization": basic("somebody", "ks_wrong")},
        {"Authorization": basic("some\x00body", "\x00")},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Digest x"},
    ],
)
def test_without_a_valid_key_the_answer_says_how_to_sign_in(client, headers):
    answer = client.get(DOOR, headers=headers)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert "Basic realm" in answer["WWW-Authenticate"] and "Bearer realm" in answer["WWW-Authenticate"]
    assert answer.json()["status"] == 401


def test_the_password_of_a_person_is_no_key(client):
    user = UserFactory()

    assert client.get(DOOR, headers={"Authorization": basic(user.username, "correct horse")}).status_code == 401


def test_a_key_does_not_fit_another_users_name(client):
    key, other = ApiKeyFactory(), UserFactory()

    assert client.get(DOOR, headers={"Authorization": basic(other.username, key.text)}).status_code == 401


def test_a_wrong_key_is_not_made_good_by_a_session(client):
    client.force_login(UserFactory())

    assert client.get(DOOR, headers={"X-Api-Key": "ks_wrong"}).status_code == 401


def test_a_session_alone_cannot_post_from_another_site():
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())

    assert client.post(DOOR, {}, content_type="application/json").status_code == 403


@pytest.mark.parametrize("ended_by", ["revoked", "deactivated"])
def test_revoking_the_key_or_deactivating_the_user_ends_key_and_token_at_once(client, ended_by):
    key = ApiKeyFactory()
    other = ApiKeyFactory(user=key.user)
    token, token_of_other = token_of(client, key), token_of(client, other)

    if ended_by == "revoked":
        key.revoke(now=timezone.now())
    else:
        key.user.is_active = False
        key.user.save()

    assert client.get(DOOR, headers={"X-Api-Key": key.text}).status_code == 401
    assert client.get(DOOR, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    left = client.get(DOOR, headers={"Authorization": f"Bearer {token_of_other}"}).status_code
    assert left == (200 if ended_by == "revoked" else 401)


def test_a_token_lasts_an_hour_at_most(client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    token = token_of(client, ApiKeyFactory())

    time_machine.shift(timedelta(minutes=59))
    assert client.get(DOOR, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    time_machine.shift(timedelta(minutes=1))
    assert client.get(DOOR, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_neither_keys_nor_tokens_are_stored(client):
    key = ApiKeyFactory()
    token = token_of(client, key)

    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM oauth2_provider_accesstoken")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT * FROM channels_cfg_apikey")
        stored += str(cursor.fetchall())
        cursor.execute("SELECT * FROM oauth2_provider_application")
        stored += str(cursor.fetchall())

    assert token not in stored
    assert key.text not in stored


def test_the_token_door_takes_basic_credentials(client):
    key = ApiKeyFactory(user=UserFactory(username="crm+sync@example.com"))

    plain = client.post(
        "/oauth/token",
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic("crm+sync@example.com", key.text)},
    )
    escaped = client.post(
        "/oauth/token",
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic("crm%2Bsync%40example.com", key.text)},
    )

    assert plain.status_code == escaped.status_code == 200
    assert plain.json()["expires_in"] <= 3600


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password", "username": "x", "password": "y"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a\x00", "client_secret": "ö"}, 401, "invalid_client"),
    ],
)
def test_the_token_door_refuses_in_the_words_of_oauth(client, form, status, error):
    answer = client.post("/oauth/token", form)

    assert answer.status_code == status
    assert answer.json()["error"] == error


def test_secrets_in_the_address_are_refused(client):
    key = ApiKeyFactory()

    answer = client.post(f"/oauth/token?client_secret={key.text}&x=%zz", {"grant_type": "client_credentials"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_the_use_of_a_key_is_noted_once_a_minute_and_checking_it_costs_one_query(client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    key = ApiKeyFactory()
    conversation = ended_conversation(QueueFactory())
    grant(key.user, Right.MANAGE_CONTACTS, on=conversation.queue)

    def asked() -> tuple[int, bool]:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{DOOR}/{conversation.pk}", headers={"X-Api-Key": key.text}).status_code == 200
        return len(queries), any("UPDATE" in str(query["sql"]) for query in queries)

    key_and_data = (2, False)
    noting_use = (5, True)  # within a transaction of its own
    assert [asked(), asked()] == [noting_use, key_and_data]
    first_use = ApiKey.objects.get(pk=key.pk).last_used_at
    time_machine.shift(timedelta(seconds=61))
    assert [asked(), asked()] == [noting_use, key_and_data]
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first_use


@pytest.mark.django_db(transaction=True)
def test_a_key_works_at_once_while_somebody_holds_its_row(client):
    key = ApiKeyFactory()

    with ThreadPoolExecutor(1) as another, transaction.atomic():
        ApiKey.objects.select_for_update().get(pk=key.pk)
        answer = another.submit(client.get, DOOR, headers={"X-Api-Key": key.text}).result(timeout=10)
        another.submit(connections.close_all).result()

    assert answer.status_code == 200
    assert ApiKey.objects.get().last_used_at is None


def test_the_command_prints_a_key_that_works(client, capsys):
    user = UserFactory()

    call_command("create_api_key", user.username, name="CRM nightly sync")

    key = capsys.readouterr().out.strip()
    assert client.get(DOOR, headers={"X-Api-Key": key}).status_code == 200
    assert ApiKey.objects.get(user=user).name == "CRM nightly sync"


def test_the_command_says_what_stands_in_the_way():
    UserFactory(username="gone", is_active=False)

    with pytest.raises(CommandError, match="There is no user “nobody”"):
        call_command("create_api_key", "nobody")
    with pytest.raises(CommandError, match="deactivated"):
        call_command("create_api_key", "gone")
