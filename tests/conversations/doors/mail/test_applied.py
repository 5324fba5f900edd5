"""Mail becomes conversations without attached data (rule 7 of the domain)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from channels_cfg.messaging.mail_boxes import Unread
from channels_cfg.models import Channel, MailBox, QueueAddress, Right, Source
from conversations import lifecycle
from conversations.attached_data.attach import attach_data
from conversations.attached_data.post import post_data
from conversations.desk import wrap_up
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import keep
from conversations.models import Conversation, InboundDelivery, Message
from conversations.pairs import RefusedPairs
from tests.conversations.doors.mail.test_parsing import HTML, file, mail, several
from tests.factories import ChannelFactory, MailBoxFactory, QueueFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def box(db: None) -> MailBox:
    channel = ChannelFactory(kind=Channel.Kind.EMAIL, allocation_keys=["a"], statistics_keys=["a"])
    return MailBoxFactory(queue=QueueFactory(name="Sales mail", channel=channel))


def arrives(box: MailBox, raw: bytes, *, is_whole: bool = True) -> InboundDelivery:
    assert keep(box, Unread("1", raw, is_whole), now=timezone.now())
    delivery = InboundDelivery.objects.latest("pk")
    apply_delivery(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def page(conversation: Conversation, path: str) -> str:
    browser = Client()
    browser.force_login(user_with(Right.SERVE, Right.VIEW_HISTORY, on=conversation.queue))
    return browser.get(path.format(conversation.pk)).content.decode()


def test_a_mail_waits_in_the_queue_of_its_box_and_shows_on_the_desk(box):
    delivery = arrives(
        box, several(HTML, file("note.txt"), file("program.exe", "TVqQAAMAAAAEAAAA"), file("winmail.dat"))
    )

    conversation = Conversation.objects.get()
    assert (delivery.state, delivery.body) == ("applied", None)
    assert (conversation.state, conversation.queue, conversation.subject) == ("queued", box.queue, "Grüße")
    assert (conversation.customer_name, conversation.customer_address) == ("Märta", "marta@example.com")
    shown = page(conversation, "/desk/{}/")
    assert "Hello <b>you</b>" in shown and "Grüße" in shown and "note.txt" in shown and "x()" not in shown
    assert "program.exe" in shown and "not shown" in shown and "Outlook" in shown


def test_a_mail_to_the_address_of_another_queue_waits_there(box):
    care = QueueFactory(channel=box.queue.channel)
    QueueAddress.objects.create(queue=care, address="care@example.com")

    arrives(box, mail("Hello", "To: Other <other@example.com>, CARE@example.com"))

    assert Conversation.objects.get().queue == care


def test_a_mail_of_50_mb_is_a_conversation_and_the_next_mail_is_read(box, tmp_path):
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    MailBox.objects.update(kind="maildir", folder=str(tmp_path), host="", username="")
    (tmp_path / "new" / "1").write_bytes(mail("x" * 50_000_000))
    (tmp_path / "new" / "2").write_bytes(b"From: b@example.com\r\nSubject: Next\r\n\r\nHello")

    call_command("read_mail")

    large, following = Conversation.objects.order_by("received_at")
    assert (large.subject, following.subject) == ("Grüße", "Next")
    assert "larger than 25 MB" in page(large, "/history/{}/")
    assert InboundDelivery.objects.exclude(body=None).count() == 0


def test_the_same_mail_comes_once(box):
    first = mail("Hello", "Message-ID: <1@x>")
    arrives(box, first)

    assert not keep(box, Unread("2", first, True), now=timezone.now())
    again = arrives(box, b"Received: by another server\r\n" + first)

    assert (Conversation.objects.count(), Message.objects.count()) == (1, 1)
    assert again.notes == ["The same mail was here before."]


def test_an_answer_of_the_customer_joins_the_conversation_while_it_is_active(box):
    arrives(box, mail("One", "Message-ID: <1@x>"))
    arrives(box, mail("Two", "Message-ID: <2@x>", "References: <1@x>"))
    other = mail("Three", "Message-ID: <3@x>", "References: <1@x>").replace(b"marta@", b"mallory@")
    arrives(box, other)
    first = Conversation.objects.get(messages__text="One")

    assert Conversation.objects.get(messages__text="Two") == first
    assert Conversation.objects.get(messages__text="Three") != first, "a stranger does not write into it"
    lifecycle.end(first.pk, now=timezone.now())
    arrives(box, mail("Four", "Message-ID: <4@x>", "In-Reply-To: <1@x>"))
    assert Conversation.objects.get(messages__text="Four") != first


def test_mail_carries_no_attached_data_and_keeps_none(box):
    arrives(box, mail("Hello"))
    agent = UserFactory()
    conversation = lifecycle.accept(Conversation.objects.get().pk, by=agent, now=timezone.now())

    with pytest.raises(RefusedPairs, match="carries no attached data"):
        attach_data(conversation, {"a": 1}, source=Source.AGENT, at=timezone.now(), by=agent)
    conversation = lifecycle.end(conversation.pk, by=agent, now=timezone.now())
    with pytest.raises(RefusedPairs, match="carries no attached data"):
        post_data(conversation, {"a": 1}, by=agent, now=timezone.now())

    conversation.refresh_from_db()
    assert conversation.kept_data == {} and not conversation.live_data.exists()


def test_the_wrap_up_of_a_mail_asks_for_no_keys_since_it_could_keep_none(box):
    type(box.queue.channel).objects.update(required_keys=["a"], wrap_up_keys=["a"])
    arrives(box, mail("Hello"))
    pk, agent = Conversation.objects.get().pk, user_with(Right.SERVE, on=box.queue)
    lifecycle.accept(pk, by=agent, now=timezone.now())
    browser = Client()
    browser.force_login(agent)
    served = browser.get(f"/desk/{pk}/").content.decode()
    lifecycle.end(pk, by=agent, now=timezone.now())

    wrap_up.finish(pk, by=agent, now=timezone.now())

    assert "Mail carries no attached data" in served and "Attach something" not in served
    assert Conversation.objects.get().state == "handled"


@pytest.mark.parametrize(
    ("raw", "is_whole", "shown"),
    [
        (mail("x" * 10), False, "larger than 25 MB"),
        (
            b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(300)),
            True,
            "cannot be read",
        ),
        (b"From: " + b"x" * 2000 + b"@example.com\r\n\r\nHello", True, "Hello"),
        (b"", True, "No text"),
        (mail("y" * 200_000), True, "too long"),
    ],
)
def test_a_mail_that_is_not_right_is_a_conversation_that_says_so(box, raw, is_whole, shown):
    assert arrives(box, raw, is_whole=is_whole).state == "applied"

    assert shown in page(Conversation.objects.get(), "/history/{}/")
