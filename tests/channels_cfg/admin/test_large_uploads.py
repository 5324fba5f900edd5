"""Large files with settings: read by a worker, with a page that tells how far it is, and then the same preview."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from channels_cfg import jobs
from channels_cfg.configuration_file import waiting
from channels_cfg.models import AttachedKey, PlannedRecord, User, WaitingUpload
from channels_cfg.tasks import delete_expired_uploads
from tests.factories import UserFactory

FILE = reverse("admin:configuration_file")
IMPORT_KEYS = reverse("admin:channels_cfg_attachedkey_changelist") + "import/"
KEYS = "keepsake_configuration: 1\nkeys:\n- {name: orderId}\n- {name: tier}\n"


@pytest.fixture(autouse=True)
def all_are_large(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.UPLOAD_READ_AT_ONCE = 20
    monkeypatch.setattr(jobs.Progress, "seconds", 0.0)


def send(browser: Client, content: str | bytes, *, to: str = FILE, name: str = "all.yaml") -> str:
    """The address of its preview."""
    file = SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode())
    return str(browser.post(to, {"file": file})["Location"])


def worked_on() -> WaitingUpload:
    upload = WaitingUpload.objects.get()
    jobs.work_on(WaitingUpload, upload.pk)
    upload.refresh_from_db()
    return upload


def shown(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def test_a_large_file_is_read_by_a_worker_and_then_shown_as_a_small_one_is(browser: Client, settings: Any):
    address = send(browser, KEYS)
    progress = reverse("admin:upload_progress", args=[WaitingUpload.objects.get().pk])
    assert "The file is being read" in shown(browser, address)
    assert "Waiting for a worker" in shown(browser, progress)
    assert "being read" in shown(browser, FILE)
    browser.post(address)
    assert not AttachedKey.objects.exists()

    worked_on()
    large = shown(browser, address)
    settings.UPLOAD_READ_AT_ONCE = 1000
    small = shown(browser, send(browser, KEYS))

    assert browser.get(progress)["HX-Refresh"] == "true"
    assert part_that_tells(large) == part_that_tells(small) != ""
    browser.post(address)
    assert {key.name for key in AttachedKey.objects.all()} == {"orderId", "tier"}


def part_that_tells(page: str) -> str:
    return page.partition('<nav class="outcomes"')[2].partition("</ol>")[0]


@pytest.mark.parametrize(
    ("content", "where"), [(KEYS + "- {name: [", "This is not YAML"), (KEYS + "- {name: 2nd}\n", "line 5, column 10")]
)
def test_a_large_file_that_cannot_be_used_says_where_and_why(browser: Client, content: str, where: str):
    address = send(browser, content)
    worked_on()

    page = shown(browser, address)

    assert "The file is refused" in page
    assert where in page
    browser.post(address, {"discard": "yes"})
    assert not WaitingUpload.objects.exists()


def test_what_counts_of_a_workbook_is_its_unpacked_size(browser: Client, settings: Any):
    book = openpyxl.Workbook()
    for row in [["name"], *([f"key{number}"] for number in range(200))]:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    settings.UPLOAD_READ_AT_ONCE = len(packed.getvalue()) + 1

    address = send(browser, packed.getvalue(), to=IMPORT_KEYS, name="keys.xlsx")
    upload = WaitingUpload.objects.get()
    worked_on()

    assert not upload.is_ready
    assert "Key “key0”" in shown(browser, address)


def test_how_far_it_is_is_told_while_it_is_read(browser: Client, monkeypatch: pytest.MonkeyPatch):
    told: list[int] = []
    note = jobs.note

    def listen(job: Any, **facts: Any) -> None:
        told.append(facts["percent"])
        note(job, **facts)

    monkeypatch.setattr(jobs, "note", listen)
    rows = "".join(f"- {{name: key{number}}}\n" for number in range(400))
    send(browser, f"keepsake_configuration: 1\nkeys:\n{rows}")

    worked_on()

    assert told == sorted(told)
    assert told[0] < 50 and told[-1] == 100 and len(set(told)) > 50


def test_cancelling_stops_the_reading_and_leaves_nothing(browser: Client, monkeypatch: pytest.MonkeyPatch):
    address = send(browser, KEYS)
    plan_again = waiting.plan_again

    def cancel_meanwhile(*args: Any, **named: Any) -> Any:
        browser.post(address, {"discard": "yes"})
        return plan_again(*args, **named)

    monkeypatch.setattr(waiting, "plan_again", cancel_meanwhile)
    jobs.work_on(WaitingUpload, WaitingUpload.objects.get().pk)

    assert not WaitingUpload.objects.exists()
    assert not PlannedRecord.objects.exists()
    assert browser.get(address).status_code == 404


def test_a_worker_that_dies_is_followed_by_another_and_three_deaths_are_told(browser: Client):
    address = send(browser, KEYS)

    def die() -> None:
        assert WaitingUpload.objects.claim(WaitingUpload.objects.get().pk, now=timezone.now())
        WaitingUpload.objects.update(held_until=timezone.now() - timedelta(seconds=1))

    die()
    assert worked_on().is_ready
    WaitingUpload.objects.update(state="waiting", finished_at=None)
    for _death in range(WaitingUpload.most_interruptions):
        die()
    upload = worked_on()

    assert (upload.state, upload.content) == ("failed", b"")
    assert "Its worker was interrupted" in shown(browser, address)


def test_only_its_sender_sees_how_far_it_is_and_after_an_hour_it_is_gone(browser: Client, configurator: User):
    address = send(browser, KEYS)
    other = Client()
    other.force_login(UserFactory(is_superuser=True, is_staff=True))
    progress = reverse("admin:upload_progress", args=[WaitingUpload.objects.get().pk])

    assert other.get(address).status_code == 404
    assert other.get(progress)["HX-Refresh"] == "true"
    WaitingUpload.objects.update(uploaded_at=timezone.now() - timedelta(minutes=61))
    assert browser.get(address).status_code == 404
    delete_expired_uploads()
    assert not WaitingUpload.objects.exists()


@pytest.mark.parametrize("size", [20, 10_000], ids=["large", "small"])
def test_a_secret_that_stands_in_a_file_by_mistake_lies_nowhere_in_plain(
    browser: Client, settings: Any, size: int, caplog: pytest.LogCaptureFixture
):
    settings.UPLOAD_READ_AT_ONCE = size
    file = "keepsake_configuration: 1\nmessaging_services:\n- {name: W, webhook_secrets: [{secret: hush-4711}]}\n"

    address = send(browser, file)
    upload = worked_on()

    assert bytes(upload.content) == file.encode()
    assert "hush-4711" not in everything_stored() + shown(browser, address) + caplog.text


def everything_stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(content, 'escape'), upload::text, record::text FROM channels_cfg_waitingupload upload "
            "LEFT JOIN channels_cfg_plannedrecord record ON record.upload_id = upload.id"
        )
        return str(cursor.fetchall())


def test_a_worker_speaks_the_language_of_the_sender(browser: Client, monkeypatch: pytest.MonkeyPatch):
    spoken: list[str] = []
    send(browser, KEYS)
    WaitingUpload.objects.update(language="fi")

    def listen(plan: Any, upload: WaitingUpload) -> None:
        spoken.append(translation.get_language() or "")

    monkeypatch.setattr(waiting, "_show", listen)
    worked_on()

    assert spoken == ["fi"]
