"""Counts as a file: what the page shows, for a spreadsheet."""

import csv
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import time_machine
from django.contrib.auth import get_user

from channels_cfg import jobs
from channels_cfg.models import AccessRight, Right, SystemSettings
from reporting.contact_log import building, files
from reporting.contact_log.fill import run_reporting_job
from reporting.contact_log.measures import MEASURES
from reporting.contact_log.query import LogQuery
from reporting.models import ReportFile
from tests.factories import QueueFactory, grant, user_with
from tests.reporting.stories import Elsewhere, abandoned, served

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
PERIOD = {"received_after": "2026-03-28", "received_before": "2026-03-31", "zone": "Europe/Helsinki"}


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def queue():
    return QueueFactory(name="Sales", statistics_keys=["customerType"])


@pytest.fixture
def fetched(client, queue):
    """The answer to a question as CSV or as a workbook, to who may view reports on the queue."""
    viewer = user_with(Right.VIEW_REPORTS, on=queue)
    client.force_login(viewer)

    def fetch(format: str, **asked: object) -> bytes:
        run_reporting_job()
        client.post("/reports/files/ask/", {**PERIOD, "format": f"counts.{format}", **asked})
        file = ReportFile.objects.unfinished().get()
        jobs.work_on(ReportFile, file.pk)
        answer = client.get(f"/reports/files/{file.pk}/download/")
        assert f'filename="counts_2026-03-28_2026-03-30_Europe-Helsinki.{format}"' in answer["Content-Disposition"]
        return answer.getvalue()

    return fetch


