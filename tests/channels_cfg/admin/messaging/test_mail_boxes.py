"""The page of a mail box: trying the connection, in front of a real mail server."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_cfg.admin.messaging.mail_boxes import OF_A_SERVER
from channels_cfg.messaging import mail_boxes
from channels_cfg.models import MailBox
from tests.channels_cfg.admin.forms import open_form
from tests.factories import MailBoxFactory, UserFactory
from tests.stand_ins.mail_server import PASSWORD, MailServer, server

__all__ = ["server"]  # a fixture

MAIL = b"From: maija@example.com\r\nSubject: Hello\r\n\r\nHello"


@pytest.fixture
def box(db: None, server: MailServer, settings: Any) -> MailBox:
    """A stored one, in which a mail waits."""
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1", "localhost"]
    server.deliver("anna", MAIL)
    where = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    made: MailBox = MailBoxFactory(kind="imap", username="anna", password=PASSWORD, **where)
    return made


def tried(browser: Client, box: MailBox | None, **typed: Any) -> str:
    """What the page of the box says with this typed into its form."""
    name = "admin:channels_cfg_mailbox_change" if box else "admin:channels_cfg_mailbox_add"
    form = open_form(browser, reverse(name, args=[box.pk] if box else [])) | {"password": ""}
    form |= {"tried": box.pk} if box else {}
    before = list(MailBox.objects.values())
    answer = browser.post(reverse("admin:try_mail_box"), form | typed, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert list(MailBox.objects.values()) == before, "nothing is saved"
    text = str(answer.content.decode())
    assert PASSWORD not in text
    return text


def test_a_box_that_can_be_read_says_so_and_stays_as_it_is(browser: Client, box: MailBox, server: MailServer):
    unread = server.unread("anna")

    found = tried(browser, box)
    without_scripts = browser.post(reverse("admin:try_mail_box"), {"tried": box.pk}).content.decode()

    for text in (found, without_scripts):
        assert "knows this user name and password, and has the folder “INBOX”" in text
        assert "unread. " in text and "is-bad" not in text and PASSWORD not in text
    assert server.unread("anna") == unread > 0
    assert PASSWORD not in browser.get(reverse("admin:channels_cfg_mailbox_change", args=[box.pk])).content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "wrong"}, "does not know this user name and password"),
        ({"username": "ännä\u00e4", "password": "pässword"}, "does not know this user name and password"),
        ({"folder": "Nothing & here"}, "no such folder"),
        ({"host": "no-such-host.invalid", "security": "tls", "password": "x"}, "There is no host no-such-host.invalid"),
        ({"port": 1, "password": "x"}, "cannot be reached"),
        ({"security": "tls", "password": "x"}, "no secure connection"),
        ({"host": "10.0.0.1", "security": "tls", "password": "x"}, "private network"),
        ({"port": 2}, "Password: Enter it again"),
        ({"username": ""}, "User name: An IMAP box needs it."),
        ({"host": "imap.example.com", "password": "x"}, "would be readable on the way"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_in_words(browser: Client, box: MailBox, wrong: dict[str, Any], said: str):
    assert said in tried(browser, box, **wrong)


def test_certificates_are_checked(browser: Client, box: MailBox, server: MailServer, settings: Any):
    typed = {"host": "localhost", "port": server.tls_port, "security": "tls", "password": PASSWORD}
    starttls = typed | {"port": server.port, "security": "starttls"}

    untrusted = tried(browser, box, **typed)
    settings.OUTGOING_CA_FILE = str(server.certificate)
    another = tried(browser, box, **typed | {"host": "127.1"})

    assert "certificate of localhost is not trusted: the server has made it itself" in untrusted
    assert "is not trusted: it is of another host" in another
    for way in (typed, starttls):
        assert "has the folder “INBOX”" in tried(browser, box, **way)


def test_what_is_no_mail_server_is_told_as_that(browser: Client, box: MailBox):
    def greet() -> None:
        met, _address = listening.accept()
        with met:
            met.sendall(b"SSH-2.0-OpenSSH\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=greet, daemon=True).start()
        said = tried(browser, box, port=listening.getsockname()[1], password="x")

    assert "is no IMAP server" in said


def test_what_says_nothing_is_not_waited_for_long(browser: Client, box: MailBox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mail_boxes, "SECONDS_OF_TRYING", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = tried(browser, box, port=silent.getsockname()[1], password="x")

    assert "127.0.0.1 did not answer in time." in said


def test_a_new_box_and_a_maildir_are_tried_before_they_are_saved(browser: Client, box: MailBox, tmp_path: Path):
    imap = {"host": box.host, "port": box.port, "security": "none", "username": "anna", "folder": "INBOX"}
    maildir = {"kind": "maildir", "folder": str(tmp_path)}

    assert "Enter the password first." in tried(browser, None, **imap)
    assert "has the folder" in tried(browser, None, **imap, password=PASSWORD)
    assert "is no maildir" in tried(browser, None, **maildir)
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1").write_bytes(MAIL)
    assert "1 mail there is unread" in tried(browser, None, **maildir)
    assert (tmp_path / "new" / "1").exists()


def test_who_may_not_change_boxes_tries_none(client: Client, box: MailBox):
    client.force_login(UserFactory(is_staff=True))

    assert client.post(reverse("admin:try_mail_box"), {"tried": box.pk}).status_code == 403
    assert client.get(reverse("admin:try_mail_box")).status_code == 405


def test_what_only_a_server_has_is_shown_for_a_server_alone(browser: Client, box: MailBox):
    page = browser.get(reverse("admin:channels_cfg_mailbox_change", args=[box.pk])).content.decode()

    assert page.count("""x-show="kind == &#x27;imap&#x27;\"""") == len(OF_A_SERVER)
