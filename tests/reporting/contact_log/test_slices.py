"""Large files of the Contact Log, written in slices by any number of workers."""

import os
import signal
import zipfile
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
import time_machine
from django.utils import timezone
from pyarrow import parquet

from channels_cfg import jobs
from channels_cfg.models import Right
from conversations.attached_data.post import post_data
from reporting.contact_log import building, files, part_processes, slices
from reporting.contact_log import workbook as workbooks
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.parts import SnapshotGone
from reporting.contact_log.table import snapshot, sql_of
from reporting.models import ContactLogEntry, ReportFile, ReportFileSlice
from reporting.models.report_file import report_folder
from tests.disks import room_for
from tests.factories import AttachedKeyFactory, QueueFactory, UserFactory, user_with
from tests.reporting.contact_log.test_files import YEAR, asked_file, files_of_their_own, lines_of, written  # noqa: F401
from tests.reporting.stories import Elsewhere, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FORMATS = ["csv", "jsonl", "xlsx", "parquet"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue():
    AttachedKeyFactory(name="visits", kind="integer")
    return QueueFactory(name="Sales", statistics_keys=["customerType", "visits"])


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_REPORTS, on=queue)


@pytest.fixture
def agent():
    return UserFactory()


@pytest.fixture
def conversations(queue, agent, settings):
    """Seven, on two sheets, in four slices; four of them received at the same moment."""
    settings.REPORT_SLICE_ROWS = 2
    found = [
        served(
            queue,
            received_at=NOON + timedelta(hours=min(number, 3)),
            data={"customerType": f"c{number} <&> ä", "visits": number},
            agent=agent,
        )
        for number in range(7)
    ]
    run_reporting_job()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbooks, "ROWS_PER_SHEET", 4)
        yield found


def content_of(file: ReportFile):
    """All that a file has but where it says which file it is."""
    if file.format == "xlsx":
        with zipfile.ZipFile(file.path) as archive:
            assert archive.testzip() is None
            about = f"xl/worksheets/sheet{len(openpyxl.load_workbook(file.path).sheetnames)}.xml"
            return {part.filename: archive.read(part) for part in archive.infolist() if part.filename != about}
    if file.format == "parquet":
        table = parquet.read_table(file.path)
        groups = parquet.ParquetFile(file.path).metadata.num_row_groups
        return table.schema.remove_metadata(), [field.metadata for field in table.schema], table.to_pylist(), groups
    return file.path.read_bytes()


class Killed(BaseException):
    """A worker that dies says nothing any more."""


def killed(*_args, **_facts):
    raise Killed


def written_until_killed(file: ReportFile) -> None:
    """Its lease is over, too."""
    with pytest.raises(Killed):
        jobs.work_on(ReportFile, file.pk)
    ReportFile.objects.filter(pk=file.pk).update(held_until=timezone.now() - timedelta(seconds=1))


def be_held(file: ReportFile) -> None:
    """As if its worker lived."""
    ReportFile.objects.filter(pk=file.pk).update(held_until=timezone.now() + timedelta(minutes=1))


@pytest.fixture
def killed_before_joining(monkeypatch):
    """Whoever writes a file, until this is undone."""
    for layout in building.LAYOUTS.values():
        monkeypatch.setattr(layout, "join", killed)
    return monkeypatch


def parts_of(file: ReportFile) -> list[tuple[int, object]]:
    """Which claim wrote which slice."""
    return list(file.slices.order_by("number").values_list("number", "part"))


# The same file


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_is_the_same_whether_one_worker_writes_it_or_several(viewer, conversations, settings, format):
    with time_machine.travel(timezone.now(), tick=False):
        by_one = written(asked_file(viewer, format=format))
        settings.REPORT_PROCESSES = 2
        file = asked_file(viewer, format=format)
        kind = jobs.kind_of(ReportFileSlice)
        workers = [Elsewhere(lambda: jobs.work_on(ReportFile, file.pk))]
        workers += [Elsewhere(lambda: jobs.work_on_waiting(kind, until=timezone.now() + kind.turn)) for _ in range(2)]
        for worker in workers:
            worker.finish()
        file.refresh_from_db()
        settings.REPORT_SLICE_ROWS = 4
        in_larger_slices = written(asked_file(viewer, format=format))

    assert (by_one.state, file.state, file.rows_done, file.rows_total) == ("ready", "ready", 7, 7)
    assert content_of(file) == content_of(by_one)
    if format != "parquet":  # a slice begins a group of rows
        assert content_of(in_larger_slices) == content_of(by_one)
    assert sorted(path.name for path in report_folder().iterdir()) == sorted(
        one.path.name for one in (by_one, file, in_larger_slices)
    )
    assert not ReportFileSlice.objects.exists()


