"""The Contact Log as a dataset in the company's storage: it follows the log, day by day."""

from __future__ import annotations

import random
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone
from pyarrow import parquet

from channels_cfg.models import MetadataDestination, Queue, Right, User
from conversations.lifecycle import reordered
from conversations.models import Conversation, ReportableChange
from reporting.bi.views import SCHEMA as BI
from reporting.contact_log import dataset, dataset_file, files, part_processes
from reporting.contact_log.counts import count
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.query import LogQuery
from reporting.models import ChangedDay, DatasetDay, DeliveryPause
from reporting.models.report_file import report_folder
from tests.engines import duckdb_reads
from tests.engines.questions import GROUPS, of_engine, of_page, statement
from tests.factories import QueueFactory, grant
from tests.reporting.contact_log.datasets import NOON, dataset_in, follow, hours, names, read, work
from tests.reporting.contact_log.test_query import a_busy_year  # noqa: F401
from tests.reporting.stories import MINUTE, abandoned, served

pytestmark = pytest.mark.django_db(transaction=True)  # a file is read on a connection of its own

DAY = timedelta(days=1)
GROUPINGS = [*GROUPS, "key:customerType", "key:csat", "key:customerId"]
FIRST, SECOND = (f"contact_log/year=2026/month=3/day-2026-03-0{day}.parquet" for day in (2, 3))


@pytest.fixture(autouse=True)
def one_process_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """To start one for each file would take most of the time."""
    monkeypatch.setattr(dataset, "end_idle_processes", lambda: None)


@pytest.fixture
def queue() -> Queue:
    return QueueFactory(name="Sales", statistics_keys=["customerType", "csat"])


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "lake"


@pytest.fixture
def destination(folder: Path) -> MetadataDestination:
    return dataset_in(folder)


def test_a_conversation_is_a_row_in_the_file_of_its_day(queue, folder, destination):
    data = {"customerType": 'go"ld,\n', "csat": 4.50, "customerId": "4711"}
    conversation = served(queue, received_at=NOON, data=data)
    follow()

    (row,) = parquet.read_table(folder / FIRST).to_pylist()

    assert names(folder) == [FIRST]
    assert (row["conversation_id"], row["received_at"]) == (str(conversation.pk), NOON)
    assert (row["queue_id"], row["queue"], row["agent"]) == (queue.pk, "Sales", conversation.agent.username)
    assert (row["state"], row["is_served"], row["is_abandoned"]) == ("handled", True, False)
    assert (row["waited_seconds"], row["handling_seconds"], row["within_service_level"]) == (60, 300, False)
    assert (row["messaging_channel"], row["disposition"], row["late_changes"]) == (None, None, [])
    assert dict(row["attached_data"]) == {"customerType": 'go"ld,\n', "csat": "4.5"}
    assert dict(row["missing"]) == {"customerId": "not_kept"}
    assert read(folder, "year, month, queue") == [(2026, 3, "Sales")]
    day = DatasetDay.objects.get()
    assert (day.state, day.row_count, day.size) == ("done", 1, (folder / FIRST).stat().st_size)


def test_columns_are_those_of_the_bi_view_and_of_the_documentation(queue, folder, destination):
    abandoned(queue, received_at=NOON)
    follow()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {BI}.contact_log LIMIT 0")
        of_view = {column.name for column in cursor.description}

    apart = {"kept_data", "dropped_keys", "judged_keys"}
    columns = parquet.read_schema(folder / FIRST).names
    assert of_view - apart == set(columns) - {"attached_data", "missing"}
    told = Path("docs/contact-log-dataset.md").read_text()
    assert [name for name in columns if f"`{name}`" not in told] == []


def test_a_change_writes_the_file_of_its_day_and_no_other(queue, folder, destination):
    served(queue, received_at=NOON)
    served(queue, received_at=NOON + DAY)
    follow()
    before = (folder / FIRST).stat().st_ino

    abandoned(queue, received_at=NOON + DAY)
    follow()

    assert read(folder, "count(*)") == [(3,)]
    assert (folder / FIRST).stat().st_ino == before


def test_a_day_is_written_five_minutes_after_its_first_change_however_many_follow(queue, folder, destination):
    served(queue, received_at=NOON)
    follow()
    now = timezone.now()
    for minutes in (0, 1, 4):
        abandoned(queue, received_at=NOON)
        run_reporting_job()
        dataset.plan(now=now + timedelta(minutes=minutes))

    work(now + timedelta(minutes=4, seconds=59))
    assert read(folder, "count(*)") == [(1,)]
    work(now + timedelta(minutes=5))
    assert read(folder, "count(*)") == [(4,)]
    assert not DatasetDay.objects.unfinished().exists()


