"""Answering on the desk: files, templates, and what an opt-in changes while the desk is open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from channels_cfg.models import Right
from conversations import consents
from conversations.models import Conversation, Draft, Message
from tests.conversations.desk.conftest import news_path, page
from tests.factories import ReplyTemplateFactory, answerable_conversation, grant
from tests.factories.files import PNG

pytestmark = pytest.mark.django_db


def test_an_opt_in_is_news_for_whoever_may_send_by_it(client, queue, agent):
    conversation = answerable_conversation(queue, agent=agent, customer_address="+358 40 123")
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    grant(agent, Right.VIEW_CONSENTS, on=queue)
    html = page(client, f"/desk/{conversation.pk}/")
    assert "no opt-in known" in html and 'data-templates="no"' in html
    told = {"channel": "WHATSAPP", "given": True, "at": timezone.now()}
    somebody = conversation.reference.service
    consents.record(somebody, address="358999", **told)
    assert client.get(news_path(html, conversation)).status_code == 204

    consents.record(somebody, address="35840123", **told)

    news = client.get(news_path(html, conversation)).content.decode()
    assert "opted in since" in news and 'data-templates="yes"' in news


def test_a_template_is_sent_by_who_may_use_it_and_with_what_it_asks_for(client, queue, agent):
    conversation = answerable_conversation(queue, agent=agent)
    granted, other = ReplyTemplateFactory(name="Tomorrow"), ReplyTemplateFactory(name="Other")
    grant(agent, Right.USE_TEMPLATES, on=granted.folder)
    html = page(client, f"/desk/{conversation.pk}/")
    assert "Tomorrow" in html and "Other" not in html
    send = f"/desk/{conversation.pk}/reply/"
    client.post(f"/desk/{conversation.pk}/draft/", {"text": "Half a"})

    answers = [
        client.post(send, {"template": other.pk, "parameter-name": "Ada", "parameter-order": "7"}, follow=True),
        client.post(send, {"template": granted.pk, "parameter-name": "Ada"}, follow=True),
        client.post(send, {"template": granted.pk, "parameter-name": "Ada", "parameter-order": "7"}, follow=True),
    ]

    assert [
        words in answer.content.decode()
        for words, answer in zip(("Choose another", "“order” is missing", "your order 7 comes"), answers, strict=True)
    ] == [True, True, True]
    assert Message.objects.get(author="agent").text == "Good day Ada, your order 7 comes tomorrow."
    assert Draft.objects.get().text == "Half a"


def test_an_approved_template_takes_no_file_and_other_channels_none(client, queue, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    conversation = answerable_conversation(queue, agent=agent)
    approved = ReplyTemplateFactory(kind="whatsapp", text="Hello")
    grant(agent, Right.USE_TEMPLATES, on=approved.folder)
    order = {"template": approved.pk, "file": SimpleUploadedFile("a.png", PNG)}

    refused = client.post(f"/desk/{conversation.pk}/reply/", order, follow=True)

    assert "goes out alone" in refused.content.decode()
    assert not Message.objects.filter(author="agent").exists()
    Conversation.objects.update(messaging_channel="SMS")
    html = page(client, f"/desk/{conversation.pk}/")
    assert approved.name not in html and 'id="reply_file"' not in html
    refused = client.post(f"/desk/{conversation.pk}/reply/", {"file": SimpleUploadedFile("a.png", PNG)}, follow=True)
    assert "SMS takes text only" in refused.content.decode()


def test_what_no_database_stores_is_kept_as_far_as_it_can_be(client, queue, agent):
    conversation = answerable_conversation(queue, agent=agent)

    client.post(f"/desk/{conversation.pk}/draft/", {"text": "It leaves\0"})
    assert Draft.objects.get().text == "It leaves�"
    client.post(f"/desk/{conversation.pk}/reply/", {"text": "It leaves\0 today."})
    client.post(f"/desk/{conversation.pk}/end/")
    client.post(f"/desk/{conversation.pk}/wrap-up/", {"note": "Sold\0"})

    assert Message.objects.get(author="agent").text == "It leaves� today."
    assert Conversation.objects.get().note == "Sold�"
