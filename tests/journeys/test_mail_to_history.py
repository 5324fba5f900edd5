"""A mail, from a real mail server to the desk, the history and the Contact Log: it carries no attached data and keeps
none (rule 7 of the domain), and what of it is not shown is found nowhere."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from channels_cfg.models import QUEUE_RIGHTS, Channel, MailBox, Queue
from config.schedule import ensure_schedule
from conversations.models import Conversation, InboundDelivery, MailReading
from reporting.contact_log.fill import run_reporting_job
from tests.factories import ApiKeyFactory, ChannelFactory, MailBoxFactory, QueueFactory, UserFactory, grant
from tests.journeys.conftest import Portal, eventually
from tests.journeys.test_canary import Canaries, database_dump, signed_in
from tests.journeys.test_task_to_history import token
from tests.stand_ins.mail_server import PASSWORD, MailServer, server
from tests.statistics import gather_statistics

__all__ = ["server"]  # a fixture

ATTACHABLE = ["XRI-body", "customerType"]
OF_THE_TRANSCRIPT = {"conversations_conversation", "conversations_message"}
"""Who wrote, about what, and what was written: as of any conversation, until its retention ends."""


@pytest.fixture
def queue(transactional_db: None) -> Queue:
    """Of a channel that would show and keep what a task carries."""
    channel = ChannelFactory(kind=Channel.Kind.EMAIL, allocation_keys=ATTACHABLE, statistics_keys=ATTACHABLE)
    made: Queue = QueueFactory(channel=channel)
    return made


def box_of(server: MailServer, queue: Queue) -> MailBox:
    where = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    box: MailBox = MailBoxFactory(kind="imap", queue=queue, username="sales", password=PASSWORD, **where)
    return box


def mail(shown: Canaries, hidden: Canaries) -> bytes:
    """What is shown of a mail, and what is not."""
    return "\r\n".join(
        [
            f"Return-Path: <{hidden.new()}@example.com>",
            f"From: {shown.new()} <{shown.new()}@example.com>",
            f"Subject: {shown.new()}",
            f"Message-ID: <{hidden.new()}@example.com>",
            f"X-customerType: {hidden.new()}",
            "Content-Type: multipart/mixed; boundary=b",
            "",
            "--b",
            "Content-Type: text/html",
            "",
            f"<p>{shown.new()}</p><script>{hidden.new()}</script><!-- {hidden.new()} -->",
            f'<img src="https://t.example/{hidden.new()}.gif">',
            "--b",
            "Content-Type: application/octet-stream",
            "Content-Disposition: attachment; filename=program.exe",
            "",
            f"MZ {hidden.new()}",
            "--b",
            "Content-Type: application/ms-tnef",
            "Content-Disposition: attachment; filename=winmail.dat",
            "",
            hidden.new(),
            "--b--",
            "",
        ]
    ).encode()


def read_by_the_scheduler(portal: Portal) -> None:
    """The scheduler has the boxes read, every second here, and a worker does so."""
    ensure_schedule()
    often, _is_new = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task="conversations.tasks.read_mail").update(interval=often)
    portal.start("beat", "celery", "-A", "config", "beat", "--pidfile=")
    eventually(lambda: MailReading.objects.filter(taken_in=2).exists())
    eventually(lambda: not InboundDelivery.objects.filter(finished_at=None).exists())


def everywhere(portal: Portal) -> dict[str, bytes]:
    return dict(database_dump()) | {str(f): f.read_bytes() for f in portal.var_dir.rglob("*") if f.is_file()}


def found_in(places: dict[str, bytes], canaries: Canaries) -> set[str]:
    return {place for place, content in places.items() if canaries.found_in(content)}


@pytest.mark.timeout(240)
def test_a_mail_is_worked_on_at_the_desk_and_keeps_nothing(portal: Portal, server: MailServer, queue: Queue):
    shown, hidden = Canaries(), Canaries()
    box = box_of(server, queue)
    server.deliver("sales", mail(shown, hidden), b"From: other@example.com\r\n\r\n" + b"x" * 200)
    agent = grant(UserFactory(), *QUEUE_RIGHTS, on=queue)
    api = portal.with_key(ApiKeyFactory(user=grant(UserFactory(is_api_client=True), *QUEUE_RIGHTS, on=queue)).text)

    read_by_the_scheduler(portal)
    assert server.unread(box.username) == 0
    assert Conversation.objects.count() == 2
    conversation = Conversation.objects.exclude(subject="").get()
    gather_statistics()
    assert found_in(everywhere(portal), shown) == OF_THE_TRANSCRIPT
    assert found_in(everywhere(portal), hidden) == set()

    page = at_the_desk(signed_in(portal, agent), api, conversation)
    run_reporting_job()
    gather_statistics()

    assert all(value in page for value in shown.values), "it stays in the history"
    assert "1 image is not loaded." in page and "Outlook" in page and not hidden.found_in(page.encode())
    check_nothing_is_kept(api, conversation)
    places = everywhere(portal)
    assert found_in(places, shown) == OF_THE_TRANSCRIPT
    assert found_in(places, hidden) == set()
    assert not InboundDelivery.objects.exclude(body=None).exists()


def at_the_desk(desk: httpx.Client, api: httpx.Client, conversation: Conversation) -> str:
    """Accepted, ended and wrapped up, and the page of the history then; attached data is refused in between."""
    address = f"/api/v1/conversations/{conversation.pk}/attached-data"
    assert desk.post(f"/desk/{conversation.pk}/accept/", data=token(desk)).status_code == 200
    assert conversation.subject in desk.get(f"/desk/{conversation.pk}/").text
    for source in ("agent", "customer"):
        refused = api.post(address, json={"attached_data": {"customerType": "gold"}, "source": source})
        assert refused.status_code == 422, refused.content
    for action in ("end", "handle"):
        assert desk.post(f"/desk/{conversation.pk}/{action}/", data=token(desk)).status_code == 200
    return desk.get(f"/history/{conversation.pk}/").text


def check_nothing_is_kept(api: httpx.Client, conversation: Conversation) -> None:
    posted: dict[str, Any] = {"contact_id": str(conversation.pk), "attached_data": {"customerType": "gold"}}
    assert api.post("/RI/cmi/contactData", json=posted).status_code == 422
    assert api.get(f"/RI/cmi/contactData/{conversation.pk}").json()["attached_data"] == {}
    (row,) = api.get("/api/v1/contact-log", params={"state": "handled"}).json()["results"]
    assert (row["attached_data"], row["state"]) == ({}, "handled")
    conversation.refresh_from_db()
    assert (conversation.kept_data, conversation.dropped_keys) == ({}, {})