def lines(content: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_csv_has_numbers_and_says_of_what_and_at_last_why_some_are_missing(queue, fetched):
    served(queue, received_at=NOON)
    abandoned(queue, received_at=NOON + timedelta(days=1), waited=timedelta(seconds=31))

    asked = {"interval": "day", "measure": ["conversations", "average_wait", "service_level"]}

    none = "Average wait: no conversations; Service level: no conversations"
    assert lines(fetched("csv", **asked)) == [
        [
            *("Received", "Begins (Europe/Helsinki)", "Conversations", "Average wait (seconds)"),
            *("Service level (share, from 0 to 1)", "Empty because"),
        ],
        ["Sat 03-28", "2026-03-28T00:00:00+02:00", "0", "", "", none],
        ["Sun 03-29 (23 h)", "2026-03-29T00:00:00+02:00", "1", "60.0", "0.0", ""],
        ["Mon 03-30", "2026-03-30T00:00:00+03:00", "1", "31.0", "0.0", ""],
        ["All", "", "2", "45.5", "0.0", ""],
    ]


def test_csv_is_written_as_the_spreadsheet_of_the_reader_wants_it(queue, fetched):
    content = fetched("csv", interval="day", delimiter=";", without_mark="on")

    assert content.startswith(b"Received;Begins (Europe/Helsinki);Conversations;")
    assert fetched("csv", interval="day").startswith("\ufeffReceived,".encode())


def test_each_grouping_of_a_row_has_a_column_of_its_own_and_no_group_is_a_formula(queue, fetched):
    for value in ("=1+1", "=1+1", "gold\r=2+2"):
        served(queue, received_at=NOON, data={"customerType": value})

    table = lines(fetched("csv", by=["queue", "key:customerType"], measure="conversations"))

    assert table == [
        ["Queue", "customerType", "Conversations"],
        ["Sales", "'=1+1", "2"],
        ["Sales", "gold\r=2+2", "1"],
        ["All", "", "3"],
    ]


def test_0_beside_0_is_0_and_what_is_missing_there_says_why(queue, fetched):
    served(queue, received_at=NOON - timedelta(days=3))

    asked = {"interval": "day", "measure": ["conversations", "average_wait"], "compare": "previous"}
    table = lines(fetched("csv", **asked))

    assert [row[2:4] for row in table[1:]] == [["0", "0"], ["0", "1"], ["0", "0"], ["0", "1"]]
    assert table[2][4:] == ["", "60.0", "Average wait: no conversations"]
    assert table[1][-1] == "Average wait: no conversations; Average wait, compared with: no conversations"


def test_groups_across_are_columns_beside_what_they_are_compared_with(queue, fetched):
    for day in (0, 0, -3):
        served(queue, received_at=NOON + timedelta(days=day), data={"customerType": "gold"})
    served(queue, received_at=NOON, data={"customerType": "silver"})

    table = lines(fetched("csv", by="queue", across="key:customerType", compare="previous"))

    assert table == [
        [
            *("Queue", "gold", "gold, compared with", "silver", "silver, compared with"),
            *("All", "All, compared with"),
        ],
        ["Sales", "2", "1", "1", "0", "3", "1"],
        ["All", "2", "1", "1", "0", "3", "1"],
    ]


def test_without_intervals_and_groups_all_measures_are_there(queue, fetched):
    served(queue, received_at=NOON)

    (headings, numbers) = lines(fetched("csv"))

    assert len(headings) == 1 + len(MEASURES) + 1  # and why some are missing
    assert (headings[2], numbers[2]) == ("Served", "1")


def test_a_workbook_has_durations_shares_and_moments_and_says_what_was_asked(queue, fetched):
    served(queue, received_at=NOON)

    content = fetched(
        "xlsx", interval="day", queue=queue.pk, measure=["conversations", "average_wait", "service_level"]
    )

    book = openpyxl.load_workbook(BytesIO(content))
    counts, about = book.worksheets
    rows = list(counts.values)
    assert rows[2] == ("Sun 03-29 (23 h)", datetime(2026, 3, 29), 1, timedelta(minutes=1), 0, None)
    assert rows[1][3:] == (None, None, "Average wait: no conversations; Service level: no conversations")
    assert rows[-1][0] == "All"
    assert (counts.freeze_panes, counts.auto_filter.ref) == ("B2", "A1:F4")  # the total stays where rows are filtered
    said = list(about.values)
    assert ("Report", "Counts of the Contact Log") in said
    assert "Complete up to" in dict(said)
    assert ("Conditions", "Queue: Sales") in said
    assert ("Average wait", "From queued, or received if direct, to first accepted or the end") in said


def test_small_numbers_are_hidden_in_the_file_as_on_the_page(queue, fetched):
    SystemSettings.objects.update_or_create(pk=1, defaults={"smallest_group": 3})
    for day, number in enumerate((5, 4, 1), start=-1):
        for _ in range(number):
            served(queue, received_at=NOON + timedelta(days=day))

    table = lines(fetched("csv", interval="day", measure="conversations"))
    said = openpyxl.load_workbook(BytesIO(fetched("xlsx", interval="day"))).worksheets[1].values

    assert [row[2] for row in table[1:]] == ["5", "", "", "10"]
    assert [row[3] for row in table[1:]] == ["", *["Conversations: hidden"] * 2, ""]
    assert any(name == "Note" and "fewer than 3 conversations are hidden" in words for name, words in said)


def test_a_file_of_counts_leads_to_its_report(queue, client, fetched):
    served(queue, received_at=NOON)
    fetched("csv", by="queue")

    listed = client.get("/reports/files/").content.decode()

    assert "· counts ·" in listed
    assert "2026-03-28 – 2026-03-30 (Europe/Helsinki) · by Queue<" in listed
    (address,) = re.findall(r'href="(/reports/\?interval=none[^"]+by=queue[^"]*)"', listed)
    assert ">Sales</th>" in client.get(unescape(address)).content.decode()


def test_rights_on_what_stands_beside_the_numbers_count_at_download(client, queue, fetched):
    other = QueueFactory(name="Service")
    viewer = get_user(client)
    grant(viewer, Right.VIEW_REPORTS, on=other)
    for place in (queue, other):
        served(place, received_at=NOON)
    fetched("csv", queue=queue.pk, compare=f"queue:{other.pk}")
    address = f"/reports/files/{ReportFile.objects.get().pk}/download/"

    viewer.access_rights.filter(queue=other).delete()

    assert client.get(address).status_code == 403


@pytest.mark.parametrize("step", ["_look_around", "counts_as_file"])
def test_numbers_of_a_queue_whose_right_is_withdrawn_meanwhile_are_given_to_nobody(client, queue, monkeypatch, step):
    other = QueueFactory(name="Service")
    viewer = grant(user_with(Right.VIEW_REPORTS, on=queue), Right.VIEW_REPORTS, on=other)
    for place in (queue, other):
        served(place, received_at=NOON)
    run_reporting_job()
    client.force_login(viewer)
    client.post("/reports/files/ask/", {**PERIOD, "format": "counts.csv", "compare": f"queue:{other.pk}"})
    place = building if step == "counts_as_file" else building._Building
    real = getattr(place, step)

    def withdrawn_after(*given):
        result = real(*given)
        Elsewhere(lambda: AccessRight.objects.filter(user=viewer, queue=other).delete()).finish()
        return result

    monkeypatch.setattr(place, step, withdrawn_after)
    file = ReportFile.objects.get()
    jobs.work_on(ReportFile, file.pk)

    file.refresh_from_db()
    assert (file.state, file.path.exists()) == ("failed", False)
    assert "Your rights changed" in file.reason


def test_what_a_recipient_may_not_see_is_no_zero_beside_their_numbers(client, queue, fetched):
    other = QueueFactory(name="Service")
    served(queue, received_at=NOON)
    answer = client.post("/reports/files/ask/", {**PERIOD, "format": "counts.csv", "compare": f"queue:{other.pk}"})
    assert answer.headers["Location"].startswith("/reports/?received_after=")
    assert not ReportFile.objects.exists()

    query = LogQuery.parse(
        {**{name: [value] for name, value in PERIOD.items()}, "compare": [f"queue:{other.pk}"]},
        zone=ZoneInfo("UTC"),
        now=NOON,
    )
    file = files.ask_for(query, format="counts.xlsx", owner=get_user(client), now=NOON)
    run_reporting_job()
    jobs.work_on(ReportFile, file.pk)

    counts, about = openpyxl.load_workbook(file.path).worksheets
    assert not any("compared" in heading for heading in next(counts.values))
    assert ("Compared with", "There is no such queue of which you may view reports.") in about.values


def test_a_file_says_where_there_is_no_data_and_that_a_period_is_not_over(queue, fetched):
    served(queue, received_at=NOON)

    asked = {"interval": "day", "measure": "conversations", "empty": "no_data"}
    table = lines(fetched("csv", **asked))
    with time_machine.travel(NOON, tick=False):
        said = openpyxl.load_workbook(BytesIO(fetched("xlsx", compare="previous"))).worksheets[1].values

    no_data = ["", "Conversations: no data"]
    assert [row[2:] for row in table[1:]] == [no_data, ["1", ""], no_data, ["1", ""]]
    assert ("Note", "The period is not over yet; it is compared with a whole one.") in said
