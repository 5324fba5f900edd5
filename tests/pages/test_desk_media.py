"""Pictures, quotes and templates on the desk, with the channel answering at the other end."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from channels_cfg import jobs
from channels_cfg.models import Right, WebhookSecret
from conversations import consents
from conversations.demo import deliver, inbound_message
from conversations.models import Attachment, MediaFetch, Message, OutboundMessage
from tests.conversations.replies.conftest import api as api
from tests.factories import (
    ChannelFactory,
    QueueFactory,
    ReplyTemplateFactory,
    answerable_conversation,
    grant,
    user_with,
)
from tests.factories.files import PNG, png
from tests.pages.looks import shortcomings
from tests.stand_ins.media import running_media_host

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return user_with(Right.SERVE, Right.VIEW_CONSENTS, on=QueueFactory(channel=ChannelFactory()))


@pytest.fixture
def conversation(agent, api):
    queue = agent.access_rights.filter(right=Right.SERVE).get().queue
    conversation = answerable_conversation(
        queue, agent=agent, customer_name="Maija Korhonen", customer_address="35840123"
    )
    service = conversation.reference.service
    service.api_address = api.url
    service.save()
    WebhookSecret.objects.create(service=service, secret="a-secret")
    return conversation


def work_on_all(model):
    for pk in model.objects.values_list("pk", flat=True):
        jobs.work_on(model, pk)


def customer_sends(conversation, contents):
    """What the channel tells of a message of the customer."""
    service = conversation.reference.service
    said = inbound_message(service, text="", at=timezone.now(), conversation="01CONVERSATION", customer="35840123")
    said["message"]["contact_id"] = "01CONTACT"
    said["message"]["contact_message"] = contents
    deliver(service, said, now=timezone.now())


def test_pictures_go_both_ways_are_quoted_and_their_address_ends(open_as, agent, conversation, api):
    page = open_as(agent, f"/desk/{conversation.pk}/", height=600)
    page.locator("#reply_file").set_input_files({"name": "Jacket.png", "mimeType": "image/png", "buffer": PNG})
    expect(page.locator("#reply_preview img")).to_be_visible()
    page.locator("#reply_text").fill("This one?")
    page.locator("#reply_text").press("Enter")
    ours = page.locator(".message--agent")
    expect(ours.get_by_role("img", name="Jacket.png")).to_be_visible()
    expect(ours).to_contain_text("This one?")
    expect(page.locator("#reply_preview")).to_be_hidden()

    work_on_all(OutboundMessage)
    expect(ours).to_contain_text("Sent")
    with running_media_host() as host:
        customer_sends(
            conversation,
            {
                "media_message": {"url": host.keeps("/mine.png", png(2, 900))},
                "reply_to": {"message_id": api.ids[0]},
            },
        )
        work_on_all(MediaFetch)
    answer = page.locator(".message--customer").last
    expect(answer.locator("blockquote")).to_contain_text("This one?")
    expect(answer.locator("blockquote").get_by_role("img")).to_be_visible()
    expect(answer.locator("img")).to_have_count(2)
    page.wait_for_function(
        "() => { const box = messages_scroll; return box.scrollHeight > box.clientHeight + 100"
        " && box.scrollHeight - box.scrollTop - box.clientHeight < 2; }"
    )  # the newest is in view once its picture has come
    for picture in page.locator(".transcript img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") == 2
    assert shortcomings(page) == []

    # Where the channel fetches it, without signing in, until the time of the settings is over.
    address = urlsplit(api.sent[0]["message"]["card_message"]["media_message"]["url"]).path
    browser = open_as(None, "/accounts/login/")
    whole, head = browser.request.get(address), browser.request.head(address)
    part = browser.request.get(address, headers={"Range": "bytes=0-3"})
    assert [whole.status, head.status, part.status] == [200, 200, 206]
    assert [whole.body(), head.body(), part.body()] == [PNG, b"", PNG[:4]]
    assert {answer.headers["content-type"] for answer in (whole, head, part)} == {"image/png"}
    Attachment.objects.exclude(public_until=None).update(public_until=timezone.now())
    assert browser.request.get(address).status == 410
    page.reload()
    expect(ours.get_by_role("img", name="Jacket.png")).to_be_visible()  # to those with the right it stays


def test_outside_the_window_a_template_is_all_that_can_be_sent_once_the_customer_opts_in(open_as, agent, conversation):
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    approved = ReplyTemplateFactory(kind="whatsapp", name="Delivery tomorrow")
    plain = ReplyTemplateFactory(folder=approved.folder, name="Opening hours", text="From 8 to 18.")
    grant(agent, Right.USE_TEMPLATES, on=approved.folder)
    page = open_as(agent, f"/desk/{conversation.pk}/")
    box, palette = page.locator("#reply"), page.locator("#templates")
    expect(box).to_contain_text("The customer has to write first.")
    expect(box.get_by_role("button")).to_have_count(0)

    service = conversation.reference.service
    consents.record(service, channel="WHATSAPP", address="35840123", given=True, at=timezone.now())

    expect(page.locator("#conversation_head")).to_contain_text("opted in since")
    expect(box).to_contain_text("A template can be sent.")
    expect(page.locator("#reply_text")).to_be_hidden()
    page.locator("#open_templates").press("Enter")
    expect(palette).to_contain_text(approved.name)
    expect(palette.get_by_role("button", name=plain.name)).to_be_hidden()
    assert shortcomings(page) == []
    page.keyboard.type("tomorrow")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.locator(".message--agent")).to_have_count(0)
    page.keyboard.type("7")  # in the field that is still missing
    assert shortcomings(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".message--agent")).to_contain_text("Good day Ada, your order 7 comes tomorrow.")
    expect(page.locator("#reply_template")).to_be_hidden()
