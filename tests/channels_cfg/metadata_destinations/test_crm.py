"""Files attached to records of a CRM over HTTP."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from email.parser import BytesParser
from typing import Any

import pytest
from pytest_django import Settings

from channels_cfg import request_authentication
from channels_cfg.metadata_destinations import crm as crm_store
from channels_cfg.metadata_destinations.crm import CrmStore
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from channels_cfg.models import Authentication
from tests.channels_cfg.metadata_destinations.files import CALL, call_file, manifest_of
from tests.stand_ins.crm import Asked, Crm, reply, running_crm

pytestmark = pytest.mark.django_db  # administrators name hosts
TEMPLATE = "/tickets/{ticket_id}/attachments"


@pytest.fixture(scope="module")
def running() -> Iterator[Crm]:
    with running_crm() as crm:
        yield crm


@pytest.fixture
def crm(running: Crm, settings: Settings) -> Crm:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    running.asked.clear()
    running.planned.clear()
    running.tokens.clear()
    running.slow = 0
    request_authentication._tokens.clear()
    return running


def store_at(crm: Crm, **others: Any) -> CrmStore:
    given = {"template": crm.url + TEMPLATE, "method": "POST", "as_form": True, "authentication": None}
    return CrmStore(**{**given, **others})


def parts_of(asked: Asked) -> list[Message]:
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    return list(BytesParser().parsebytes(head + asked.body).walk())[1:]


def test_a_form_carries_the_file_to_the_record_of_the_ticket(crm: Crm):
    store_at(crm).put(call_file(2))

    (asked,) = crm.asked
    assert (asked.method, asked.path) == ("POST", "/tickets/4711/attachments")
    (part,) = parts_of(asked)
    assert (part.get_param("name", header="content-disposition"), part.get_filename()) == ("file", "call-17.json")
    assert part.get_content_type() == "application/json"
    assert part.get_payload(decode=True) == call_file(2).content
    digest = base64.b64encode(hashlib.sha256(call_file(2).content).digest()).decode()
    assert asked.headers["content-digest"] == f"sha-256=:{digest}:"
    assert asked.headers["idempotency-key"] == f"{CALL}-2"


def test_the_document_itself_may_be_the_body(crm: Crm):
    template = crm.url + "/sessions/{kind}/{number}?ticket={ticket_id}"

    store_at(crm, template=template, method="PUT", as_form=False).put(call_file())

    (asked,) = crm.asked
    assert (asked.method, asked.path, asked.params) == ("PUT", "/sessions/call/17", {"ticket": ["4711"]})
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == call_file().content


def test_without_a_ticket_nothing_is_sent(crm: Crm):
    with pytest.raises(StoreRefused, match="no ticket in the CRM"):
        store_at(crm).put(call_file(ticket_id=""))

    assert crm.asked == []


def test_no_ticket_leads_to_another_place(crm: Crm):
    store_at(crm).put(call_file(ticket_id="../admin?x=1#"))
    with pytest.raises(StoreRefused, match="another place"):
        store_at(crm).put(call_file(ticket_id=".."))

    assert [asked.path for asked in crm.asked] == ["/tickets/..%2Fadmin%3Fx%3D1%23/attachments"]


def authentication(kind: str, **others: str) -> Authentication:
    return Authentication(name="crm", kind=kind, secret="CANARY-client-secret", **others)


@pytest.mark.parametrize(
    ("given", "header", "value"),
    [
        (
            authentication("basic", username="keepsake"),
            "authorization",
            "Basic a2VlcHNha2U6Q0FOQVJZLWNsaWVudC1zZWNyZXQ=",
        ),
        (authentication("bearer"), "authorization", "Bearer CANARY-client-secret"),
        (authentication("api_key"), "x-api-key", "CANARY-client-secret"),
        (authentication("api_key", header="X-Token"), "x-token", "CANARY-client-secret"),
    ],
)
def test_the_crm_is_told_who_delivers(crm: Crm, given: Authentication, header: str, value: str):
    store_at(crm, authentication=given).put(call_file())

    assert crm.asked[0].headers[header] == value


def test_a_token_that_was_withdrawn_is_fetched_anew(crm: Crm):
    oauth2 = authentication("oauth2", username="client", token_address=f"{crm.url}/token")
    store = store_at(crm, authentication=oauth2)
    store.put(call_file(1))
    crm.planned.append(reply({}, 401))

    store.put(call_file(2))

    paths = [asked.path for asked in crm.asked]
    record = "/tickets/4711/attachments"
    assert paths == ["/token", record, record, "/token", record]
    assert crm.asked[-1].headers["authorization"] != crm.asked[1].headers["authorization"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "words"),
    [
        (404, {}, b"CANARY", StoreRefused, "no such record, or takes no file there (404)"),
        (401, {}, b"CANARY", StoreRefused, "does not know the credentials, or they lack a right (401)"),
        (403, {}, b"<html>CANARY", StoreRefused, "lack a right (403)"),
        (400, {}, b"CANARY", StoreRefused, "127.0.0.1 refused it (400)"),
        (413, {}, b"CANARY", StoreRefused, "127.0.0.1 refused it (413)"),
        (302, {"Location": "/sign-in"}, b"", StoreRefused, "says that it is elsewhere (302)"),
        (200, {"Content-Type": "text/html"}, b"<html>CANARY", StoreRefused, "a page for people"),
        (500, {"Content-Type": "text/html"}, b"<html>CANARY", StoreUnreachable, "nothing at the moment (500)"),
        (503, {"Retry-After": "90"}, b"CANARY", StoreUnreachable, "nothing at the moment (503)"),
        (429, {"Retry-After": "90"}, b"CANARY", StoreUnreachable, "nothing at the moment (429)"),
    ],
)
def test_an_answer_becomes_words(
    crm: Crm, status: int, headers: dict[str, str], body: bytes, kind: type[Exception], words: str
):
    crm.planned.append((status, headers, body))

    with pytest.raises(kind) as failure:
        store_at(crm, authentication=authentication("bearer")).put(call_file())

    assert words in str(failure.value)
    assert "CANARY" not in str(failure.value)
    assert len(crm.asked) == 1
    if "Retry-After" in headers:
        assert failure.value.after == timedelta(seconds=90)  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", [(201, {}, b""), (204, {}, b""), reply({"id": 1}, 200), (200, {}, b"not JSON")])
def test_any_other_success_is_one(crm: Crm, answer: Any):
    crm.planned.append(answer)

    store_at(crm).put(call_file())


def test_no_token_is_no_delivery(crm: Crm):
    wrong = Authentication(kind="oauth2", username="client", secret="wrong", token_address=f"{crm.url}/token")
    with pytest.raises(StoreRefused, match="token address answered with 401"):
        store_at(crm, authentication=wrong).put(call_file())

    away = Authentication(kind="oauth2", username="client", secret="s", token_address="http://127.0.0.1:9/")
    with pytest.raises(StoreUnreachable, match="No token"):
        store_at(crm, authentication=away).put(call_file())

    assert [asked.path for asked in crm.asked] == ["/token"]


def test_an_answer_that_does_not_come_in_time_is_waited_for_later(crm: Crm, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(crm_store, "SECONDS", 0.2)
    crm.slow = 1

    with pytest.raises(StoreUnreachable, match="did not answer in time"):
        store_at(crm).put(call_file())


@pytest.mark.parametrize("host", ["https://127.0.0.1:9", "https://169.254.169.254", "http://crm.example.com"])
def test_a_private_address_is_not_called(crm: Crm, settings: Settings, host: str):
    settings.OUTGOING_OWN_HOSTS = []

    with pytest.raises(StoreRefused, match=r"private network|https://"):
        store_at(crm, template=host + TEMPLATE).put(call_file())


def test_there_is_no_manifest_in_a_crm(crm: Crm):
    store = store_at(crm)
    store.put_manifest(call_file().facts.ended_at.date(), manifest_of(call_file()))

    assert not store.keeps_manifests
    assert crm.asked == []


def test_trying_it_says_how_far_it_went(crm: Crm):
    assert store_at(crm).test() == "127.0.0.1 took a file that says that it is a test, for the ticket keepsake-test."
    assert b"Keepsake tries this destination." in crm.asked[0].body

    crm.planned.append(reply({"error": "no ticket"}, 404))
    assert "It knows no ticket keepsake-test (404), as was to be expected" in store_at(crm).test()

    crm.planned.append(reply({}, 403))
    with pytest.raises(StoreRefused, match="lack a right"):
        store_at(crm).test()


def test_neither_a_delivery_nor_a_refusal_is_logged(crm: Crm, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    store_at(crm, authentication=authentication("bearer")).put(call_file())
    crm.planned.append((500, {}, b""))
    with pytest.raises(StoreUnreachable):
        store_at(crm, authentication=authentication("bearer")).put(call_file())

    assert [record.message for record in caplog.records] == []
