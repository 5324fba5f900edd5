"""Files sent to a CRM by e-mail, through a real mail server."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from channels_cfg.metadata_destinations.mail import MailStore
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from tests.channels_cfg.messaging.sinch import make_certificate
from tests.channels_cfg.metadata_destinations.files import CALL, OTHER_CALL, call_file, manifest_of
from tests.stand_ins.smtp_server import PASSWORD, USER, SmtpStandIn, running_smtp_server

SUBJECT = "Session metadata of {kind} {number} [{ticket_id}]"


@pytest.fixture(scope="module")
def running() -> Iterator[SmtpStandIn]:
    with running_smtp_server() as server:
        yield server


@pytest.fixture
def server(running: SmtpStandIn, settings: Settings) -> SmtpStandIn:
    settings.EMAIL_BACKEND = "channels_cfg.mail_server.SmtpServer"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 2
    settings.DEFAULT_FROM_EMAIL = "Keepsake <keepsake@centre.example>"
    running.taken.clear()
    running.answers.clear()
    return running


@pytest.fixture
def store(server: SmtpStandIn) -> Iterator[MailStore]:
    with MailStore(to="inbox@crm.example", template=SUBJECT) as opened:
        yield opened


def test_the_ticket_is_in_the_subject_and_the_file_attached(server: SmtpStandIn, store: MailStore):
    store.put(call_file(size=100_000))

    ((sender, recipients, message),) = server.taken
    assert (sender, recipients) == ("keepsake@centre.example", ["inbox@crm.example"])
    assert message["Subject"] == "Session metadata of call 17 [4711]"
    (attachment,) = message.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("call-17.json", "application/json")
    assert attachment.get_payload(decode=True) == call_file(size=100_000).content
    assert call_file(size=100_000).sha256 in message.get_body().get_content()  # type: ignore[union-attr]
    assert message["Auto-Submitted"] == "auto-generated"


def test_revisions_of_one_conversation_make_a_thread(server: SmtpStandIn, store: MailStore):
    for file in (call_file(1), call_file(2), call_file(3), call_file(3), call_file(1, of=OTHER_CALL)):
        store.put(file)

    first, second, third, again, other = (message for _sender, _to, message in server.taken)
    assert first["Message-ID"] == f"<{CALL}.1@centre.example>"
    assert first["References"] is None
    assert [message["References"] for message in (second, third)] == [first["Message-ID"]] * 2
    assert len({message["Message-ID"] for message in (first, second, third, other)}) == 4
    assert again["Message-ID"] == third["Message-ID"]


def test_without_a_ticket_nothing_is_sent(server: SmtpStandIn, store: MailStore):
    with pytest.raises(StoreRefused, match="no ticket in the CRM"):
        store.put(call_file(ticket_id=""))

    assert server.taken == []


def test_no_ticket_adds_a_header(server: SmtpStandIn, store: MailStore):
    store.put(call_file(ticket_id="47\r\nBcc: somebody@example.com"))

    ((_sender, recipients, message),) = server.taken
    assert recipients == ["inbox@crm.example"]
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("command", "answer", "kind", "words"),
    [
        ("RCPT", "550 5.1.1 CANARY unknown", StoreRefused, "127.0.0.1 refused the e-mail (550 5.1.1)."),
        ("RCPT", "451 4.7.1 CANARY greylisted", StoreUnreachable, "takes no e-mail at the moment (451 4.7.1)."),
        ("DATA", "554 CANARY spam", StoreRefused, "127.0.0.1 refused the e-mail (554)."),
        ("DATA", "552 5.3.4 CANARY too big", StoreRefused, "127.0.0.1 refused the e-mail (552 5.3.4)."),
        ("DATA", "452 4.3.1 CANARY no room", StoreUnreachable, "takes no e-mail at the moment (452 4.3.1)."),
        ("DATA", "421 CANARY closing", StoreUnreachable, "takes no e-mail at the moment (421)."),
    ],
)
def test_a_refusal_for_now_is_not_one_for_good(
    server: SmtpStandIn, store: MailStore, command: str, answer: str, kind: type[Exception], words: str
):
    server.answers[command] = answer

    with pytest.raises(kind) as failure:
        store.put(call_file())

    assert words in str(failure.value)
    assert "CANARY" not in str(failure.value)
    server.answers.clear()
    store.put(call_file())
    assert len(server.taken) == 1


def test_the_portal_signs_in_where_it_is_told_to(server: SmtpStandIn, store: MailStore, settings: Settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, PASSWORD
    store.put(call_file())
    assert len(server.taken) == 1

    settings.EMAIL_HOST_PASSWORD = "CANARY-wrong"
    with MailStore(to="inbox@crm.example", template=SUBJECT) as other, pytest.raises(StoreRefused) as refused:
        other.put(call_file())
    assert "does not know the user name and password of EMAIL_URL (535" in str(refused.value)
    assert "CANARY" not in str(refused.value)

    server.answers["AUTH"] = "454 4.7.0 Temporary authentication failure"
    with MailStore(to="inbox@crm.example", template=SUBJECT) as other, pytest.raises(StoreUnreachable, match="454"):
        other.put(call_file())


def test_nobody_there_or_somebody_silent_is_tried_again_later(store: MailStore, settings: Settings):
    settings.EMAIL_PORT = 9
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        store.put(call_file())

    settings.EMAIL_TIMEOUT = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        with pytest.raises(StoreUnreachable, match="cannot be reached"):
            store.put(call_file())


def test_without_a_mail_server_that_is_said(store: MailStore, settings: Settings):
    settings.EMAIL_HOST = ""

    with pytest.raises(StoreRefused, match="no EMAIL_URL"):
        store.put(call_file())


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    server: SmtpStandIn, store: MailStore, settings: Settings, tmp_path: Path
):
    certificate, key = make_certificate(tmp_path)
    settings.EMAIL_USE_TLS = True
    with pytest.raises(StoreRefused, match="does not offer what EMAIL_URL asks for"):
        store.put(call_file())

    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, PASSWORD
    with running_smtp_server((certificate, key)) as secured:
        settings.EMAIL_PORT = secured.port
        with pytest.raises(StoreRefused, match=r"certificate of 127\.0\.0\.1 is not trusted"):
            store.put(call_file())

        settings.OUTGOING_CA_FILE = str(certificate)
        store.put(call_file())
        assert len(secured.taken) == 1


def test_there_is_no_manifest_by_mail(server: SmtpStandIn, store: MailStore):
    store.put_manifest(call_file().facts.ended_at.date(), manifest_of(call_file()))

    assert not store.keeps_manifests
    assert server.taken == []


def test_trying_it_sends_a_mail_that_says_so(server: SmtpStandIn, store: MailStore):
    for _time in range(2):
        assert store.test() == "The mail server took an e-mail to inbox@crm.example that says that it is a test."

    first, second = (message for _sender, _to, message in server.taken)
    assert first["Subject"] == "Session metadata of call 0 [keepsake-test]"
    assert first["Message-ID"] != second["Message-ID"]
    (attachment,) = first.iter_attachments()
    assert b"Keepsake tries this destination." in attachment.get_payload(decode=True)


def test_neither_a_delivery_nor_a_refusal_is_logged(
    server: SmtpStandIn, store: MailStore, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)

    store.put(call_file())
    server.answers["DATA"] = "554 no"
    with pytest.raises(StoreRefused):
        store.put(call_file())

    assert [record.message for record in caplog.records if record.name != "mail.log"] == []
