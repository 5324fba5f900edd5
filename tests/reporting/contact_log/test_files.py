"""Files of the Contact Log."""

import csv
import io
import stat
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import Right
from conversations import tasks
from conversations.attached_data.post import post_data
from reporting.contact_log import building, files, parts
from reporting.contact_log import workbook as workbooks
from reporting.contact_log.fill import complete_up_to, run_reporting_job
from reporting.contact_log.query import MOST_KEYS, LogQuery
from reporting.models import ReportFile
from reporting.models.report_file import report_folder
from tests.factories import QueueFactory, user_with
from tests.reporting.contact_log.test_fill import eventually_waiting
from tests.reporting.stories import Elsewhere, abandoned, served

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")
YEAR = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"]}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def queue():
    return QueueFactory(name="Sales", statistics_keys=["customerType", "csat"])


@pytest.fixture
def viewer(queue):
    return user_with(Right.VIEW_REPORTS, on=queue)


def asked_file(viewer, *, format="csv", zone=HELSINKI, **params) -> ReportFile:
    query = LogQuery.parse(params or YEAR, zone=zone, now=timezone.now())
    return files.ask_for(query, format=format, owner=viewer, now=timezone.now())


def written(file: ReportFile) -> ReportFile:
    jobs.work_on(ReportFile, file.pk)
    file.refresh_from_db()
    return file


def lines_of(file: ReportFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.path.read_bytes().decode("utf-8-sig"), newline="")))


# What is in them


def test_a_csv_has_a_column_for_each_kept_key_and_says_why_a_cell_is_empty(queue, viewer):
    served(queue, received_at=NOON, data={"customerType": "gold", "customerId": "4711"})
    abandoned(queue, received_at=NOON - timedelta(hours=1), data={"customerType": "silver"})
    run_reporting_job()

    file = written(asked_file(viewer))

    first, second = lines_of(file)
    assert (file.state, file.rows_total, file.percent) == ("ready", 2, 100)
    assert file.name == "contact-log_2026-01-01_2026-12-31_Europe-Helsinki.csv"
    assert first["Received (Europe/Helsinki)"] == "2026-03-02T14:00:00+02:00"
    assert (first["Queue"], first["State"], first["customerType"]) == ("Sales", "Handled", "gold")
    assert (first["Within service level"], first["On hold (seconds)"], first["Disposition"]) == ("No", "0", "")
    assert first["Empty because"] == ""
    assert (second["State"], second["customerType"]) == ("Abandoned", "")
    assert second["Empty because"] == "customerType: Abandoned: nothing is kept"
    assert "4711" not in file.path.read_text()


def test_a_value_that_a_spreadsheet_would_run_is_made_harmless_and_a_number_stays_one(viewer):
    dangerous = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx", "＝1", " =1", "\u200b@x", "'=1"]
    keys = [f"k{place}" for place in range(len(dangerous))]
    queue = QueueFactory(name="=cmd", statistics_keys=[*keys, "number", "plain"])
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    served(queue, received_at=NOON, data=dict(zip(keys, dangerous, strict=True)) | {"number": -5, "plain": "a=b"})
    run_reporting_job()

    (line,) = lines_of(written(asked_file(viewer)))
    sheet = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx")).path)["Contact Log"]

    assert [line[key] for key in keys] == [f"'{text}" for text in dangerous]
    assert (line["Queue"], line["number"], line["plain"]) == ("'=cmd", "-5", "a=b")
    cells = {heading.value: cell for heading, cell in zip(sheet[1], sheet[2], strict=True)}
    assert {cells[key].data_type for key in keys} == {"s"}
    assert all(cells[key].quotePrefix for key in keys)
    assert (cells["number"].value, cells["number"].data_type) == (-5, "n")


def test_markup_and_texts_longer_than_a_cell_are_texts_in_a_workbook(viewer):
    markup, long_names = "<r><t>bold</t></r>", [f"key{number:0100}" for number in range(260)]
    queue = QueueFactory(name=markup, statistics_keys=["markup"])
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    served(queue, received_at=NOON, data={"markup": markup})
    run_reporting_job()

    asked = YEAR | {"column": ["markup", *long_names]}
    (line,) = lines_of(written(asked_file(viewer, **asked)))
    book = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx", **asked)).path)

    cells = dict(zip(*book["Contact Log"].values, strict=True))
    assert (cells["Queue"], cells["markup"]) == (markup, markup)
    whole = line["Empty because"]
    assert whole.count("Not kept by the settings") == len(long_names)
    assert cells["Empty because"].endswith(f"this text has {len(whole)}. CSV has all.]")
    assert dict(book["About"].values)["Cut"].startswith("1 text is longer than an Excel cell")


