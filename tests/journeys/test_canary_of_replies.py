"""Rule 12 for media, drafts, replies and public addresses: what is destroyed is nowhere, and what stays is where it
belongs, and in no log, message to a worker, metric or page of the configurator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from channels_cfg.models import QUEUE_RIGHTS, MessagingService, Queue, User
from channels_cfg.rights.roles import CONFIGURATOR
from conversations import lifecycle, tasks
from conversations.demo import inbound_message
from conversations.models import Attachment, Conversation, Draft, InboundDelivery, MediaFetch, OutboundMessage, State
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    grant,
)
from tests.factories.files import PNG
from tests.journeys.conftest import Portal, eventually
from tests.journeys.test_canary import Canaries, database_dump, every_answer, signed_in
from tests.stand_ins.conversation_api import ConversationApi, error, running_conversation_api
from tests.stand_ins.media import MediaHost, running_media_host
from tests.statistics import gather_statistics


@pytest.fixture
def api() -> Iterator[ConversationApi]:
    with running_conversation_api() as running:
        yield running


@pytest.fixture
def host() -> Iterator[MediaHost]:
    with running_media_host() as running:
        yield running


@pytest.fixture
def service(transactional_db: None, api: ConversationApi) -> MessagingService:
    facts = {"api_address": api.url, "key_id": "key", "key_secret": "secret"}
    queue = QueueFactory(channel=ChannelFactory())
    return WebhookSecretFactory(service=MessagingServiceFactory(queue=queue, **facts)).service


def served(portal: Portal, service: MessagingService, host: MediaHost, agent: User, gone: Canaries) -> Conversation:
    """The customer sent a picture, which the sender has redacted since."""
    address = host.keeps(f"/{gone.new()}/{gone.new()}.png?token={gone.new()}", PNG + gone.new().encode())
    sent = inbound_message(service, text="", at=timezone.now(), conversation="T1", customer="358401112233")
    sent["message"]["contact_message"] = {"media_message": {"url": address}}
    portal.deliver(service, sent)
    eventually(MediaFetch.objects.filter(state=MediaFetch.State.DONE).exists)
    message = sent.pop("message") | {"contact_message": {"text_message": {"text": "*****"}}}
    portal.deliver(service, sent | {"message_redaction": message})
    conversation = Conversation.objects.get()
    eventually(conversation.messages.filter(text="*****").exists)
    return lifecycle.accept(conversation.pk, by=agent, now=timezone.now())


def draft(browser: httpx.Client, conversation: Conversation, text: str) -> None:
    page = browser.get(f"/desk/{conversation.pk}/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    sent = {"csrfmiddlewaretoken": token[1], "text": text}
    assert browser.post(f"/desk/{conversation.pk}/draft/", data=sent).status_code == 204


def configurator() -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=CONFIGURATOR))
    return user


def test_what_was_sent_stays_where_it_belongs_and_what_was_not_is_gone(
    portal: Portal, service: MessagingService, api: ConversationApi, host: MediaHost, settings: Settings
):
    settings.MEDIA_ROOT = portal.var_dir / "files"
    gone, kept = Canaries(), Canaries()
    queue: Queue = service.queue
    agent = grant(UserFactory(), *QUEUE_RIGHTS, on=queue)
    conversation = served(portal, service, host, agent, gone)
    key = ApiKeyFactory()
    grant(key.user, *QUEUE_RIGHTS, on=queue)
    client = portal.with_key(key.text)
    door = f"/api/v1/conversations/{conversation.pk}"

    def answer(**order: str) -> int:
        taken = client.post(f"{door}/messages", json=order)
        assert taken.status_code == 202, taken.text
        return int(taken.json()["id"])

    def upload(name: str, content: bytes) -> str:
        return str(client.post(f"{door}/files", files={"file": (f"{name}.png", content)}).json()["id"])

    # Sent: a text and a file. Refused by the vendor, who quotes something. Taken back. Never sent.
    answer(text=kept.new())
    answer(file=upload(kept.new(), PNG), caption=kept.new())
    eventually(lambda: len(api.sent) == 2)
    address = urlsplit(api.sent[1]["message"]["card_message"]["media_message"]["url"]).path
    kept.values.append(address.split("/")[3])
    assert client.get(address).status_code == 200
    api.planned.extend([error(400, "INVALID_ARGUMENT", gone.new()), *[error(503, "UNAVAILABLE", gone.new())] * 9])
    answer(text=kept.new())
    eventually(OutboundMessage.objects.filter(state=OutboundMessage.State.FAILED).exists)
    waiting = answer(text=gone.new())
    eventually(OutboundMessage.objects.filter(message=waiting, attempts__gt=0, holder=None).exists)
    assert client.delete(f"{door}/messages/{waiting}").status_code == 204
    upload(gone.new(), PNG + gone.new().encode())
    browser = signed_in(portal, agent)
    draft(browser, conversation, gone.new())
    assert Draft.objects.exists()
    for action in ("end", "handle"):
        assert client.post(f"{door}/{action}").status_code == 200
    Attachment.objects.filter(message=None).update(expires_at=timezone.now())
    tasks.delete_old_records()
    call_command("run_reporting_job")
    eventually(lambda: not InboundDelivery.objects.filter(finished_at=None).exists())
    gather_statistics()

    tables = dict(database_dump())
    files = {str(file): file.read_bytes() for file in portal.var_dir.rglob("*") if file.is_file()}
    agents = dict(every_answer(browser, "/history/", "/desk/", "/reports/"))
    others = dict(every_answer(signed_in(portal, configurator()), "/admin/"))
    machines = dict(every_answer(client, "/api/v1/conversations", "/metrics", f"{door}/messages"))
    assert Conversation.objects.get().state == State.HANDLED
    assert any(kept.found_in(answer) for answer in agents.values()), "the history shows what was sent"

    everywhere = tables | files | agents | others | machines
    assert [place for place, content in everywhere.items() if gone.found_in(content)] == []
    at_rest = {place for place, content in (tables | files).items() if kept.found_in(content)}
    assert at_rest == {"conversations_message", "conversations_attachment"}
    assert [place for place, content in others.items() if kept.found_in(content)] == []
    assert not kept.found_in(machines["/metrics"])
