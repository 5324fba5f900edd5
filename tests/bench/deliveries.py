"""Deliveries of session metadata to a folder, and the same bytes written as files."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from django.db import connection
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination, SystemSettings
from reporting.models import DailyManifest, FileDelivery
from reporting.session_metadata.planning import plan_deliveries
from tests.bench.dataset import vacuum
from tests.bench.sessions import ended_chats

FILES = 10_000


def prepared(folder: Path) -> list[uuid.UUID]:
    """Ended chats whose files the settings deliver to the folder; ids."""
    folder.mkdir()
    destination = MetadataDestination.objects.create(name="Folder", folder=str(folder))
    system = SystemSettings.load()
    system.metadata_destinations = [destination.name]
    system.save()
    return ended_chats(FILES)


def forget(chats: Sequence[uuid.UUID]) -> None:
    """Nothing was delivered, and all of it is news."""
    FileDelivery.objects.all().delete()
    DailyManifest.objects.all().delete()
    for destination in MetadataDestination.objects.all():
        shutil.rmtree(destination.folder)
        Path(destination.folder).mkdir()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE conversations_sessionmetadatachange")
        cursor.execute(
            "INSERT INTO conversations_sessionmetadatachange (conversation_id, made_at) "
            "SELECT unnest(%s::uuid[]), now()",
            [list(chats)],
        )
    vacuum()


def deliver(chats: Sequence[uuid.UUID]) -> None:
    """From the news to the last file, in one worker."""
    plan_deliveries(now=timezone.now())
    while jobs.work_on_handful(jobs.kind_of(FileDelivery)):
        pass
    assert FileDelivery.objects.filter(state=FileDelivery.State.DONE).count() == len(chats)


def contents(folder: Path, expected: int) -> dict[str, bytes]:
    """What lies there, by name."""
    found = {file.name: file.read_bytes() for file in folder.rglob("*.json")}
    assert len(found) == expected
    return found


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Each to the disk beside its place, then into it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in contents.items():
        draft = folder / f"{name}.part"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