@pytest.mark.parametrize("destroy", ["anonymise", "delete"])
def test_what_was_destroyed_is_in_no_file(queue, folder, destination, destroy):
    conversation = served(queue, received_at=NOON, data={"customerType": "CANARY"})
    follow()
    assert read(folder, "attached_data['customerType']") == [("CANARY",)]

    if destroy == "anonymise":
        Conversation.objects.update(kept_data={})
        ReportableChange.objects.create(conversation=conversation, made_at=NOON)
    else:
        Conversation.objects.filter(pk=conversation.pk).delete()
    follow()

    rows = parquet.read_table(folder / FIRST).to_pylist()
    assert len(rows) == (destroy == "anonymise")
    assert "CANARY" not in str(rows)
    assert all(b"CANARY" not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_day_without_rows_keeps_a_file_with_the_columns(queue, folder, destination):
    conversation = abandoned(queue, received_at=NOON)
    served(queue, received_at=NOON + DAY)
    follow()
    schema = parquet.read_schema(folder / FIRST)

    reordered.began_earlier(conversation.pk, at=NOON - DAY, queue=queue)
    follow()

    assert parquet.read_table(folder / FIRST).num_rows == 0
    assert parquet.read_schema(folder / FIRST).equals(schema, check_metadata=True)
    days = "strftime(received_at AT TIME ZONE 'UTC', '%d'), count(*)"
    assert read(folder, days, "GROUP BY 1 ORDER BY 1") == [("01", 1), ("03", 1)]


# What is counted of it


def test_duckdb_counts_what_the_page_counts_whatever_is_asked(a_busy_year, folder, destination):  # noqa: F811
    viewer = who_sees_all(a_busy_year)
    in_period = Conversation.objects.filter(received_at__range=(NOON + 4 * DAY, NOON + 40 * DAY))
    ended_in_the_ivr, on_hold = (in_period.filter(state=state).first() for state in ("abandoned", "handled"))
    Conversation.objects.filter(pk=ended_in_the_ivr.pk).update(queue=None, allocated_at=None, time_in_ivr=MINUTE)
    on_hold.holds.create(leg=on_hold.legs.first(), started_at=NOON, ended_at=NOON + MINUTE)
    for conversation in (ended_in_the_ivr, on_hold):
        ReportableChange.objects.create(conversation=conversation, made_at=NOON)
    follow()
    dice = random.Random(11)

    for query in (a_question(dice) for _ in range(30)):
        (rows,) = duckdb_reads.answers(
            folder / "contact_log", [statement(query, duckdb_reads.DIALECT)], zone=str(query.zone)
        )
        assert of_page(query, count(query, viewer)).agree_with(of_engine(rows)), query.as_address()
    late = replace(query, group_by=(), interval="").totals(viewer)
    assert (late["late"], late["average_hold"], late["average_ivr"]) == (2, 60, 60)


def a_question(dice: random.Random) -> LogQuery:
    return LogQuery(
        start=NOON + 3 * DAY,
        end=NOON + 50 * DAY,
        zone=ZoneInfo(dice.choice(["UTC", "Europe/Helsinki", "America/New_York"])),
        interval=dice.choice(["", "", "hour", "day", "week", "month", "quarter"]),
        group_by=tuple(dice.sample(GROUPINGS, dice.choice([0, 1, 2]))),
    )


def who_sees_all(viewer: User) -> User:
    for queue in Queue.objects.all():
        grant(viewer, Right.VIEW_REPORTS, on=queue)
    Group.objects.get(name="Team").user_set.add(*User.objects.filter(username__in=["anna", "bo"]))
    return viewer


# When it is written


def test_nothing_is_kept_by_itself(queue, folder):
    dataset_in(folder, dataset_folder="")
    served(queue, received_at=NOON)

    follow()

    assert names(folder) == [] and not DatasetDay.objects.exists() and not ChangedDay.objects.exists()


def test_all_days_are_written_once_it_is_switched_on_and_again_after_a_while_off(queue, folder):
    place = dataset_in(folder, dataset_folder="")
    for days in range(3):
        served(queue, received_at=NOON + days * DAY)
    follow()

    for moment in (0, 1):
        switch(place, "contact_log")
        follow()
        assert read(folder, "count(*)") == [(3 + moment,)]
        switch(place, "")
        abandoned(queue, received_at=NOON)
        follow()


def switch(destination: MetadataDestination, folder: str) -> None:
    destination.dataset_folder = folder
    destination.save()


@pytest.mark.parametrize("change", [{"dataset_folder": "log/of/contacts"}, {"folder": "other"}])
def test_in_another_place_all_is_written_anew(queue, folder, destination, change):
    served(queue, received_at=NOON)
    served(queue, received_at=NOON + DAY)
    follow()
    there = folder
    if "folder" in change:
        there = folder.parent / "other"
        there.mkdir()
        change = {"folder": str(there)}

    MetadataDestination.objects.filter(pk=destination.pk).update(**change)
    follow()

    begins = change.get("dataset_folder", "contact_log")
    assert [name for name in names(there) if name.startswith(begins)] == [
        name.replace("contact_log", begins) for name in (FIRST, SECOND)
    ]


def test_each_destination_has_its_own(queue, folder, destination):
    served(queue, received_at=NOON)
    dataset_in(folder.parent / "second")

    follow()

    assert names(folder.parent / "second") == names(folder) == [FIRST]


def test_all_can_be_written_anew(queue, folder, destination):
    served(queue, received_at=NOON)
    follow()
    (folder / FIRST).unlink()

    assert dataset.write_all_anew(destination, now=timezone.now()) == 1
    work(timezone.now())

    assert names(folder) == [FIRST]


# What comes in between


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Has something happen once, when a day's rows have been read and its file is not put yet."""

    def once(happen: Callable[[], Any]) -> None:
        made = dataset_file.day_file

        def read_then_happens(part: DatasetDay) -> Any:
            file = made(part)
            monkeypatch.setattr(dataset_file, "day_file", made)
            happen()
            return file

        monkeypatch.setattr(dataset_file, "day_file", read_then_happens)

    return once


def test_what_changes_while_it_is_written_makes_it_due_again(queue, folder, destination, meanwhile):
    served(queue, received_at=NOON)
    follow()

    def one_more() -> None:
        abandoned(queue, received_at=NOON)
        run_reporting_job()
        dataset.plan(now=timezone.now())

    dataset.write_all_anew(destination, now=timezone.now())
    meanwhile(one_more)
    work(timezone.now())
    assert read(folder, "count(*)") == [(1,)]

    work(timezone.now() + dataset.WRITTEN_AFTER)
    assert read(folder, "count(*)") == [(2,)]
    assert DatasetDay.objects.get().state == "done"


def test_a_worker_that_was_taken_for_dead_puts_nothing_old_over_new(queue, folder, destination, meanwhile):
    served(queue, received_at=NOON, data={"customerType": "CANARY"})
    follow()

    def another_takes_over() -> None:
        Conversation.objects.all().delete()
        run_reporting_job()
        dataset.plan(now=timezone.now())
        DatasetDay.objects.update(held_until=timezone.now())
        work(timezone.now() + hours(1))

    dataset.write_all_anew(destination, now=timezone.now())
    meanwhile(another_takes_over)
    work(timezone.now())

    assert read(folder, "count(*)") == [(0,)]
    assert DatasetDay.objects.get().row_count == 0


def test_a_file_that_came_too_late_is_written_once_more(queue, folder, destination, monkeypatch):
    served(queue, received_at=NOON)
    follow()
    note = dataset.jobs.note

    def then_loses_it(part: Any, **facts: Any) -> None:
        note(part, **facts)
        DatasetDay.objects.update(state="done", finished_at=timezone.now(), holder=None, held_until=None)

    dataset.write_all_anew(destination, now=timezone.now())
    monkeypatch.setattr(dataset.jobs, "note", then_loses_it)
    work(timezone.now())

    assert DatasetDay.objects.waiting(now=timezone.now()).exists()


def test_a_destination_that_cannot_be_reached_is_tried_again_later(queue, folder, destination):
    served(queue, received_at=NOON)
    MetadataDestination.objects.update(folder=str(folder / "away"))
    follow()

    day = DatasetDay.objects.get()
    assert (day.state, day.attempts) == ("waiting", 1) and "no folder" in day.reason
    assert DeliveryPause.objects.get().destination == destination

    (folder / "away").mkdir()
    work(timezone.now() + hours(2))

    assert names(folder / "away") == [FIRST]
    assert not DeliveryPause.objects.exists()


def test_a_file_that_is_not_ours_is_left_as_it_is(queue, folder, destination):
    (folder / FIRST).parent.mkdir(parents=True)
    (folder / FIRST).write_bytes(b"PAR1 of somebody else PAR1")
    served(queue, received_at=NOON)

    follow()

    day = DatasetDay.objects.get()
    assert day.state == "failed" and "another file named" in day.reason
    assert (folder / FIRST).read_bytes() == b"PAR1 of somebody else PAR1"


def test_a_day_that_no_file_holds_is_parked_with_its_reason(queue, folder, destination, monkeypatch):
    monkeypatch.setattr(dataset_file, "LARGEST_FILE", 10)
    served(queue, received_at=NOON)

    follow()

    assert names(folder) == [] and "more rows" in DatasetDay.objects.get().reason
    assert list(report_folder().iterdir()) == []


def test_whoever_is_killed_leaves_nothing_and_the_file_is_written_later(queue, folder, destination, monkeypatch):
    written, left = dataset_file.write_apart, []

    def then_dies(work: Any, tell: Any) -> None:
        written(work, tell)
        files.clear_away(now=timezone.now())
        left.extend([stat.S_IMODE(work.path.parent.stat().st_mode), *work.path.parent.iterdir()])
        raise part_processes.PartFailed

    monkeypatch.setattr(dataset_file, "write_apart", then_dies)
    served(queue, received_at=NOON)
    follow()
    assert (left, names(folder), DatasetDay.objects.get().state) == ([0o700], [], "waiting")

    monkeypatch.setattr(dataset_file, "write_apart", written)
    work(timezone.now() + hours(1))

    assert names(folder) == [FIRST]
