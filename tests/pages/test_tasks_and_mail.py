"""Tasks and mail on the desk and in the history: what strangers wrote as HTML is shown, runs nothing, loads nothing,
and fits a telephone."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from channels_cfg.messaging.mail_boxes import Unread
from channels_cfg.models import QUEUE_RIGHTS, Channel, Queue, User
from conversations import lifecycle
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import keep
from conversations.models import Conversation, InboundDelivery, Task
from tests.conversations.doors.mail.test_parsing import file, several
from tests.factories import ChannelFactory, MailBoxFactory, QueueFactory, queued_conversation, user_with
from tests.pages.conftest import OpenAs
from tests.pages.looks import shortcomings

pytestmark = pytest.mark.django_db(transaction=True)

WRITTEN = (
    "<style>* {display: none}</style><script>document.title = 'stolen'</script>"
    "<h2 style='position:fixed'>The parcel came back</h2><p onmouseover=\"document.title = 'stolen'\">Please "
    f"<b>call</b> {'the customer' * 40}.</p><img src='https://tracker.example/1.gif' onerror='document.title=1'>"
    f"<table><tr><th>Order</th><td>{'FI123456' * 30}</td></tr></table><pre>{'wide ' * 100}</pre>"
    "<ul><li>Address</li><li>Number</li></ul><form action='https://evil.example'><input name='password'></form>"
    '<a href="https://shop.example/orders">The order</a><a href="javascript:document.title=1">Bad</a>'
)


@pytest.fixture
def queue() -> Queue:
    keys = ["XRI-body", "orderId"]
    channel = ChannelFactory(kind=Channel.Kind.EMAIL, allocation_keys=keys, statistics_keys=keys)
    queue: Queue = QueueFactory(channel=channel)
    return queue


@pytest.fixture
def agent(queue: Queue) -> User:
    return user_with(*QUEUE_RIGHTS, on=queue)


def a_task(queue: Queue) -> Conversation:
    data = {"XRI-body": WRITTEN, "orderId": "FI123456"}
    conversation = queued_conversation(
        queue, data=data, subject="Came back " * 20, customer_address="maija@example.com"
    )
    Task.objects.create(conversation=conversation, kind="XRI", to_address="taskdesk@example.com")
    return conversation


def a_mail(queue: Queue) -> Conversation:
    raw = several(f"Content-Type: text/html\r\n\r\n{WRITTEN}", file("note.txt"), file("winmail.dat"))
    keep(MailBoxFactory(queue=queue), Unread("", raw, is_whole=True), now=timezone.now())
    apply_delivery(InboundDelivery.objects.get().pk)
    return Conversation.objects.get()


def check_what_is_shown(page: Page) -> None:
    shown = page.locator(".foreign")
    expect(shown.get_by_role("heading", name="The parcel came back")).to_be_visible()
    expect(shown.locator("script, style, img, form, input, [onmouseover], [style]")).to_have_count(0)
    expect(page.get_by_text("1 image is not loaded.")).to_be_visible()
    link = shown.get_by_role("link", name="The order")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(link).to_have_attribute("target", "_blank")
    assert page.evaluate("document.title") != "stolen"
    assert shortcomings(page) == []


@pytest.mark.parametrize("made", [a_task, a_mail])
def test_html_of_strangers_is_shown_and_fits(
    open_as: OpenAs, queue: Queue, agent: User, made: Any, settings: Any, tmp_path: Any
):
    settings.MEDIA_ROOT = tmp_path
    conversation = made(queue)
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())

    page = open_as(agent, f"/desk/{conversation.pk}/")
    check_what_is_shown(page)
    if made is a_mail:
        expect(page.get_by_text("Outlook wrapped what it holds")).to_be_visible()
        expect(page.get_by_role("link", name="note.txt")).to_be_visible()
    lifecycle.end(conversation.pk, by=agent, now=timezone.now())
    page.goto(f"/history/{conversation.pk}/")

    check_what_is_shown(page)
