"""Beside the demonstration a channel is played: what one writes there as a customer an agent answers in the portal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from channels_cfg.models import QUEUE_RIGHTS, MessagingService
from conversations.doors.deliveries import apply_delivery
from conversations.doors.mail.reading import read_box
from conversations.models import Attachment, Consent, Conversation, InboundDelivery, Message, State
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    MailBoxFactory,
    MessagingServiceFactory,
    QueueFactory,
    WebhookSecretFactory,
    grant,
)
from tests.factories.files import PNG
from tests.journeys.conftest import Portal, eventually

CUSTOMER = "46701234567"


@pytest.fixture
def channel(portal: Portal) -> Iterator[httpx.Client]:
    """The channel with one service; what ``make demo`` writes down tells it of the portal."""
    service = MessagingServiceFactory(queue=QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"])))
    WebhookSecretFactory(service=service, secret="a-secret")
    address = f"http://127.0.0.1:{portal.environment['DEMO_CHANNEL_PORT']}"
    told = {"name": service.name, "project_id": service.project_id, "app_id": service.app_id, "secret": "a-secret"}
    told["callback_url"] = f"{portal.url}/sms/sinchconversation/all"
    maildir = portal.var_dir / "demo_mail"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    mail = {"address": "service@shop.example", "maildir": str(maildir)}
    (portal.var_dir / "demo.json").write_text(json.dumps({"messaging_services": [told], "mail": mail}))
    keys = {"key_id": "demonstration", "key_secret": "a-secret", "api_address": address}
    MessagingService.objects.filter(pk=service.pk).update(**keys)
    portal.start("channel", "django", "demo_channel", "--settings=config.settings.demo_channel")
    with httpx.Client(base_url=address, timeout=10) as client:
        eventually(lambda: answers(client))
        client.base_url = f"{address}/{service.app_id}/WHATSAPP/{CUSTOMER}/"
        yield client


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.HTTPError:
        return False


def test_a_customer_of_the_demonstration_writes_is_answered_and_leaves(portal: Portal, channel: httpx.Client):
    picture = {"file": ("chair.png", PNG, "image/png")}
    order = {"act": "say", "text": "In green?", "data": "customerType=gold\ncustomerId=7"}
    assert channel.post("act/", data=order, files=picture).status_code == 302
    conversation = eventually(lambda: Conversation.objects.filter(state=State.QUEUED).first())
    eventually(lambda: Attachment.objects.filter(name="chair.png").exists())
    api = portal.with_key(ApiKeyFactory(user=grant(ApiKeyFactory().user, *QUEUE_RIGHTS, on=conversation.queue)).text)
    address = f"/api/v1/conversations/{conversation.pk}"
    api.post(f"{address}/accept").raise_for_status()

    def last() -> dict[str, str]:
        return api.get(f"{address}/messages").json()["results"][-1]

    api.post(f"{address}/messages", json={"text": "Yes."}).raise_for_status()
    eventually(lambda: last()["delivery"] == "read")
    page = channel.get("").text
    assert "Yes." in page and "READ" in page

    # It may be out of order, and a customer opts in and leaves.
    channel.post("act/", data={"act": "broken"})
    api.post(f"{address}/messages", json={"text": "And in blue."}).raise_for_status()
    eventually(lambda: "(503)" in last()["why"])
    channel.post("act/", data={"act": "opt_in"})
    eventually(Consent.objects.filter(given=True).exists)
    channel.post("act/", data={"act": "leave"})
    eventually(Conversation.objects.filter(pk=conversation.pk, state=State.WRAP_UP).exists)
    assert Conversation.objects.get(pk=conversation.pk).kept_data == {"customerType": "gold"}

    # No other page writes as a customer, and nobody else sends as the portal.
    elsewhere = channel.post("act/", data={"act": "works"}, headers={"Sec-Fetch-Site": "cross-site"})
    vendor = channel.base_url.copy_with(path="/")
    stranger = httpx.post(vendor.join("v1/projects/x/messages:send"), headers={"Authorization": "Bearer x"}, json={})
    unknown = httpx.post(vendor.join("oauth2/token"), auth=("demonstration", "wrong"))
    assert [elsewhere.status_code, stranger.status_code, unknown.status_code] == [403, 401, 401]


def test_a_customer_of_the_demonstration_writes_a_mail(portal: Portal, channel: httpx.Client):
    address = channel.base_url.copy_with(path="/mail/")
    box = MailBoxFactory(kind="maildir", folder=str(portal.var_dir / "demo_mail"), host="", username="")
    order = {"from": "erik.svensson@example.com", "subject": "Two\nof them", "text": "<p>Which <b>one</b>?</p>"}

    sent = channel.post(address, data=order | {"is_html": "yes"}, files={"file": ("note.txt", b"Both", "text/plain")})
    assert sent.status_code == 302
    assert "in the mail box" in channel.get(address).text
    read_box(box)
    delivery = InboundDelivery.objects.get(mail_box=box)
    apply_delivery(delivery.pk)

    assert "taken in" in channel.get(f"{address}?part=yes").text
    conversation = Conversation.objects.get()
    assert (conversation.queue, conversation.customer, conversation.subject) == (
        box.queue,
        "Erik Svensson",
        "Two of them",
    )
    assert Message.objects.get(content_type="mail").content["html"].strip() == "<p>Which <b>one</b>?</p>"
    assert Attachment.objects.get().name == "note.txt"
    assert channel.post(address, data=order, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