def test_a_slice_reads_its_own_months_alone(queue, viewer):
    months = [f"2026_0{month}" for month in (1, 2, 3)]
    for month in (1, 2, 3):
        served(queue, received_at=NOON.replace(month=month))
    run_reporting_job()
    first, *_, last = ContactLogEntry.objects.newest_first().values_list("received_at", "pk")
    with snapshot() as cursor:
        statement = sql_of(cursor, slices.bounded(ContactLogEntry.objects.granting(Right.VIEW_REPORTS, to=viewer)))
        for name, value in slices.bounds(before=first, last=(NOON.replace(month=2), last[1])).items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}")
        plan = str(cursor.fetchall())
    assert [month for month in months if f"contactlogentry_{month}" in plan] == ["2026_02", "2026_03"]


def test_slices_on_sheets_are_the_rows_in_their_order(viewer, conversations):
    book = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx")).path)

    rows = [row for name in book.sheetnames[:2] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert [book[name].max_row for name in book.sheetnames[:2]] == [5, 4]
    assert sorted(row[17] for row in rows) == [f"c{number} <&> ä" for number in range(7)]
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)


def test_slices_are_written_by_others_while_the_files_own_worker_merely_waits(viewer, conversations, monkeypatch):
    by_itself = written(asked_file(viewer))
    file = asked_file(viewer)

    def merely_wait(file, stop):
        while file.slices.unfinished().exists():
            stop.wait(0.01)

    monkeypatch.setattr(slices, "_help", merely_wait)
    waiting = Elsewhere(lambda: jobs.work_on(ReportFile, file.pk))
    kind = jobs.kind_of(ReportFileSlice)
    while not ReportFile.objects.filter(pk=file.pk, state="ready").exists():
        jobs.work_on_waiting(kind, until=timezone.now() + kind.turn)
    waiting.finish()

    assert content_of(file) == content_of(by_itself)


# Workers that die


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_what_a_killed_worker_has_written_is_not_written_again(viewer, conversations, killed_before_joining, format):
    file = asked_file(viewer, format=format)
    written_until_killed(file)
    before = parts_of(file)
    written_until_killed(file)
    assert parts_of(file) == before and None not in dict(before).values()
    files.clear_away(now=timezone.now())

    killed_before_joining.undo()
    with time_machine.travel(timezone.now(), tick=False):
        assert content_of(written(file)) == content_of(written(asked_file(viewer, format=format)))


def test_a_change_of_the_log_after_a_worker_was_killed_is_in_the_file(queue, agent, viewer, conversations, monkeypatch):
    monkeypatch.setattr(building.Csv, "join", killed)
    file = asked_file(viewer)
    written_until_killed(file)
    before = parts_of(file)
    post_data(conversations[0], {"customerType": "changed"}, by=viewer, now=timezone.now())
    served(queue, received_at=NOON + timedelta(days=1), data={"customerType": "new"}, agent=agent)
    ContactLogEntry.objects.filter(conversation=conversations[1]).delete()
    run_reporting_job()
    written_until_killed(file)
    again = [number for (number, part), (_same, later) in zip(before, parts_of(file), strict=True) if part != later]

    monkeypatch.undo()
    files_of = [lines_of(written(one)) for one in (file, asked_file(viewer))]

    assert files_of[0] == files_of[1] and len(files_of[0]) == 7
    assert again == [0, 2, 3]
    assert {"new", "changed"} < {line["customerType"] for line in files_of[0]}


