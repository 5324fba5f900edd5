"""Files to be sent: what may be uploaded, and where messaging channels fetch it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Right, SystemSettings
from conversations import tasks
from conversations.attachments.public import public_address
from conversations.models import Attachment, Conversation, Message
from tests.conversations.api.conftest import ApiClient, client_with
from tests.factories import UserFactory, grant
from tests.factories.files import HTML, MP4, PDF, PNG, SVG


def upload(client: ApiClient, conversation: Conversation, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content, content_type="image/png")  # what a sender says of it counts for nothing
    return client.post(f"/api/v1/conversations/{conversation.pk}/files", {"file": file})


def sent(attachment: Attachment) -> Attachment:
    """The file, as part of a message of the agent."""
    message = Message.objects.create(
        conversation=attachment.conversation, author=Message.Author.AGENT, sent_at=timezone.now()
    )
    attachment.attach_to(message)
    return attachment


@pytest.fixture
def uploaded(agent: ApiClient, served: Conversation) -> Attachment:
    return Attachment.objects.get(pk=upload(agent, served, "Photo 1.png", PNG).json()["id"])


def test_an_upload_belongs_to_conversation_and_uploader_and_is_read_by_nobody_else(
    agent: ApiClient, served: Conversation, folder: Path
) -> None:
    answer = upload(agent, served, "../../Fotó\u202e 1.PNG", PNG)

    attachment = Attachment.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(attachment.pk), "name": "Fotó 1.PNG", "type": "image/png", "size": len(PNG),
    }  # fmt: skip
    assert (attachment.conversation, attachment.uploaded_by) == (served, agent.user)
    assert attachment.origin == "http://testserver/"
    (file,) = [path for path in folder.rglob("*") if path.is_file()]
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (PNG, 0o600)
    assert "Fot" not in str(file.relative_to(folder))
    address = f"/conversations/{served.pk}/files/{attachment.pk}"
    colleague, owner = Client(), Client()
    colleague.force_login(grant(UserFactory(), Right.SERVE, on=served.queue))
    owner.force_login(agent.user)
    assert [owner.get(address).status_code, colleague.get(address).status_code] == [200, 404]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("photo.svg", SVG, "Files of this type are not sent"),
        ("photo", PNG, "Files of this type are not sent"),
        ("photo.jpg", HTML, "not what its name says"),
        ("photo.jpg", PNG, "not what its name says"),
        ("photo.gif", b"GIF89a\1\0\1\0\0\0\0;", "WhatsApp does not take image/gif"),
        ("big.pdf", PDF + b" " * 1024 * 1024, "larger than 1 MB, the most that is allowed"),
    ],
)
def test_what_may_not_be_sent_is_refused_in_words_and_leaves_nothing(
    agent: ApiClient, served: Conversation, folder: Path, name: str, content: bytes, words: str
) -> None:
    SystemSettings(largest_file_megabytes=1).save()

    answer = upload(agent, served, name, content)

    assert answer.status_code == 422
    assert words in answer.json()["errors"]["file"][0]
    assert not Attachment.objects.exists() and not folder.exists()


def test_a_channel_has_limits_of_its_own(agent: ApiClient, served: Conversation) -> None:
    Conversation.objects.update(messaging_channel="SMS")
    assert "SMS carries no files" in upload(agent, served, "photo.png", PNG).json()["errors"]["file"][0]

    Conversation.objects.update(messaging_channel="MMS")
    large = upload(agent, served, "film.mp4", MP4 + b"\0" * 1024 * 1024)
    assert "the most that MMS takes" in large.json()["errors"]["file"][0]


def test_only_who_serves_the_conversation_adds_a_file(agent: ApiClient, served: Conversation) -> None:
    colleague = ApiClient(grant(UserFactory(), Right.SERVE, on=served.queue))
    reader = client_with(Right.VIEW_HISTORY, on=served.queue)

    answers = [upload(client, served, "photo.png", PNG).status_code for client in (colleague, reader)]

    assert answers == [409, 404]
    assert upload(agent, served, "photo.png", PNG).status_code == 201
    assert agent.post(f"/api/v1/conversations/{served.pk}/files").status_code == 400
    assert agent.post_json(f"/api/v1/conversations/{served.pk}/files").status_code == 415


def test_a_file_that_is_not_sent_is_deleted_after_a_day(uploaded: Attachment, folder: Path) -> None:
    tasks.delete_old_records()
    assert Attachment.objects.exists()

    Attachment.objects.update(expires_at=timezone.now())
    tasks.delete_old_records()

    assert not Attachment.objects.exists()
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_that_was_sent_stays(uploaded: Attachment) -> None:
    sent(uploaded)

    tasks.delete_old_records()

    assert uploaded.file.open().read() == PNG


# The public address


def test_a_channel_fetches_a_file_whole_in_parts_and_without_signing_in(uploaded: Attachment) -> None:
    address = public_address(sent(uploaded), now=timezone.now())

    assert address.startswith("http://testserver/sms/richcontent/") and address.endswith("/Photo%201.png")
    path, client = urlsplit(address).path, Client()
    whole = client.get(path)
    assert (whole.status_code, b"".join(whole.streaming_content)) == (200, PNG)
    assert whole["Content-Type"] == "image/png"
    assert whole["Content-Length"] == str(len(PNG))
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in whole["Content-Security-Policy"]
    head = client.head(path)
    assert (head.status_code, head["Content-Length"], head.getvalue()) == (200, str(len(PNG)), b"")
    for asked, start, end in [("bytes=2-5", 2, 6), ("bytes=70-", 70, len(PNG)), ("bytes=-4", len(PNG) - 4, len(PNG))]:
        part = client.get(path, headers={"Range": asked})
        assert (part.status_code, b"".join(part.streaming_content)) == (206, PNG[start:end])
        assert part["Content-Range"] == f"bytes {start}-{end - 1}/{len(PNG)}"
    for asked in ("bytes=0-1,3-4", "lines=1-2", "bytes=-", "bytes=9-2x"):
        assert client.get(path, headers={"Range": asked}).status_code == 200
    beyond = client.get(path, headers={"Range": f"bytes={len(PNG)}-"})
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{len(PNG)}")
    assert client.post(path).status_code == 405


def test_a_public_address_is_gone_when_its_time_is_over_and_an_unknown_one_was_never_there(
    uploaded: Attachment,
) -> None:
    SystemSettings(public_attachment_hours=2).save()
    path = urlsplit(public_address(sent(uploaded), now=timezone.now() - timedelta(hours=2))).path

    assert Client().get(path).status_code == Client().head(path).status_code == 410
    assert Client().get(path.replace("richcontent/", "richcontent/x")).status_code == 404


def test_an_address_is_the_same_when_it_is_asked_for_again_and_has_the_base_of_the_settings(
    uploaded: Attachment,
) -> None:
    first = public_address(uploaded, now=timezone.now())
    SystemSettings(public_base_url="https://chat.example.com/files").save()

    second = public_address(uploaded, now=timezone.now(), base="https://other.example.com")

    assert second.startswith("https://chat.example.com/files/sms/richcontent/")
    assert urlsplit(first).path.split("/")[-2:] == urlsplit(second).path.split("/")[-2:]


def test_a_file_that_was_let_go_is_in_no_ones_reach(uploaded: Attachment, folder: Path) -> None:
    path = urlsplit(public_address(sent(uploaded), now=timezone.now())).path
    Attachment.objects.all().let_go(now=timezone.now())

    assert Client().get(path).status_code == 404

    tasks.delete_old_records()
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_the_files_of_a_conversation_go_with_it(
    uploaded: Attachment, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        uploaded.delete()

    assert not [path for path in folder.rglob("*") if path.is_file()]
