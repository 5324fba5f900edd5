"""Conversations whose files are delivered to folders, and what lies there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination, Queue, SystemSettings
from conversations.models import Conversation
from conversations.sessions import tell_facts
from reporting.models import DailyManifest, FileDelivery
from reporting.session_metadata.planning import plan_deliveries
from tests.factories import MetadataDestinationFactory, UserFactory
from tests.reporting.stories import served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When conversations are received; they end five minutes later."""
ENDED = NOON + timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
DUE = ENDED + 15 * MINUTE


def folder_used_by_all(folder: Path, **facts: Any) -> MetadataDestination:
    """A destination that the system settings name."""
    folder.mkdir(exist_ok=True)
    destination = MetadataDestinationFactory(folder=str(folder), **facts)
    system = SystemSettings.load()
    system.metadata_destinations = [*system.metadata_destinations, destination.name]
    system.save()
    return destination


def chat(queue: Queue, **facts: Any) -> Conversation:
    return served(queue, received_at=facts.pop("received_at", NOON), **facts)


def rate(conversation: Conversation, rating: int, *, at: datetime) -> None:
    tell_facts(conversation.pk, {"rating": rating}, by=UserFactory(), now=at)


def plan(at: datetime) -> int:
    return plan_deliveries(now=at)


def work(at: datetime) -> None:
    """Deliver what is due at this moment."""
    with time_machine.travel(at, tick=False):
        kind = jobs.kind_of(FileDelivery)
        while jobs.work_on_handful(kind):
            pass


def write_manifests(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        for pk in DailyManifest.objects.waiting(now=at).values_list("pk", flat=True):
            jobs.work_on(DailyManifest, pk)


def delivered_by(at: datetime) -> FileDelivery:
    """The only delivery, after everything that is due was planned and delivered."""
    plan(at)
    work(at)
    return FileDelivery.objects.get()


def file_of(conversation: Conversation, folder: Path) -> Path:
    kind = "call" if conversation.channel.kind == "voice" else "chat"
    return folder / "metadata" / f"{kind}-{conversation.number}.json"


def document_of(conversation: Conversation, folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file_of(conversation, folder).read_text())
    return document
