"""Reading boxes: a maildir, and a folder on a real IMAP server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.messaging import mail_boxes
from channels_cfg.models import MailBox
from conversations.doors.mail.reading import read_box
from conversations.mail_readings import ask_for_readings
from conversations.models import Conversation, InboundDelivery, MailReading
from tests.conversations.doors.mail.test_parsing import mail
from tests.factories import MailBoxFactory
from tests.stand_ins.mail_server import PASSWORD, MailServer, server

__all__ = ["server"]  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def box_at(folder: Path) -> MailBox:
    return MailBoxFactory(kind="maildir", folder=str(folder), host="", username="")


@pytest.fixture
def imap(server: MailServer, settings: Any, request: Any) -> MailBox:
    """A box that is empty at first."""
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    user = f"box{abs(hash(request.node.name))}"
    place = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    return MailBoxFactory(kind="imap", username=user, password=PASSWORD, **place)


def test_a_maildir_is_read_once_and_the_next_mail_too(maildir, monkeypatch):
    monkeypatch.setattr(mail_boxes, "LARGEST", 1000)
    (maildir / "new" / "1").write_bytes(mail("Hello"))
    (maildir / "new" / "2").write_bytes(mail("x" * 5000))
    (maildir / "new" / "3").write_bytes(mail("Next"))
    (maildir / "new" / "link").symlink_to("/etc/passwd")
    box = box_at(maildir)

    assert (read_box(box), read_box(box)) == (3, 0)

    assert sorted(path.name for path in (maildir / "cur").iterdir()) == ["1:2,S", "2:2,S", "3:2,S"]
    kept = list(InboundDelivery.objects.order_by("pk").values_list("trigger", "body"))
    assert [trigger for trigger, _body in kept] == ["MAIL", "MAIL_TOO_LARGE", "MAIL"]
    assert b"xx" not in bytes(kept[1][1]) and b"Subject" in bytes(kept[1][1])


def test_a_mail_that_was_stored_and_not_marked_is_stored_once(maildir, monkeypatch):
    (maildir / "new" / "1").write_bytes(mail("Hello"))
    box = box_at(maildir)
    monkeypatch.setattr(mail_boxes._Maildir, "mark_read", lambda *_: None)

    assert (read_box(box), read_box(box)) == (1, 0)
    assert InboundDelivery.objects.count() == 1


def test_a_box_on_a_mail_server_is_read_and_marked(imap, server, monkeypatch):
    monkeypatch.setattr(mail_boxes, "LARGEST", 1000)
    server.deliver(imap.username, mail("Hello", "Message-ID: <1@x>"), mail("x" * 5000), mail("Next"))

    assert (read_box(imap), read_box(imap)) == (3, 0)

    assert server.unread(imap.username) == 0
    assert sorted(InboundDelivery.objects.values_list("trigger", flat=True)) == ["MAIL", "MAIL", "MAIL_TOO_LARGE"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"password": "wrong"}, "does not know this user name and password"),
        ({"folder": "Nothing here"}, "no such folder"),
        ({"security": "tls"}, "no secure connection"),
        ({"port": 1}, "cannot be reached"),
        ({"host": "10.0.0.1", "security": "starttls"}, "private network"),
    ],
)
def test_a_box_that_cannot_be_read_says_why(imap, wrong, why):
    MailBox.objects.filter(pk=imap.pk).update(**{k: v for k, v in wrong.items() if k != "password"})
    imap.refresh_from_db()
    imap.password = wrong.get("password", imap.password)

    with pytest.raises(mail_boxes.BoxUnreadable, match=why):
        read_box(imap)


def test_readings_are_asked_for_again_and_again_and_a_fault_shows(maildir, settings):
    settings.SECONDS_BETWEEN_MAIL_READINGS = 0
    box, off = box_at(maildir), MailBoxFactory(enabled=False)
    (maildir / "new" / "1").write_bytes(mail("Hello"))

    for _ in range(2):
        ask_for_readings(now=timezone.now())
        jobs.work_on_waiting(jobs.kind_of(MailReading), until=timezone.now() + timedelta(seconds=20))

    reading = MailReading.objects.get(box=box)
    assert (reading.state, reading.taken_in, reading.reason) == ("done", 1, "")
    assert not MailReading.objects.filter(box=off).exists()
    MailBox.objects.filter(pk=box.pk).update(folder="/nowhere")
    ask_for_readings(now=timezone.now())
    jobs.work_on(MailReading, reading.pk)
    reading.refresh_from_db()
    assert (reading.state, "no maildir" in reading.reason) == ("failed", True)


def test_the_command_reads_at_once_and_applies(maildir, capsys):
    (maildir / "new" / "1").write_bytes(mail("Hello"))
    box_at(maildir)
    box_at(maildir / "nowhere")

    call_command("read_mail")

    told = capsys.readouterr().out
    assert "1 mail" in told and "no maildir" in told
    assert Conversation.objects.get().messages.get().text == "Hello"
