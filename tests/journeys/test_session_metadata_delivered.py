"""Session metadata from the doors to the folder: of a chat and a call, rated late, and erased; and from killed workers.

``DELIVERED_FILES`` and ``DELIVERY_KILLS`` set the size of the second: 5,000 and 50 is the full one.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db.models import F
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from channels_cfg.models import QUEUE_RIGHTS, Channel, Queue, SystemSettings
from config.schedule import ensure_schedule
from conversations.models import Conversation, SessionMetadataChange
from reporting.models import DailyManifest, FileDelivery
from reporting.session_metadata.folder_check import check_folder
from reporting.session_metadata.planning import plan_deliveries
from tests.bench.dataset import fill
from tests.factories import (
    ApiKeyFactory,
    ChannelFactory,
    MessagingServiceFactory,
    QueueFactory,
    UserFactory,
    WebhookSecretFactory,
    grant,
)
from tests.journeys.conftest import Portal, eventually, killed_workers
from tests.reporting.session_metadata.deliveries import file_of, folder_used_by_all

FILES = int(os.environ.get("DELIVERED_FILES", 1000))
KILLS = int(os.environ.get("DELIVERY_KILLS", 10))


@pytest.fixture
def folder(transactional_db: None, tmp_path: Path) -> Path:
    """To which everything is delivered as soon as it has ended."""
    folder_used_by_all(tmp_path / "files")
    SystemSettings.objects.update(session_metadata_minutes=0)
    return tmp_path / "files"


def client_of(portal: Portal, queue: Queue) -> httpx.Client:
    program = grant(UserFactory(is_api_client=True), *QUEUE_RIGHTS, on=queue)
    return portal.with_key(ApiKeyFactory(user=program).text)


def a_call_ends(client: httpx.Client, queue: Queue) -> Conversation:
    call = client.post("/api/v1/calls", json={"call_id": uuid.uuid4().hex, "queue": queue.name}).json()
    for action in ("accept", "end", "handle"):
        assert client.post(f"/api/v1/calls/{call['id']}/{action}", json={}).status_code == 200
    return Conversation.objects.get(pk=call["id"])


def a_chat_ends(client: httpx.Client) -> Conversation:
    waiting = eventually(lambda: client.get("/api/v1/conversations", params={"state": "queued"}).json()["results"])
    address = f"/api/v1/conversations/{waiting[0]['id']}"
    for action in ("accept", "end", "handle"):
        assert client.post(f"{address}/{action}").status_code == 200
    return Conversation.objects.get(pk=waiting[0]["id"])


def planned_every_second(portal: Portal) -> None:
    ensure_schedule()
    often, _is_new = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task="reporting.tasks.plan_deliveries").update(interval=often)
    portal.start("beat", "celery", "-A", "config", "beat", "--pidfile=")


def soon(condition: Callable[[], Any]) -> None:
    """Wait until the condition holds. Minutes pass quickly meanwhile, for what may happen once a minute."""

    def holds() -> Any:
        a_minute_passes()
        return condition()

    eventually(holds)


def a_minute_passes() -> None:
    earlier = {name: F(name) - timedelta(minutes=1) for name in ("delivered_at", "held_until")}
    FileDelivery.objects.filter(holder=None).update(**earlier)


def told_in(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.exists() else {}


@pytest.mark.timeout(240)
def test_files_of_a_chat_and_a_call_lie_in_the_folder_and_follow_what_changes(portal: Portal, folder: Path):
    service = MessagingServiceFactory(queue=QueueFactory(channel=ChannelFactory(kind=Channel.Kind.CHAT)))
    WebhookSecretFactory(service=service)
    phone = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.VOICE))
    chats, calls = client_of(portal, service.queue), client_of(portal, phone)
    planned_every_second(portal)

    thread = uuid.uuid4().hex[:26].upper()
    assert portal.customer_writes(service, "Hello", conversation=thread).status_code == 200
    chat, call = a_chat_ends(chats), a_call_ends(calls, phone)
    files = [file_of(one, folder) for one in (chat, call)]
    eventually(lambda: all(file.exists() for file in files))
    assert [told_in(file)["id"] for file in files] == [chat.number, call.number]

    for client, one in ((chats, chat), (calls, call)):
        address = f"/api/v1/conversations/{one.pk}/session"
        assert client.patch(address, json={"rating": 5, "feedback": "Thanks from Maija"}).status_code == 200
    soon(lambda: [told_in(file).get("rating") for file in files] == [5, 5])
    assert "Maija" in files[0].read_text()

    deleted = {
        "app_id": service.app_id,
        "accepted_time": timezone.now().isoformat(),
        "event_time": timezone.now().isoformat(),
        "project_id": service.project_id,
        "conversation_delete_notification": {"conversation": {"id": thread}},
    }
    assert portal.deliver(service, deleted).status_code == 200
    soon(lambda: "Maija" not in files[0].read_text())
    assert "Maija" in files[1].read_text()

    DailyManifest.objects.update(held_until=timezone.now())
    eventually(lambda: len(list(folder.glob("manifests/*.jsonl"))) > 0)
    listed = [json.loads(line) for file in folder.glob("manifests/*.jsonl") for line in file.read_text().splitlines()]
    assert sorted(line["number"] for line in listed) == sorted([chat.number, call.number])
    assert portal.manage("check_session_metadata", str(folder), "--ours").startswith("Files: 2. Not good: 0.")
    assert "canary" not in (portal.var_dir / "worker.log").read_text()


@pytest.mark.timeout(600)
def test_each_file_is_there_once_and_whole_whichever_worker_is_killed(folder: Path, tmp_path: Path):
    fill(FILES)
    sessions = {("chat", number) for number in Conversation.objects.values_list("number", flat=True)}
    ask_for_all()

    with killed_workers(KILLS, tmp_path, kinds=[FileDelivery]):
        eventually(lambda: not FileDelivery.objects.unfinished().exists(), within=300)

    assert set(FileDelivery.objects.values_list("state", "revision")) == {("done", 1)}
    checked = list(check_folder(folder, as_producer=True))
    assert [file for file in checked if not file.is_good] == []
    assert len(checked) == FILES and {file.session for file in checked} == sessions
    digests = dict(FileDelivery.objects.values_list("name", "sha256"))
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in digests} == digests
    interrupted = FileDelivery.objects.filter(attempts__gt=1).count()
    print(interrupted, "deliveries were taken over from a worker that died")
    assert interrupted


def ask_for_all() -> None:
    """Every conversation that ended is news."""
    news = [SessionMetadataChange(conversation_id=pk, made_at=timezone.now()) for pk in ended_ones()]
    SessionMetadataChange.objects.bulk_create(news)
    plan_deliveries(now=timezone.now())


def ended_ones() -> list[uuid.UUID]:
    return list(Conversation.objects.ended().values_list("pk", flat=True))
