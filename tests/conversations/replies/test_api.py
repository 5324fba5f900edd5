"""Answering over the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import Settings

from channels_cfg.models import QUEUE_RIGHTS, AccessRight, Right
from conversations import consents
from conversations.models import Message, OutboundMessage
from tests.conversations.api.conftest import ApiClient, client_with
from tests.conversations.doors.conversation_api.conftest import message as from_customer
from tests.conversations.replies.conftest import Story, work
from tests.factories import QueueFactory, ReplyTemplateFactory, grant
from tests.stand_ins.conversation_api import ConversationApi, error

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea7"
    "35813b0000000049454e44ae426082"
)


@pytest.fixture
def client(story: Story) -> ApiClient:
    return ApiClient(story.agent)


@pytest.fixture
def door(story: Story) -> str:
    return f"/api/v1/conversations/{story.conversation.pk}/messages"


def test_an_answer_is_taken_waits_and_is_listed_with_how_far_it_got(client, door, story: Story, api: ConversationApi):
    answer = client.post_json(door, {"text": "It leaves today."})

    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    said = client.get(door).json()["results"][-1]
    assert {name: said[name] for name in ("id", "author", "text", "delivery", "why", "quotes", "file")} == {
        "id": answer.json()["id"],
        "author": "agent",
        "text": "It leaves today.",
        "delivery": "waiting",
        "why": "",
        "quotes": None,
        "file": None,
    }

    work()
    story.report(api.ids[0], "READ")

    assert client.get(door).json()["results"][-1]["delivery"] == "read"


def test_a_repeated_request_is_one_answer(client, door):
    key = {"HTTP_IDEMPOTENCY_KEY": "1"}

    first, again = (client.post_json(door, {"text": "Once"}, **key) for _ in range(2))
    other = client.post_json(door, {"text": "Other"}, **key)

    assert first.json() == again.json()
    assert (again.status_code, other.status_code) == (202, 422)
    assert OutboundMessage.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"text": " "}, {"text": 1}, {"text": "a", "caption": "b"}, {"caption": "b"}, {"words": "a"}]
)
def test_what_is_no_answer_is_refused(client, door, body: dict[str, Any]):
    assert client.post_json(door, body).status_code in (400, 422)
    assert not OutboundMessage.objects.exists()


def test_only_who_serves_the_conversation_answers(client, door, story: Story):
    colleague = client_with(Right.SERVE, on=story.conversation.queue)
    colleague.user.is_api_client = False
    colleague.user.save()

    assert client_with(*QUEUE_RIGHTS, on=QueueFactory()).post_json(door, {"text": "a"}).status_code == 404
    assert (
        client_with(Right.VIEW_HISTORY, on=story.conversation.queue).post_json(door, {"text": "a"}).status_code == 404
    )
    assert colleague.post_json(door, {"text": "a"}).status_code == 409
    assert client_with(Right.SERVE, on=story.conversation.queue).post_json(door, {"text": "a"}).status_code == 202


def test_outside_the_window_it_is_refused_with_what_is_possible_instead(client, door, story: Story):
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=25))

    answer = client.post_json(door, {"text": "Still there?"})

    assert (answer.status_code, answer.json()["possible"]) == (422, [])
    assert answer.json()["detail"]
    assert not OutboundMessage.objects.exists()


def test_outside_the_window_a_template_goes_to_who_opted_in(client, door, story: Story, api: ConversationApi):
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    template = ReplyTemplateFactory(name="Tomorrow", kind="whatsapp")
    order = {"template": "Tomorrow", "parameters": {"name": "Ada", "order": "7"}}
    assert client.post_json(door, order).status_code == 400  # it is not granted

    AccessRight.objects.create(user=story.agent, right=Right.USE_TEMPLATES, reply_template_folder=template.folder)
    assert client.post_json(door, order).status_code == 422
    consents.record(story.sender.service, channel="WHATSAPP", address="358401234567", given=True, at=timezone.now())
    unseen = client.post_json(door, order).json()
    assert (unseen["possible"], "“View consents”" in unseen["detail"]) == ([], True)
    grant(story.agent, Right.VIEW_CONSENTS, on=story.conversation.queue)
    assert client.post_json(door, {"text": "Free"}).json()["possible"] == ["templates"]
    incomplete = client.post_json(door, {"template": "Tomorrow", "parameters": {"name": "Ada"}})
    assert (incomplete.status_code, list(incomplete.json()["errors"])) == (422, ["order"])
    assert client.post_json(door, order).status_code == 202
    work()

    (document,) = api.sent
    assert document["message"] == {
        "template_message": {
            "channel_template": {
                "WHATSAPP": {
                    "template_id": "delivery_update",
                    "language_code": "en_US",
                    "parameters": order["parameters"],
                }
            }
        }
    }
    assert story.transcript()[-1] == ("agent", "Good day Ada, your order 7 comes tomorrow.")


def test_a_waiting_answer_is_taken_back_and_one_that_left_is_not(client, door, story: Story):
    waiting = client.post_json(door, {"text": "Oh"}).json()["id"]
    assert client_with(Right.SERVE, on=QueueFactory()).delete(f"{door}/{waiting}").status_code == 404
    assert client.delete(f"{door}/{waiting}").status_code == 204
    assert client.delete(f"{door}/{waiting}").status_code == 404

    sent = client.post_json(door, {"text": "Sent"}).json()["id"]
    work()

    assert client.delete(f"{door}/{sent}").status_code == 409
    assert story.transcript() == [("customer", "Where is it?"), ("agent", "Sent")]


@pytest.mark.parametrize("caption", ["", "Your parcel"])
def test_a_file_is_sent_once_by_its_public_address(
    client, door, story: Story, api: ConversationApi, settings: Settings, tmp_path: Path, caption: str
):
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("parcel.png", PNG, "image/png")
    uploaded = client.post(door.replace("messages", "files"), {"file": file}).json()
    order = {"file": uploaded["id"]} | ({"caption": caption} if caption else {})

    assert client.post_json(door, order).status_code == 202
    assert client.post_json(door, order).status_code == 400
    assert client.post_json(door, {"file": str(uuid.uuid4())}).status_code == 400
    work()

    (document,) = api.sent
    content = document["message"]
    media = content["card_message"]["media_message"] if caption else content["media_message"]
    assert "/sms/richcontent/" in media["url"]
    assert media["filename_override"] == "parcel.png"
    assert not caption or content["card_message"]["title"] == caption
    listed = client.get(door).json()["results"][-1]
    assert (listed["text"], listed["file"]["name"], listed["file"]["type"]) == (caption, "parcel.png", "image/png")
    assert client.get(listed["file"]["url"]).getvalue() == PNG


def test_a_quoted_answer_is_shown_with_what_quotes_it(client, door, story: Story, api: ConversationApi):
    mine = client.post_json(door, {"text": "Blue or red?"}).json()["id"]
    work()
    quote = {"text_message": {"text": "Red"}, "reply_to": {"message_id": api.ids[0]}}

    story.sender.tell(from_customer(id="01QUOTE", contact_message=quote, at=timezone.now().isoformat()))

    quoted = client.get(door).json()["results"][-1]["quotes"]
    assert (quoted["id"], quoted["text"]) == (mine, "Blue or red?")


def test_why_it_waits_is_said(client, door, api: ConversationApi):
    api.planned += [error(503, "UNAVAILABLE")]
    client.post_json(door, {"text": "Hello"})

    work()

    said = client.get(door).json()["results"][-1]
    assert said["delivery"] == "waiting"
    assert "503" in said["why"]
