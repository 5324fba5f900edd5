"""Each destination has a manifest of each day, which lists the files that lie there."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from channels_cfg.models import MetadataDestination
from reporting.models import DailyManifest
from tests.reporting.session_metadata.deliveries import (
    DUE,
    MINUTE,
    NOON,
    chat,
    delivered_by,
    file_of,
    plan,
    rate,
    work,
    write_manifests,
)

pytestmark = pytest.mark.django_db
WRITTEN = DUE + MINUTE


def lines(folder: Path, day: str = "2026-03-02") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifests" / f"{day}.jsonl").read_text().splitlines()]


def test_a_manifest_lists_the_files_of_the_day_a_minute_after_the_first(chats, folder, destination):
    conversation = chat(chats)
    delivery = delivered_by(DUE)
    write_manifests(DUE + timedelta(seconds=59))
    assert not (folder / "manifests").exists()

    write_manifests(WRITTEN)

    assert lines(folder) == [
        {
            "name": f"metadata/chat-{conversation.number}.json",
            "sha256": hashlib.sha256(file_of(conversation, folder).read_bytes()).hexdigest(),
            "size": delivery.size,
            "id": str(conversation.pk),
            "number": conversation.number,
            "revision": 1,
            "delivered_at": "2026-03-02T12:20:00.000+00:00",
        }
    ]
    manifest = DailyManifest.objects.get()
    assert (manifest.state, manifest.files, manifest.made_at) == ("done", 1, WRITTEN)


def test_a_later_delivery_is_in_the_manifest_of_the_day_on_which_its_conversation_ended(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)
    write_manifests(WRITTEN)
    rate(conversation, 5, at=DUE + timedelta(days=3))
    delivered_by(DUE + timedelta(days=3))
    write_manifests(WRITTEN + timedelta(days=3))

    assert [line["revision"] for line in lines(folder)] == [2]
    assert not (folder / "manifests" / "2026-03-05.jsonl").exists()


def test_each_day_has_its_own(chats, folder, destination):
    for days in (0, 1):
        chat(chats, received_at=NOON + timedelta(days=days))
    plan(DUE + timedelta(days=1))
    work(DUE + timedelta(days=1))
    write_manifests(WRITTEN + timedelta(days=1))

    assert [len(lines(folder, day)) for day in ("2026-03-02", "2026-03-03")] == [1, 1]


def test_what_is_delivered_while_it_is_written_makes_it_due_again(chats, folder, destination, monkeypatch):
    from reporting.session_metadata import manifests

    chat(chats)
    delivered_by(DUE)
    line = manifests.line

    def delivered_meanwhile(row: Any) -> str:
        chat(chats)
        plan(DUE)
        work(DUE + timedelta(seconds=30))
        monkeypatch.setattr(manifests, "line", line)
        return line(row)

    monkeypatch.setattr(manifests, "line", delivered_meanwhile)
    write_manifests(WRITTEN)
    assert DailyManifest.objects.get().held_until == WRITTEN + MINUTE

    write_manifests(WRITTEN + MINUTE)
    assert len(lines(folder)) == 2
    assert DailyManifest.objects.get().state == "done"


def test_a_manifest_waits_for_a_destination_that_cannot_be_reached(chats, folder, destination):
    chat(chats)
    delivered_by(DUE)
    MetadataDestination.objects.update(folder=str(folder / "away"))
    write_manifests(WRITTEN)
    waiting = DailyManifest.objects.get()
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    assert "no folder" in waiting.reason

    (folder / "away").mkdir()
    write_manifests(WRITTEN + 60 * MINUTE)

    assert len(lines(folder / "away")) == 1


def test_where_a_file_of_that_name_is_not_ours_it_is_parked(chats, folder, destination):
    chat(chats)
    delivered_by(DUE)
    (folder / "manifests").mkdir()
    (folder / "manifests" / "2026-03-02.jsonl").write_text("not ours")

    write_manifests(WRITTEN)

    assert DailyManifest.objects.get().state == "failed"
    assert (folder / "manifests" / "2026-03-02.jsonl").read_text() == "not ours"
