"""The files of a period are delivered once more, and what is not delivered yet can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination
from reporting.models import DeliveryRebuild, FileDelivery
from reporting.session_metadata import rebuilding
from tests.factories import MetadataDestinationFactory
from tests.reporting.session_metadata.deliveries import DUE, MINUTE, NOON, chat, file_of, plan, rate, work

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = DUE + 30 * DAY


@pytest.fixture
def bucket(tmp_path: Path) -> MetadataDestination:
    """A destination that no settings name."""
    (tmp_path / "bucket").mkdir()
    return MetadataDestinationFactory(name="Bucket", folder=str(tmp_path / "bucket"))


def rebuild(
    destination: MetadataDestination, start: datetime = NOON, end: datetime = NOON + DAY, **which: Any
) -> DeliveryRebuild:
    with time_machine.travel(LATER, tick=False):
        asked = rebuilding.ask_for_rebuild(destination, start=start, end=end, by=None, now=LATER, **which)
        jobs.work_on(DeliveryRebuild, asked.pk)
    asked.refresh_from_db()
    return asked


def test_a_period_is_delivered_to_a_new_destination(chats, bucket):
    in_it = [chat(chats), chat(chats)]
    after = chat(chats, received_at=NOON + 2 * DAY)

    asked = rebuild(bucket)
    assert (asked.state, asked.total) == ("done", 2)
    assert rebuilding.progress(asked) == rebuilding.RebuildProgress(total=2, waiting=2, parked=0, is_planned=True)
    work(LATER)

    assert rebuilding.progress(asked).done == 2
    assert all(file_of(one, Path(bucket.folder)).exists() for one in in_it)
    assert not file_of(after, Path(bucket.folder)).exists()


def test_its_days_are_those_of_the_viewer(bucket):
    with timezone.override("Europe/Helsinki"):
        start, end = (timezone.make_aware(datetime(2026, 3, day)) for day in (1, 2))
        asked = DeliveryRebuild(destination=bucket, destination_name="Bucket", start=start, end=end)

        assert str(asked) == "2026-03-01 – 2026-03-02 → Bucket"


def test_what_lies_there_unchanged_is_sent_once_more(chats, folder, destination):
    conversation = chat(chats)
    plan(DUE)
    work(DUE)
    file_of(conversation, folder).unlink()

    rebuild(destination)
    work(LATER)

    assert file_of(conversation, folder).exists()
    assert FileDelivery.objects.get().revision == 2


def test_only_what_is_missing_or_parked_where_that_is_asked_for(chats, folder, destination):
    delivered, parked, missing = chat(chats), chat(chats), chat(chats)
    plan(DUE)
    work(DUE)
    FileDelivery.objects.filter(conversation=parked).update(state="failed")
    FileDelivery.objects.filter(conversation=missing).delete()

    assert rebuild(destination, which="parked").total == 1
    assert FileDelivery.objects.get(state="waiting").conversation == parked
    assert rebuild(destination, which="missing").total == 1
    assert set(FileDelivery.objects.filter(state="waiting").values_list("conversation", flat=True)) == {
        parked.pk,
        missing.pk,
    }
    assert FileDelivery.objects.get(conversation=delivered).state == "done"


def test_a_preview_counts_what_would_be_delivered(chats, bucket):
    for _ in range(3):
        chat(chats)
    asked = DeliveryRebuild(destination=bucket, destination_name="Bucket", start=NOON, end=NOON + DAY)

    assert rebuilding.count(asked) == 3
    assert not FileDelivery.objects.exists()


def test_cancelling_takes_back_what_is_not_delivered_and_leaves_what_has_changed(chats, folder, destination, bucket):
    new, changed = chat(chats), chat(chats)
    plan(DUE)
    work(DUE)
    rate(changed, 3, at=LATER)
    plan(LATER)
    asked, elsewhere = rebuild(destination), rebuild(bucket)

    assert rebuilding.cancel(asked, now=LATER) and rebuilding.cancel(elsewhere, now=LATER)

    assert DeliveryRebuild.objects.filter(state="cancelled").count() == 2
    assert not FileDelivery.objects.filter(destination=bucket).exists()
    assert FileDelivery.objects.get(conversation=new).state == "done"
    waiting = FileDelivery.objects.get(conversation=changed)
    assert (waiting.state, waiting.forced_at, waiting.changed_at) == ("waiting", None, LATER)
    work(LATER)
    assert FileDelivery.objects.get(conversation=changed).revision == 2
    assert not rebuilding.cancel(asked, now=LATER)


def test_one_that_was_cancelled_before_a_worker_came_plans_nothing(chats, bucket):
    chat(chats)
    asked = rebuilding.ask_for_rebuild(bucket, start=NOON, end=NOON + DAY, by=None, now=LATER)
    assert rebuilding.cancel(asked, now=LATER)

    jobs.work_on(DeliveryRebuild, asked.pk)

    assert not FileDelivery.objects.exists()


def test_a_period_that_ends_before_it_begins_is_refused(bucket):
    with pytest.raises(ValidationError, match="ends before it begins"):
        rebuilding.ask_for_rebuild(bucket, start=NOON, end=NOON, by=None, now=LATER)


# The command


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("deliver_session_metadata", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_delivers_what_is_due(chats, folder, destination):
    chat(chats)
    with time_machine.travel(DUE, tick=False):
        assert told() == "Delivered: 1. Unchanged: 0. Parked: 0. Still due: 0.\n"


def test_the_command_says_what_cannot_be_reached(chats, folder, destination, capsys):
    chat(chats)
    folder.rmdir()
    with time_machine.travel(DUE, tick=False), pytest.raises(SystemExit):
        call_command("deliver_session_metadata")

    said = capsys.readouterr().out
    assert f"{destination} cannot be reached: There is no folder {folder}" in said
    assert "Delivered: 0. Unchanged: 0. Parked: 0. Still due: 1." in said


def test_the_command_delivers_a_period_once_more(chats, bucket):
    conversation = chat(chats)
    with time_machine.travel(LATER, tick=False):
        said = told("--from", "2026-03-01", "--to", "2026-04-01", "--destination", "Bucket")

    assert said.splitlines() == ["Once more: 1.", "Delivered: 1. Unchanged: 0. Parked: 0. Still due: 0."]
    assert file_of(conversation, Path(bucket.folder)).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--destination", "Bucket"], "belong together"),
        (["--from", "2026-03-01", "--to", "2026-04-01"], "belong together"),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--destination", "Pail"], "There are: Bucket."),
        (["--from", "2026-04-01", "--to", "2026-03-01", "--destination", "Bucket"], "ends before it begins"),
    ],
)
def test_the_command_says_what_it_was_not_told(bucket, arguments, words):
    with pytest.raises(CommandError, match=words):
        told(*arguments)


def test_what_a_worker_holds_is_delivered_again_after_it_is_asked_for(chats, folder, destination):
    conversation = chat(chats)
    plan(DUE)
    with time_machine.travel(LATER, tick=False):
        (held,) = FileDelivery.objects.claim_handful(9, now=LATER)
    rebuild(destination)
    with time_machine.travel(LATER, tick=False):
        jobs.kind_of(FileDelivery).work([held])
    waiting = FileDelivery.objects.get()
    assert (waiting.state, waiting.revision, waiting.due_at) == ("waiting", 1, LATER + MINUTE)

    work(LATER + MINUTE)

    assert FileDelivery.objects.get().revision == 2
    assert file_of(conversation, folder).exists()


def test_what_is_asked_for_while_its_destination_is_found_to_be_away_waits_as_any_other(chats, folder, destination):
    for _ in range(3):
        chat(chats)
    plan(DUE)
    with time_machine.travel(LATER, tick=False):
        held = FileDelivery.objects.claim_handful(9, now=LATER)
        rebuild(destination)
        folder.rmdir()
        jobs.kind_of(FileDelivery).work(held)

    assert set(FileDelivery.objects.values_list("state", "holder", "attempts")) == {("waiting", None, 0)}
