"""What customers send is fetched once, kept on our side, and leaves no trace of where it came from."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from channels_cfg import jobs
from channels_cfg.models import Job, Right
from conversations.attachments import fetch
from conversations.models import Attachment, Conversation, MediaFetch, Message
from tests.conversations.doors.conversation_api.conftest import Sender, conversation_news, message, sender, service
from tests.factories import UserFactory, grant
from tests.factories.files import HTML, PDF, PNG, SVG
from tests.stand_ins.media import MediaHost, running_media_host

__all__ = ["sender", "service"]  # fixtures


@pytest.fixture
def host(settings: Settings) -> Iterator[MediaHost]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_media_host() as running:
        yield running


def with_media(url: str, kind: str = "media_message", **parts: Any) -> dict[str, Any]:
    return message(contact_message={kind: {"url": url, **parts}})


def fetch_all() -> None:
    """What a worker does with what waits."""
    for pk in MediaFetch.objects.unfinished().values_list("pk", flat=True):
        MediaFetch.objects.update(held_until=None)
        jobs.work_on(MediaFetch, pk)


@pytest.fixture
def reader(sender: Sender) -> Client:
    client = Client()
    client.force_login(grant(UserFactory(), Right.VIEW_HISTORY, on=sender.service.queue))
    return client


def page(reader: Client) -> str:
    return str(reader.get(f"/history/{Conversation.objects.get().pk}/").content.decode())


def test_a_picture_is_fetched_once_and_shown_as_one_to_those_with_the_right(
    sender: Sender, host: MediaHost, reader: Client, folder: Path
) -> None:
    address = host.keeps("/CANARY/ph%C3%B6to", PNG)

    sender.tell(with_media(address, "media_card_message", caption="Look", thumbnail_url=address))
    assert MediaFetch.objects.get().url == address
    fetch_all()
    fetch_all()

    attachment, job, conversation = Attachment.objects.get(), MediaFetch.objects.get(), Conversation.objects.get()
    assert host.asked == ["/CANARY/ph%C3%B6to"]
    assert (job.state, job.url) == (Job.State.DONE, "")
    assert (attachment.name, attachment.media_type, attachment.size) == ("phöto.png", "image/png", len(PNG))
    assert "CANARY" not in str(list(Message.objects.values()))
    shown, file = page(reader), f"/conversations/{conversation.pk}/files/{attachment.pk}"
    assert f'<img class="message__picture" src="{file}"' in shown
    assert "CANARY" not in shown and "127.0.0.1" not in shown
    answer = reader.get(file)
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/png", PNG)
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Cache-Control"] == "private, no-store"
    stranger = Client()
    assert stranger.get(file).status_code == 302
    stranger.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert stranger.get(file).status_code == 404
    (stored,) = [path for path in folder.rglob("*") if path.is_file()]
    assert stored.stat().st_mode & 0o777 == 0o600


def test_a_document_is_a_named_link_and_is_saved(sender: Sender, host: MediaHost, reader: Client) -> None:
    sender.tell(with_media(host.keeps("/x", PDF), filename_override='Offer "1".pdf'))
    fetch_all()

    attachment = Attachment.objects.get()
    assert attachment.name == "Offer 1.pdf"
    assert "Offer 1.pdf</a>" in page(reader) and "<img" not in page(reader).split('id="transcript"')[1]
    answer = reader.get(f"/conversations/{Conversation.objects.get().pk}/files/{attachment.pk}")
    assert answer["Content-Disposition"] == 'attachment; filename="Offer 1.pdf"'
    assert "sandbox" in answer["Content-Security-Policy"]
    answer.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {}, HTML), "not what its name says"),
        ((200, {"Content-Type": "image/png"}, SVG), "not what its name says"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 1_000_000)), "packed"),
        ((200, {}, PNG * 20_000), "larger than 1 MB"),
        ((404, {}, b""), "did not hand it out (404)"),
        ((302, {"Location": "https://127.0.0.2:1/secret"}, b"x"), "an address that is not called"),
        ((302, {"Location": "http://10.0.0.1/secret"}, b"x"), "an address that is not called"),
        ((302, {"Location": "/photo.jpg"}, b"x"), "did not hand it out (302)"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_may_not_be_shown_is_a_placeholder_with_the_reason_and_the_conversation_goes_on(
    sender: Sender, host: MediaHost, reader: Client, monkeypatch: pytest.MonkeyPatch, answer: Any, words: str
) -> None:
    monkeypatch.setattr(fetch, "LARGEST_MEGABYTES", 1)
    host.answers["/photo.jpg"] = answer

    sender.tell(with_media(f"{host.url}/photo.jpg"))
    fetch_all()
    sender.tell(message("Are you there?", id="01NEXT"))

    job = MediaFetch.objects.get()
    assert (job.state, job.url) == (Job.State.FAILED, "")
    assert words in job.reason and words in page(reader)
    assert "Are you there?" in page(reader)
    assert not Attachment.objects.exists()
    assert "127.0.0.1" not in job.reason


def test_a_private_address_is_not_called(sender: Sender, host: MediaHost) -> None:
    for address in ("https://127.0.0.2:1/x", "http://10.0.0.1/x", "file:///etc/passwd", "javascript:alert(1)", "x"):
        sender.tell(message(id=f"01{address}", contact_message={"media_message": {"url": address}}))
    fetch_all()

    assert MediaFetch.objects.dead_letters().count() == 5
    assert host.asked == []


def test_a_redirect_to_a_public_place_is_followed(sender: Sender, host: MediaHost) -> None:
    host.answers["/moved"] = (307, {"Location": host.keeps("/here.png", PNG)}, b"")

    sender.tell(with_media(f"{host.url}/moved"))
    fetch_all()

    assert Attachment.objects.get().size == len(PNG)


def test_whoever_is_slow_or_busy_is_asked_again_and_given_up_in_the_end(
    sender: Sender, host: MediaHost, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.3)
    host.answers |= {"/slow": (200, {}, None), "/busy": (503, {}, b"")}
    sender.tell(
        with_media(f"{host.url}/slow"), message(id="2", contact_message={"media_message": {"url": f"{host.url}/busy"}})
    )

    fetch_all()
    assert page(reader).count("The file is being fetched.") == 2
    MediaFetch.objects.update(attempts=MediaFetch.most_attempts - 1)
    fetch_all()

    reasons = list(MediaFetch.objects.order_by("pk").values_list("reason", flat=True))
    assert "in time" in reasons[0] and "(503)" in reasons[1]


def test_a_deletion_erases_files_too(
    sender: Sender, host: MediaHost, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    sender.tell(with_media(host.keeps("/a", PNG)))
    fetch_all()
    sender.tell(message(id="2", at="2026-02-13T08:01:00Z", contact_message={"media_message": {"url": f"{host.url}/b"}}))

    with django_capture_on_commit_callbacks(execute=True):
        sender.tell(conversation_news("delete"))

    assert not Attachment.objects.exists() and not MediaFetch.objects.exists()
    assert not [path for path in folder.rglob("*") if path.is_file()]
    sender.tell(message(id="3", at="2026-02-13T08:02:00Z", contact_message={"media_message": {"url": f"{host.url}/c"}}))
    assert not MediaFetch.objects.exists()


def test_a_redaction_takes_the_file_of_the_original_away(sender: Sender, host: MediaHost) -> None:
    original = with_media(host.keeps("/a", PNG))
    sender.tell(original)
    fetch_all()

    sender.tell({"message_redaction": original["message"] | {"contact_message": {"text_message": {"text": "{FILE}"}}}})

    assert not Attachment.objects.exclude(message=None).exists()


def test_neither_address_nor_name_nor_bytes_are_in_a_log(
    sender: Sender, host: MediaHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sender.tell(
        with_media(host.keeps("/CANARY1?sig=CANARY2", b"CANARY3 text"), filename_override="CANARY4.txt"),
        message(id="2", contact_message={"media_message": {"url": f"{host.url}/CANARY5"}}),
    )

    fetch_all()

    assert Attachment.objects.count() == MediaFetch.objects.dead_letters().count() == 1
    assert [
        line.name for line in caplog.records if "CANARY" in line.getMessage() and line.levelno > logging.DEBUG
    ] == []
    assert "CANARY" not in str(list(MediaFetch.objects.values()))