def test_names_and_keys_that_changed_after_a_worker_was_killed_are_in_the_file(
    queue, viewer, conversations, monkeypatch
):
    monkeypatch.setattr(building.Csv, "join", killed)
    file = asked_file(viewer)
    written_until_killed(file)
    queue.name, queue.statistics_keys = "Service", ["customerType", "visits", "later"]
    queue.save()
    served(queue, received_at=NOON + timedelta(days=1), data={"later": "a"})
    run_reporting_job()

    monkeypatch.undo()
    lines = lines_of(written(file))

    assert {line["Queue"] for line in lines} == {"Service"}
    assert [line["later"] for line in lines] == ["a"] + [""] * 7


def test_slices_move_on_their_sheets_when_rows_came_before_them(queue, viewer, conversations, monkeypatch):
    monkeypatch.setattr(building.Workbook, "join", killed)
    file = asked_file(viewer, format="xlsx")
    written_until_killed(file)
    served(queue, received_at=NOON + timedelta(days=1))
    run_reporting_job()

    monkeypatch.undo()
    book = openpyxl.load_workbook(written(file).path)

    assert [book[name].max_row - 1 for name in book.sheetnames[:-1]] == [3, 4, 1]
    assert [row[0].row for row in book["Contact Log"].iter_rows(min_row=2)] == [2, 3, 4]
    kept = [row[17] for name in book.sheetnames[:-1] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert sorted(kept, key=str) == sorted([None, *(f"c{number} <&> ä" for number in range(7))], key=str)


def test_a_file_that_gets_on_is_not_given_up_for_workers_that_die(viewer, conversations, monkeypatch):
    file = asked_file(viewer)
    ReportFile.objects.update(interruptions=2, attempts=9)
    monkeypatch.setattr(building.Csv, "join", killed)
    written_until_killed(file)
    file.refresh_from_db()
    assert (file.attempts, file.interruptions) == (1, 0)

    written_until_killed(file)
    file.refresh_from_db()
    assert (file.attempts, file.interruptions) == (2, 1)


def test_workers_take_over_the_file_of_one_that_died_before_its_slices(viewer, conversations, monkeypatch):
    """Sent to slices that nobody can write before, they would come again and again, and never to the file."""
    monkeypatch.setattr(slices, "have_written", killed)
    file = asked_file(viewer)
    written_until_killed(file)

    assert file.slices.unfinished().count() == 4
    assert not ReportFileSlice.objects.waiting(now=timezone.now()).exists()
    assert ReportFile.objects.waiting(now=timezone.now()).get() == file
    monkeypatch.undo()
    assert written(file).state == "ready"


def test_a_slice_whose_snapshot_is_gone_waits_for_the_files_next_worker(viewer, conversations, monkeypatch):
    monkeypatch.setattr(building.Csv, "join", killed)
    file = asked_file(viewer)
    written_until_killed(file)
    file.slices.filter(number=1).update(state="waiting", finished_at=None)
    be_held(file)

    jobs.work_on(ReportFileSlice, file.slices.get(number=1).pk)

    one = file.slices.get(number=1)
    assert (one.state, one.holder) == ("waiting", None)
    assert one.held_until > timezone.now() - timedelta(seconds=5)


# What goes wrong


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_file_cancelled_while_its_slices_are_written_leaves_nothing(viewer, conversations, monkeypatch, format):
    monkeypatch.setattr(jobs.Progress, "seconds", 0)
    file = asked_file(viewer, format=format)

    def cancel_meanwhile(*args, **facts):
        files.cancel(file)
        return write_part(*args, **facts)

    write_part = slices.write_part
    monkeypatch.setattr(slices, "write_part", cancel_meanwhile)
    written(file)

    assert (file.state, file.query, file.plan) == ("cancelled", {}, None)
    assert list(report_folder().iterdir()) == []
    assert not ReportFileSlice.objects.exists()


def test_a_slice_that_cannot_be_written_gives_the_file_up_after_three_attempts(viewer, conversations, monkeypatch):
    def fail(part, *_args, **_facts):
        if part.path.parent.name.endswith(".parts") and "infinity" in part.settings.values():
            raise ValueError("canary-91")
        return write_part(part, *_args, **_facts)

    write_part = slices.write_part
    monkeypatch.setattr(slices, "write_part", fail)
    file = asked_file(viewer)
    states = []
    for _attempt in range(4):
        states.append((written(file).state, file.attempts))
        ReportFile.objects.update(held_until=None)
    files.clear_away(now=timezone.now())

    assert states[-1] == ("failed", 3)
    assert file.reason == "Given up after 3 attempts (ValueError)."
    assert list(report_folder().iterdir()) == []
    assert not ReportFileSlice.objects.exists()


def test_a_slice_that_fails_after_it_was_put_off_says_why_in_a_word(viewer, conversations, monkeypatch):
    failures = iter([SnapshotGone(), *[ValueError("canary-92")] * 9])

    def fail(part, *_args, **_facts):
        if part.path.parent.name.endswith(".parts"):
            raise next(failures)
        return write_part(part, *_args, **_facts)

    write_part = slices.write_part
    monkeypatch.setattr(slices, "write_part", fail)

    assert written(asked_file(viewer)).reason == "It failed (ValueError) and is tried again."


@pytest.mark.parametrize(("format", "room"), [("csv", 100), ("parquet", 100), ("xlsx", 4000)])
def test_who_waits_for_a_file_reads_that_the_disk_is_full(viewer, conversations, format, room):
    """Where the slices fit, the whole file does not."""
    file = asked_file(viewer, format=format)
    with room_for(room):
        written(file)

    assert (file.state, file.reason) == ("waiting", "It failed (the portal's disk is full) and is tried again.")
    ReportFile.objects.update(held_until=None)
    assert written(file).state == "ready"


def test_a_slice_of_a_file_that_came_to_nothing_is_not_written(viewer, conversations, monkeypatch):
    monkeypatch.setattr(building.Csv, "join", killed)
    file = asked_file(viewer)
    written_until_killed(file)
    file.slices.update(state="waiting", finished_at=None)
    be_held(file)
    claimed = ReportFileSlice.objects.claim(file.slices.first().pk, now=timezone.now())
    ReportFile.objects.update(state="failed", finished_at=timezone.now())

    with pytest.raises(jobs.NoLongerHeld):
        slices.write(claimed)

    assert not ReportFileSlice.objects.exists()
    assert not file.parts.exists()


def test_a_process_that_is_killed_has_the_file_tried_again(viewer, conversations, monkeypatch):
    start = part_processes._Process.__init__

    def start_and_kill(process):
        start(process)
        os.kill(process._process.pid, signal.SIGKILL)

    monkeypatch.setattr(part_processes._Process, "__init__", start_and_kill)
    file = written(asked_file(viewer, format="xlsx"))
    assert (file.state, "is tried again" in file.reason) == ("waiting", True)
    monkeypatch.undo()
    ReportFile.objects.update(held_until=None)

    assert written(file).state == "ready"


def test_processes_end_with_the_file(viewer, conversations, settings, monkeypatch):
    settings.REPORT_PROCESSES = 2
    started = []
    start = part_processes._Process.__init__

    def start_and_note(process):
        start(process)
        started.append(process._process)

    monkeypatch.setattr(part_processes._Process, "__init__", start_and_note)

    assert written(asked_file(viewer, format="xlsx")).state == "ready"
    assert 1 <= len(started) <= 2
    assert [process.returncode for process in started] == [0] * len(started)


def test_rights_withdrawn_while_it_is_written_give_the_file_up(viewer, conversations, monkeypatch):
    def withdraw(*args, **facts):
        viewer.access_rights.all().delete()
        return have_written(*args, **facts)

    have_written = slices.have_written
    monkeypatch.setattr(slices, "have_written", withdraw)

    file = written(asked_file(viewer))
    files.clear_away(now=timezone.now())

    assert (file.state, file.reason) == ("failed", "Your rights changed while it was written. Ask for a new one.")
    assert list(report_folder().iterdir()) == []


def test_what_was_asked_is_in_no_slice_and_in_no_finished_file(viewer, conversations, monkeypatch):
    monkeypatch.setattr(building.Csv, "join", killed)
    file = asked_file(viewer, **YEAR, missing=["canary91:not_kept"], kept=["customerType~c"])
    written_until_killed(file)
    assert "canary91" in str(ReportFile.objects.values())
    assert file.slices.count() == 4 and "canary" not in str(list(file.slices.values()))

    monkeypatch.undo()
    assert written(file).state == "ready"
    assert file.plan is None
