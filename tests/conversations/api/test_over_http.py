"""The doors of the API, asked over HTTP by many at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx
import pytest

from channels_cfg.models import ApiKey, Right
from conversations.models import Conversation, Event, IdempotentAnswer, InboundDelivery
from tests.conversations.doors.conversation_api.conftest import URL, Sender, message
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    ended_conversation,
    grant,
    queued_conversation,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("over HTTP")]

DOOR = "/RI/cmi/contactData"


def client_of(address, user) -> httpx.Client:
    headers = {"X-Api-Key": ApiKeyFactory(user=user).text}
    limits = httpx.Limits(max_connections=100)
    return httpx.Client(base_url=address, headers=headers, timeout=60, limits=limits)


def at_once(requests):
    with ThreadPoolExecutor(len(requests)) as pool:
        return [future.result() for future in [pool.submit(request) for request in requests]]


def test_forty_writers_of_one_key_each_leave_forty_keys(address):
    queue = QueueFactory()
    conversation = ended_conversation(queue)
    client = client_of(address, grant(UserFactory(), Right.MANAGE_CONTACTS, on=queue))

    def posting(number):
        data = {"contact_id": conversation.hex_id, "attached_data": {f"key{number}": number}}
        return lambda: client.post(DOOR, json=data)

    answers = at_once([posting(number) for number in range(40)])

    assert {answer.status_code for answer in answers} == {201}
    everything = {f"key{number}": number for number in range(40)}
    assert Conversation.objects.get().kept_data == everything
    assert client.get(f"{DOOR}/{conversation.pk}").json()["attached_data"] == everything
    assert len({answer.headers["ETag"] for answer in answers}) == 40
    assert ApiKey.objects.get().last_used_at is not None


def test_of_twins_of_one_request_one_works_and_all_get_its_answer(address):
    queue = QueueFactory()
    conversation = ended_conversation(queue)
    client = client_of(address, grant(UserFactory(), Right.MANAGE_CONTACTS, on=queue))

    def posting():
        data = {"contact_id": conversation.hex_id, "attached_data": {"csat": 5}}
        return client.post(DOOR, json=data, headers={"Idempotency-Key": "the same"})

    answers = at_once([posting] * 20)

    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer.headers["ETag"], answer.headers["Location"]) for answer in answers}) == 1
    assert answers[0].json()["verdicts"]["csat"]["verdict"] == "stored"
    assert Event.objects.filter(kind=Event.Kind.POSTED).count() == IdempotentAnswer.objects.count() == 1


def test_of_writers_who_read_the_same_version_one_succeeds(address):
    queue = QueueFactory()
    conversation = ended_conversation(queue)
    client = client_of(address, grant(UserFactory(), Right.MANAGE_CONTACTS, on=queue))
    etag = client.get(f"{DOOR}/{conversation.pk}").headers["ETag"]

    def posting(number):
        data = {"contact_id": conversation.hex_id, "attached_data": {"winner": number}}
        return lambda: client.post(DOOR, json=data, headers={"If-Match": etag})

    statuses = sorted(answer.status_code for answer in at_once([posting(number) for number in range(20)]))

    assert statuses == [201] + [412] * 19


def test_of_two_agents_who_accept_at_once_one_has_it_and_the_other_is_told_who(address):
    queue = QueueFactory(channel=ChannelFactory())
    agents = [grant(UserFactory(), Right.SERVE, on=queue) for _ in range(8)]
    clients = [client_of(address, agent) for agent in agents]
    path = f"/api/v1/conversations/{queued_conversation(queue).pk}/accept"

    answers = at_once([lambda client=client: client.post(path) for client in clients])

    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code == 409]
    assert (len(won), len(lost)) == (1, 7)
    winner = won[0].json()["agent"]
    assert {answer.json()["agent"] for answer in lost} == {winner}
    assert Conversation.objects.get().agent.username == winner


def in_pieces(body: bytes) -> Iterator[bytes]:
    """Sent so, it has no Content-Length, but Transfer-Encoding: chunked."""
    for start in range(0, len(body), 7000):
        yield body[start : start + 7000]


@pytest.mark.parametrize("sent", [in_pieces, bytes], ids=["chunked", "with length"])
def test_a_body_is_read_whether_or_not_its_length_was_said(address, sent):
    queue = QueueFactory()
    conversation = ended_conversation(queue)
    user = grant(UserFactory(is_api_client=True), Right.MANAGE_CONTACTS, on=queue)
    key = ApiKeyFactory(user=user).text
    UserFactory(username="ada", password="correct horse")
    sender, callback = Sender(WebhookSecretFactory()), json.dumps(message(text="x" * 20_000)).encode()
    client = httpx.Client(base_url=address, timeout=60)
    as_json, as_form = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}

    def post(path: str, body: bytes, **headers: str) -> httpx.Response:
        return client.post(path, content=sent(body), headers=headers)

    order = {"contact_id": conversation.hex_id, "attached_data": {f"key{n}": "x" * 300 for n in range(90)}}
    posted = post(DOOR, json.dumps(order).encode(), **as_json, **{"X-Api-Key": key})
    kept = post(URL, callback, **as_json, **sender.headers(callback))
    grant_of_token = {"grant_type": "client_credentials", "client_id": user.username, "client_secret": key}
    token = post("/oauth/token", urlencode(grant_of_token).encode(), **as_form)
    page = client.get("/accounts/login/")
    form = {"username": "ada", "password": "correct horse", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    signed_in = post("/accounts/login/", urlencode(form).encode(), **as_form, Referer=str(page.url))
    of_one = {**as_json, "X-Api-Key": key, "Connection": "close"}  # what a refusal leaves unread ends the connection
    too_large = [post(path, b" " * (1024 * 1024 + 1), **of_one) for path in (DOOR, URL)]

    assert (posted.status_code, len(posted.json()["attached_data"])) == (201, 90)
    assert (kept.status_code, bytes(InboundDelivery.objects.get().body)) == (200, callback)
    assert token.json()["token_type"] == "Bearer"
    assert (signed_in.status_code, "sessionid" in client.cookies) == (302, True)
    assert [answer.status_code for answer in too_large] == [413, 413]
    assert {answer.headers["Content-Type"] for answer in too_large} == {"application/problem+json"}


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 8 * 1024 * 1024])
def test_a_body_that_is_too_large_is_refused(address, size):
    client = client_of(address, UserFactory())

    answer = client.post(DOOR, content=b" " * size, headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_endless_body_without_a_length_is_not_read_to_its_end(address):
    client = client_of(address, UserFactory())

    def endless():
        for _ in range(6_000):
            yield b" " * 1024

    answer = client.post(DOOR, content=endless(), headers={"Content-Type": "application/json"})

    assert answer.status_code == 413
