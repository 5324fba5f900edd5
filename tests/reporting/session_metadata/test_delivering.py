"""Files of session metadata are delivered when they are due, and again when something changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels_cfg import jobs
from channels_cfg.metadata_destinations.folder import FolderStore
from channels_cfg.metadata_destinations.store import MetadataFile
from channels_cfg.models import Channel, MetadataDestination, SystemSettings
from conversations import lifecycle
from conversations.models import Conversation, SessionMetadataChange
from conversations.sessions import erase_facts, tell_facts
from reporting.models import DeliveryPause, FileDelivery
from reporting.session_metadata import delivering, planning
from reporting.session_metadata.finishing import Outcome
from tests.factories import ChannelFactory, QueueFactory, UserFactory
from tests.reporting.session_metadata.deliveries import (
    DUE,
    ENDED,
    MINUTE,
    NOON,
    chat,
    delivered_by,
    document_of,
    file_of,
    folder_used_by_all,
    plan,
    rate,
    work,
)
from tests.reporting.stories import abandoned

pytestmark = pytest.mark.django_db

# When


def test_a_file_is_delivered_a_quarter_of_an_hour_after_the_end_and_not_before(chats, folder, destination):
    conversation = chat(chats)

    waiting = delivered_by(ENDED + MINUTE)
    assert (waiting.state, waiting.due_at, waiting.held_until) == ("waiting", DUE, DUE)
    assert not file_of(conversation, folder).exists()

    done = delivered_by(DUE)
    content = file_of(conversation, folder).read_bytes()
    assert (done.state, done.revision, done.delivered_at, done.finished_at) == ("done", 1, DUE, DUE)
    assert (done.sha256, done.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert json.loads(content)["id"] == conversation.number
    assert (done.changed_at, done.forced_at, done.holder) == (None, None, None)


def test_abandoned_ones_and_calls_are_delivered_and_other_kinds_are_not(chats, folder, destination):
    calls = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.VOICE))
    mails = QueueFactory(channel=ChannelFactory(kind=Channel.Kind.EMAIL))
    sessions = {abandoned(chats, received_at=NOON).pk, chat(calls).pk}
    chat(mails)

    plan(DUE)
    work(DUE)

    assert set(FileDelivery.objects.values_list("conversation", flat=True)) == sessions
    assert not SessionMetadataChange.objects.exists()
    assert len(list(folder.glob("metadata/*.json"))) == 2


def test_a_change_is_delivered_over_the_old_file_but_not_within_a_minute(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)
    rate(conversation, 4, at=DUE + timedelta(seconds=10))

    waiting = delivered_by(DUE + timedelta(seconds=20))
    assert (waiting.state, waiting.due_at) == ("waiting", DUE + MINUTE)
    done = delivered_by(DUE + MINUTE)

    assert (done.state, done.revision) == ("done", 2)
    assert document_of(conversation, folder)["rating"] == 4
    assert len(list(folder.glob("metadata/*"))) == 1


def test_what_is_still_to_come_does_not_become_due_earlier_by_a_change(chats, destination):
    conversation = chat(chats)
    plan(ENDED)
    rate(conversation, 4, at=ENDED + MINUTE)

    assert delivered_by(ENDED + 2 * MINUTE).due_at == DUE


def test_unchanged_content_is_marked_and_not_sent_again(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)
    file_of(conversation, folder).unlink()
    SessionMetadataChange.objects.create(conversation=conversation, made_at=DUE)

    done = delivered_by(DUE + 2 * MINUTE)

    assert (done.state, done.revision, done.delivered_at) == ("unchanged", 1, DUE)
    assert not file_of(conversation, folder).exists()


def test_a_change_that_comes_while_it_is_delivered_is_delivered_a_minute_later(chats, folder, destination, monkeypatch):
    conversation = chat(chats)
    prepared = delivering._prepared

    def changed_meanwhile(*asked: Any) -> Any:
        ready = list(prepared(*asked))
        rate(conversation, 5, at=DUE)
        plan(DUE + timedelta(seconds=1))
        return ready

    with monkeypatch.context() as patched:
        patched.setattr(delivering, "_prepared", changed_meanwhile)
        first = delivered_by(DUE)
    assert (first.state, first.revision, first.due_at) == ("waiting", 1, DUE + MINUTE)
    assert document_of(conversation, folder)["rating"] is None

    again = delivered_by(DUE + MINUTE)
    assert (again.state, again.revision) == ("done", 2)
    assert document_of(conversation, folder)["rating"] == 5


def test_a_change_that_is_told_while_news_are_planned_is_not_lost(chats, folder, destination, monkeypatch):
    """What the first batch planned is taken at once, and built before the second batch brings the rating."""
    conversation = chat(chats)
    plan_batch, prepared = planning._plan_batch, delivering._prepared
    batches: list[datetime] = []

    def worked_between(now: datetime) -> int | None:
        batches.append(now)
        if len(batches) != 2:
            return plan_batch(now)
        held = FileDelivery.objects.claim_handful(9, now=DUE)
        ready = list(prepared(held, destination))
        rate(conversation, 5, at=DUE)
        planned = plan_batch(now)
        patched.setattr(delivering, "_prepared", lambda *_: ready)
        delivering.deliver(held)
        return planned

    with monkeypatch.context() as patched, time_machine.travel(DUE, tick=False):
        patched.setattr(planning, "_plan_batch", worked_between)
        plan(DUE)
    work(DUE + MINUTE)

    assert document_of(conversation, folder)["rating"] == 5


# Copies follow


def test_what_is_erased_is_erased_in_the_copies_too(chats, folder, destination):
    conversation = chat(chats)
    tell_facts(conversation.pk, {"feedback": "canary"}, by=UserFactory(), now=ENDED)
    delivered_by(DUE)
    assert document_of(conversation, folder)["feedback"] == "canary"

    erase_facts(Conversation.objects.filter(pk=conversation.pk), now=DUE)
    delivered_by(DUE + 2 * MINUTE)

    assert "canary" not in file_of(conversation, folder).read_text()


def test_a_copy_follows_where_the_settings_no_longer_name_its_destination(chats, folder, destination, tmp_path):
    conversation = chat(chats)
    delivered_by(DUE)
    SystemSettings.objects.update(metadata_destinations=[])
    other = folder_used_by_all(tmp_path / "other")
    rate(conversation, 1, at=DUE)

    plan(DUE + 2 * MINUTE)
    work(DUE + 2 * MINUTE)

    assert document_of(conversation, folder)["rating"] == 1
    assert document_of(conversation, Path(other.folder))["rating"] == 1


def test_a_file_keeps_its_name_when_the_template_changes(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)
    MetadataDestination.objects.update(file_name="{id}.json")
    rate(conversation, 2, at=DUE)

    delivered_by(DUE + 2 * MINUTE)

    assert document_of(conversation, folder)["rating"] == 2
    assert not (folder / f"{conversation.pk}.json").exists()


# What goes wrong


def test_one_file_that_fails_as_nobody_foresaw_takes_no_other_with_it(chats, folder, destination, monkeypatch):
    bad, good = chat(chats), chat(chats)
    put = FolderStore.put

    def put_or_fail(store: FolderStore, file: MetadataFile) -> None:
        if file.facts.id == str(bad.pk):
            raise ValueError("canary")
        put(store, file)

    monkeypatch.setattr(FolderStore, "put", put_or_fail)
    plan(DUE)
    work(DUE)

    waiting = FileDelivery.objects.get(conversation=bad)
    assert (waiting.state, waiting.reason) == ("waiting", "The file cannot be put (ValueError).")
    assert FileDelivery.objects.get(conversation=good).state == "done"
    assert not DeliveryPause.objects.exists()


def test_what_is_refused_is_parked_with_the_reason_until_somebody_sends_it_again(chats, folder, destination):
    conversation = chat(chats)
    file_of(conversation, folder).parent.mkdir(parents=True)
    file_of(conversation, folder).write_text("not ours")

    parked = delivered_by(DUE)
    assert (parked.state, parked.is_our_error, parked.revision) == ("failed", False, 0)
    assert parked.reason
    assert file_of(conversation, folder).read_text() == "not ours"

    file_of(conversation, folder).unlink()
    with time_machine.travel(DUE + 60 * MINUTE, tick=False):
        assert FileDelivery.objects.try_again() == 1
    assert delivered_by(DUE + 60 * MINUTE).state == "done"
    assert document_of(conversation, folder)["id"] == conversation.number


def test_sending_again_sends_what_has_not_changed(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)
    file_of(conversation, folder).unlink()
    with time_machine.travel(DUE, tick=False):
        FileDelivery.objects.try_again()

    assert (delivered_by(DUE).revision, file_of(conversation, folder).exists()) == (2, True)


def test_a_document_that_does_not_fit_the_schema_is_parked_as_an_error_of_ours(chats, folder, destination, monkeypatch):
    conversation = chat(chats)
    build = delivering.session_metadata
    monkeypatch.setattr(delivering, "session_metadata", lambda stored: build(stored) | {"rating": "canary"})

    parked = delivered_by(DUE)

    assert (parked.state, parked.is_our_error) == ("failed", True)
    assert parked.reason.startswith("The document does not fit the schema: ") and "rating: breaks" in parked.reason
    assert "canary" not in parked.reason
    assert not file_of(conversation, folder).exists()


def test_one_document_that_cannot_be_made_takes_no_other_with_it(chats, folder, destination, monkeypatch):
    bad, good = chat(chats), chat(chats)
    build = delivering.session_metadata

    def build_or_fail(stored: Any) -> Any:
        if stored.conversation.pk == bad.pk:
            raise ValueError("canary")
        return build(stored)

    monkeypatch.setattr(delivering, "session_metadata", build_or_fail)
    plan(DUE)
    work(DUE)

    parked = FileDelivery.objects.get(conversation=bad)
    assert (parked.state, parked.is_our_error, parked.reason) == (
        "failed",
        True,
        "The document cannot be made (ValueError).",
    )
    assert FileDelivery.objects.get(conversation=good).state == "done"


def test_what_cannot_be_reached_is_tried_again_and_nothing_is_lost_or_doubled(chats, folder, destination):
    conversations = [chat(chats) for _ in range(3)]
    folder.rmdir()

    plan(DUE)
    work(DUE)
    tried, *others = FileDelivery.objects.order_by("attempts", "pk").reverse()
    assert (tried.attempts, tried.state) == (1, "waiting")
    assert "no folder" in tried.reason
    assert [(one.attempts, one.state, one.holder) for one in others] == [(0, "waiting", None)] * 2
    pause = DeliveryPause.objects.get()
    assert DUE < pause.until < DUE + 10 * timedelta(seconds=1)

    folder.mkdir()
    work(DUE + timedelta(seconds=1))  # it is left alone still
    assert not list(folder.iterdir())
    work(DUE + MINUTE)

    assert not DeliveryPause.objects.exists()
    assert [one.revision for one in FileDelivery.objects.all()] == [1, 1, 1]
    assert all(document_of(one, folder)["id"] == one.number for one in conversations)


def test_what_cannot_be_reached_for_a_day_is_parked(chats, folder, destination):
    chat(chats)
    folder.rmdir()
    at = DUE
    plan(at)
    for _ in range(200):
        work(at)
        delivery = FileDelivery.objects.get()
        if delivery.finished_at:
            break
        at = max(delivery.held_until, DeliveryPause.objects.get().until)

    assert delivery.state == "failed"
    assert timedelta(hours=23) < delivery.finished_at - DUE < timedelta(hours=40)
    assert "no folder" in delivery.reason


def test_a_destination_that_is_down_does_not_hold_back_another(chats, folder, destination, tmp_path):
    other = folder_used_by_all(tmp_path / "other")
    conversations = [chat(chats) for _ in range(3)]
    folder.rmdir()

    plan(DUE)
    work(DUE)

    assert all(file_of(one, Path(other.folder)).exists() for one in conversations)


def test_what_goes_to_a_destination_that_is_switched_off_waits(chats, folder, destination):
    conversation = chat(chats)
    MetadataDestination.objects.update(is_active=False)
    assert delivered_by(DUE).state == "waiting"

    MetadataDestination.objects.update(is_active=True)
    assert delivered_by(DUE + 100 * MINUTE).state == "done"
    assert file_of(conversation, folder).exists()


def test_what_is_left_of_a_handful_when_its_time_is_over_goes_back_untried(chats, folder, destination, monkeypatch):
    conversations = [chat(chats) for _ in range(3)]
    monkeypatch.setattr(delivering, "LONGEST_TURN", -1)
    plan(DUE)

    with time_machine.travel(DUE, tick=False):
        jobs.work_on_handful(jobs.kind_of(FileDelivery))
    assert sorted(FileDelivery.objects.values_list("state", "attempts")) == [
        ("done", 1),
        ("waiting", 0),
        ("waiting", 0),
    ]

    work(DUE)
    assert all(file_of(one, folder).exists() for one in conversations)


def test_a_worker_that_lost_its_claim_writes_nothing_down(chats, folder, destination, monkeypatch):
    chat(chats)
    finish = delivering.finish

    def taken_over(*outcomes: Any, **facts: Any) -> None:
        FileDelivery.objects.update(holder="5e0c1cf4-4f0f-4f0c-a7c5-0f8c1b1a7b11")
        finish(*outcomes, **facts)

    monkeypatch.setattr(delivering, "finish", taken_over)

    held = delivered_by(DUE)
    assert (held.state, held.revision, held.finished_at) == ("waiting", 0, None)


def test_what_a_worker_put_before_it_died_is_overwritten_also_when_the_template_is_another(
    chats, folder, destination, monkeypatch
):
    conversation = chat(chats)

    def died(outcomes: Sequence[Outcome], **_facts: Any) -> None:
        if outcomes:
            raise SystemExit

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr(delivering, "finish", died)
        delivered_by(DUE)
    put = file_of(conversation, folder)
    assert put.exists()
    destination.file_name = "other/{id}.json"
    destination.save()
    FileDelivery.objects.update(holder=None, held_until=DUE)
    rate(conversation, 5, at=DUE)

    assert delivered_by(DUE + MINUTE).name == f"metadata/chat-{conversation.number}.json"
    assert json.loads(put.read_text())["rating"] == 5
    assert not (folder / "other").exists()


def test_a_name_that_is_refused_is_not_kept_so_that_another_template_mends_it(chats, folder, destination):
    conversation = chat(chats)
    in_the_way = file_of(conversation, folder)
    in_the_way.parent.mkdir()
    in_the_way.write_text("somebody else's")
    plan(DUE)
    work(DUE)
    destination.file_name = "other/{id}.json"
    destination.save()
    with time_machine.travel(DUE, tick=False):
        FileDelivery.objects.all().try_again()

    assert delivered_by(DUE + MINUTE).state == "done"
    assert (folder / "other" / f"{conversation.pk}.json").exists()


# What is deleted


def test_deliveries_outlive_their_destination_and_what_waited_is_given_up(chats, folder, destination):
    delivered, waiting = chat(chats), chat(chats)
    plan(DUE)
    work(DUE)
    FileDelivery.objects.filter(conversation=waiting).update(state="waiting", finished_at=None, held_until=DUE)
    SystemSettings.objects.update(metadata_destinations=[])
    destination.delete()

    plan(DUE + MINUTE)

    assert FileDelivery.objects.get(conversation=delivered).state == "done"
    given_up = FileDelivery.objects.get(conversation=waiting)
    assert (given_up.state, given_up.reason) == ("failed", "Its destination was deleted.")
    assert given_up.destination_name == destination.name
    assert FileDelivery.objects.try_again() == 0


def test_a_conversation_that_is_deleted_takes_its_deliveries_with_it(chats, folder, destination):
    conversation = chat(chats)
    delivered_by(DUE)

    conversation.delete()

    assert not FileDelivery.objects.exists()
    assert file_of(conversation, folder).exists()


def test_planning_and_delivering_take_as_many_queries_for_many_as_for_few(chats, folder, destination):
    asked = []
    for count in (1, 12):
        for _ in range(count):
            chat(chats)
        with CaptureQueriesContext(connection) as planning:
            plan(DUE)
        with CaptureQueriesContext(connection) as working:
            work(DUE)
        asked.append((len(planning), len(working)))

    assert FileDelivery.objects.filter(state="done").count() == 13
    assert asked[0] == asked[1]


def test_one_that_was_in_wrap_up_is_delivered_and_again_once_it_is_handled(chats, folder, destination):
    agent = UserFactory()
    conversation = chat(chats, handled=False, agent=agent)
    delivered_by(DUE)
    lifecycle.handle(conversation.pk, by=agent, now=DUE + MINUTE)

    done = delivered_by(DUE + 2 * MINUTE)

    assert (done.state, done.revision) == ("done", 2)
    assert document_of(conversation, folder)["handle_durations"][-1]["acw_duration"] == 16 * 60