def test_a_key_that_is_called_like_a_column_has_a_column_of_its_own(viewer):
    queue = QueueFactory(statistics_keys=["State", "queue"])
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    served(queue, received_at=NOON, data={"State": "Ohio", "queue": "long"})
    run_reporting_job()

    (for_people,) = lines_of(written(asked_file(viewer)))
    query = LogQuery.parse(YEAR, zone=HELSINKI, now=NOON)
    renamed = written(asked_file(viewer, **YEAR, heading=["field:agent=queue"]))
    (for_machines,) = csv.DictReader(io.StringIO(b"".join(files.csv_stream(query, to=viewer)).decode()))

    assert (for_people["State"], for_people["State (attached data)"], for_people["queue"]) == (
        "Handled",
        "Ohio",
        "long",
    )
    assert (for_machines["queue"], for_machines["queue (attached data)"]) == (queue.name, "long")
    assert lines_of(renamed)[0]["queue (attached data)"] == "long"


@pytest.mark.parametrize(
    ("zone", "moments"),
    [
        ("Europe/Helsinki", ["2026-03-29T02:59:30+02:00", "2026-03-29T04:00:00+03:00", "2026-10-25T03:30:00+02:00"]),
        ("America/Sao_Paulo", ["2018-11-03T23:59:59-03:00", "2018-11-04T01:00:00-02:00", "2018-02-17T23:30:00-03:00"]),
        ("UTC", ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"]),
    ],
)
def test_times_in_files_are_those_of_the_zone_on_days_when_clocks_change(queue, viewer, zone, moments):
    expected = [datetime.fromisoformat(moment) for moment in moments]
    for moment in expected:
        abandoned(queue, received_at=moment)
    run_reporting_job()
    period = {"received_after": ["2018-01-01"], "received_before": ["2027-01-01"]}

    lines = lines_of(written(asked_file(viewer, zone=ZoneInfo(zone), **period)))
    workbook = openpyxl.load_workbook(written(asked_file(viewer, zone=ZoneInfo(zone), format="xlsx", **period)).path)

    column = f"Received ({zone})"
    assert sorted(line[column] for line in lines) == sorted(moments)
    headings = [cell.value for cell in workbook["Contact Log"][1]]
    cells = [row[headings.index(column)] for row in workbook["Contact Log"].iter_rows(min_row=2)]
    assert all(cell.is_date for cell in cells)
    assert sorted(cell.value for cell in cells) == sorted(moment.replace(tzinfo=None) for moment in expected)


def test_a_workbook_is_fit_for_use_and_tells_about_itself(queue, viewer):
    conversation = served(queue, received_at=NOON, data={"customerType": "gold", "csat": 4.5})
    post_data(conversation, {"done": True}, by=viewer, now=NOON)
    run_reporting_job()

    asked = {**YEAR, "queue": [str(queue.pk)], "kept": ["csat=4.5"]}
    workbook = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx", **asked)).path)

    sheet = workbook["Contact Log"]
    headings = [cell.value for cell in sheet[1]]
    row = dict(zip(headings, [cell.value for cell in sheet[2]], strict=True))
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:{sheet.cell(2, len(headings)).coordinate}")
    assert (row["csat"], row["done"], row["Waited (seconds)"]) == (4.5, True, 60)
    about = dict(workbook["About"].values)
    assert (about["Time zone"], about["Rows"]) == ("Europe/Helsinki", "1")
    assert "received" in about["Counted by"]
    assert about["Conditions"] == f"Queue: {queue}; csat equals 4.5"


def test_a_file_claims_to_be_no_more_complete_than_what_it_has_read(queue, viewer, monkeypatch):
    served(queue, received_at=NOON)
    run_reporting_job()
    read_up_to = complete_up_to().astimezone(HELSINKI)
    join = workbooks.Workbook.join

    def after_another_run(*given, **more):
        with time_machine.travel(timezone.now() + timedelta(hours=1)):
            run_reporting_job()
        join(*given, **more)

    monkeypatch.setattr(workbooks.Workbook, "join", after_another_run)
    book = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx")).path)

    assert complete_up_to() > read_up_to
    assert dict(book["About"].values)["Complete up to"] == f"{read_up_to:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("slice_rows", [1, 100])
def test_files_for_people_have_the_columns_chosen_in_their_order_under_their_headings(
    queue, viewer, settings, slice_rows
):
    settings.REPORT_SLICE_ROWS = slice_rows
    served(queue, received_at=NOON, data={"customerType": "gold", "csat": 4})
    abandoned(queue, received_at=NOON - timedelta(hours=1))
    run_reporting_job()
    asked = YEAR | {
        "column": ["csat", "field:empty_because", "field:waited_seconds", "customerType", "field:received_at"],
        "heading": ["customerType=csat (attached data)", "field:received_at=Eingang", "field:waited_seconds=Wait"],
    }

    first, second = lines_of(written(asked_file(viewer, **asked)))
    book = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx", **asked)).path)

    because = "csat: Abandoned: nothing is kept; customerType: Abandoned: nothing is kept"
    assert list(first) == ["csat", "Empty because", "Wait", "csat (attached data)", "Eingang"]
    assert list(first.values()) == ["4", "", "60", "gold", "2026-03-02T14:00:00+02:00"]
    assert list(second.values()) == ["", because, second["Wait"], "", "2026-03-02T13:00:00+02:00"]
    headings, *rows = book["Contact Log"].values
    assert list(headings) == list(first)
    assert rows[0] == (4, None, 60, "gold", datetime(2026, 3, 2, 14))
    assert rows[1] == (None, because, int(second["Wait"]), None, datetime(2026, 3, 2, 13))
    about = dict(book["About"].values)
    assert about["Column “Eingang”"] == "Received (Europe/Helsinki)"
    assert about["Column “csat (attached data)”"] == "customerType"
    assert "Column “csat”" not in about


@pytest.mark.parametrize(
    ("column", "of_people", "of_machines"),
    [
        ("csat", ["5", '""'], ["5", '""']),
        ("field:within_service_level", ["No", '""'], ["f", '""']),
        ("field:handling_seconds", ["300", '""'], ["300", '""']),
        ("field:disposition", ['""', '""'], ['""', '""']),
    ],
)
def test_a_column_alone_has_no_blank_line_which_readers_would_pass_over(queue, viewer, column, of_people, of_machines):
    served(queue, received_at=NOON, data={"csat": 5})
    abandoned(queue, received_at=NOON - timedelta(hours=1), waited=timedelta(seconds=1))
    run_reporting_job()
    alone = YEAR | {"column": ["field:", column]}

    for_people = written(asked_file(viewer, **alone)).path.read_text()
    query = LogQuery.parse(alone, zone=HELSINKI, now=NOON)
    for_machines = b"".join(files.csv_stream(query, to=viewer)).decode()

    assert (for_people.splitlines()[1:], for_machines.splitlines()[1:]) == (of_people, of_machines)


def test_rows_beyond_what_a_sheet_holds_go_to_the_next(queue, viewer, settings, monkeypatch):
    monkeypatch.setattr(workbooks, "ROWS_PER_SHEET", 2)
    settings.REPORT_SLICE_ROWS = 2
    for hour in range(5):
        abandoned(queue, received_at=NOON + timedelta(hours=hour))
    run_reporting_job()

    workbook = openpyxl.load_workbook(written(asked_file(viewer, format="xlsx")).path)

    assert workbook.sheetnames == ["Contact Log", "Contact Log 2", "Contact Log 3", "About"]
    assert [workbook[name].max_row - 1 for name in workbook.sheetnames[:3]] == [2, 2, 1]
    assert workbook["Contact Log"].dimensions == "A1:R3"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_file_has_more_keys_than_one_conversation_holds(format):
    keys = [f"key{number:03}" for number in range(MOST_KEYS)]
    queue = QueueFactory(statistics_keys=keys)
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    for some in (keys[:100], keys[100:]):
        served(queue, received_at=NOON, data=dict.fromkeys(some, "gold"))
    run_reporting_job()

    file = written(asked_file(viewer, format=format))

    assert (file.state, file.rows_total) == ("ready", 2)


def test_of_more_keys_than_make_columns_somebody_has_to_choose():
    keys = [f"key{number:03}" for number in range(MOST_KEYS + 1)]
    queue = QueueFactory(statistics_keys=keys)
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    for some in (keys[:100], keys[100:200], keys[200:]):
        served(queue, received_at=NOON, data=dict.fromkeys(some, "gold"))
    run_reporting_job()

    refused = written(asked_file(viewer))
    chosen = written(asked_file(viewer, **YEAR, column=[keys[-1]]))

    assert (refused.state, chosen.state) == ("failed", "ready")
    assert refused.reason == f"More than {MOST_KEYS} kept keys occur in these rows. Choose those that become columns."
    assert sorted(line[keys[-1]] for line in lines_of(chosen)) == ["", "", "gold"]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_file_is_for_the_portal_alone_to_read(viewer, format):
    report_folder().mkdir(mode=0o755, parents=True)

    file = written(asked_file(viewer, format=format))

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(report_folder().stat().st_mode) == 0o700


def test_an_empty_report_is_a_file_with_headings(viewer):
    assert lines_of(written(asked_file(viewer))) == []
    assert openpyxl.load_workbook(written(asked_file(viewer, format="xlsx")).path)["Contact Log"].max_row == 1


# Who writes them


def test_a_file_cancelled_while_it_is_written_stops_and_leaves_nothing(queue, viewer, monkeypatch):
    monkeypatch.setattr(jobs.Progress, "seconds", 0)
    monkeypatch.setattr(parts, "LINES_BETWEEN_LOOKS", 1)
    for hour in range(3):
        abandoned(queue, received_at=NOON + timedelta(hours=hour))
    run_reporting_job()
    file = asked_file(viewer)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reporting_contactlogentry IN ACCESS EXCLUSIVE MODE")
        writer = Elsewhere(lambda: jobs.work_on(ReportFile, file.pk))
        eventually_waiting("%reporting_contactlogentry%")
        Elsewhere(lambda: files.cancel(file)).finish()
    writer.finish()

    file.refresh_from_db()
    assert (file.state, file.rows_done, file.query) == ("cancelled", 0, {})
    assert list(report_folder().iterdir()) == []


def test_a_file_whose_writer_was_killed_is_taken_over(queue, viewer):
    abandoned(queue, received_at=NOON)
    run_reporting_job()
    file = asked_file(viewer)
    killed = ReportFile.objects.claim(file.pk, now=timezone.now())
    report_folder().mkdir(parents=True)
    killed.scratch.mkdir()
    files.clear_away(now=timezone.now())
    assert killed.scratch.exists()
    files.clear_away(now=killed.held_until)
    assert not killed.scratch.exists()

    untouched = written(file).state
    ReportFile.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    taken_over = written(file)

    assert (untouched, taken_over.state, len(lines_of(file))) == ("writing", "ready", 1)
    with pytest.raises(jobs.NoLongerHeld):
        building.build(killed)
    assert lines_of(file)


def test_a_file_that_kills_its_writers_is_given_up(viewer):
    file = asked_file(viewer)
    ReportFile.objects.update(interruptions=ReportFile.most_interruptions)

    assert (written(file).state, "interrupted 10 times" in file.reason) == ("failed", True)


def test_two_workers_told_of_the_same_file_write_it_once(queue, viewer):
    abandoned(queue, received_at=NOON)
    run_reporting_job()
    file = asked_file(viewer)

    for writer in [Elsewhere(lambda: jobs.work_on(ReportFile, file.pk)) for _ in range(4)]:
        writer.finish()

    file.refresh_from_db()
    assert (file.state, file.attempts) == ("ready", 1)
    assert [path.name for path in report_folder().iterdir()] == [f"{file.pk}.csv"]


def test_the_sweep_sends_a_worker_where_something_waits_and_none_where_all_is_held(viewer, monkeypatch):
    held = asked_file(viewer)
    ReportFile.objects.claim(held.pk, now=timezone.now())
    told = []
    monkeypatch.setattr(tasks.work_on_waiting_jobs, "apply_async", lambda args, **_: told.extend(args))

    tasks.sweep_jobs()
    assert told == []
    asked_file(viewer)
    tasks.sweep_jobs()

    assert told == ["reporting.ReportFile"]


def test_a_file_past_its_time_is_deleted_with_what_was_asked(queue, viewer):
    abandoned(queue, received_at=NOON)
    run_reporting_job()
    file = written(asked_file(viewer, **YEAR, kept=["customerType=a person's secret"]))
    (report_folder() / "of-a-deleted-user.csv").write_text("whole")

    files.clear_away(now=file.expires_at)

    file.refresh_from_db()
    assert (file.state, file.query, list(report_folder().iterdir())) == ("expired", {}, [])


def test_a_failure_is_told_in_words_without_data(queue, viewer, monkeypatch, caplog):
    abandoned(queue, received_at=NOON)
    run_reporting_job()
    file = asked_file(viewer)
    ReportFile.objects.update(query=file.query | {"zone": ["Nowhere/canary-91"]})

    again = written(file)
    ReportFile.objects.update(held_until=None, attempts=2)
    failed = written(file)

    assert (again.state, failed.state, failed.query) == ("failed", "failed", {})
    assert "Given up after 3 attempts" in failed.reason
    assert "canary" not in failed.reason + caplog.text


# Who may fetch them


def test_only_the_rows_of_the_owners_queues_are_in_a_file_and_rights_withdrawn_later_count(queue, viewer):
    foreign = QueueFactory(statistics_keys=["secret"])
    served(foreign, received_at=NOON, data={"secret": "foreign"})
    served(queue, received_at=NOON, data={"customerType": "gold"})
    run_reporting_job()

    file = written(asked_file(viewer))

    assert len(lines_of(file)) == 1
    assert "secret" not in lines_of(file)[0]
    assert files.may_download(viewer, file)
    viewer.access_rights.all().delete()
    assert not files.may_download(viewer, file)
