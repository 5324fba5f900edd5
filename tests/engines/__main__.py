"""``make engines``: engines of others read what the portal writes for them, and count what its page counts.

A line for each question, and for each engine how long it took; then how many rows LibreOffice shows of the workbook.
Exit status 1 where one counts or shows otherwise. ``ENGINE_ROWS`` (default 50,000) conversations. An engine is a
function in ``ENGINES``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

DATABASE = os.environ.setdefault("BENCH_DATABASE", "keepsake_engines")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.portal_settings")
os.environ.setdefault("VAR_DIR", "var")

import django  # noqa: E402

django.setup()

from django.utils import timezone  # noqa: E402

from channels_cfg import jobs  # noqa: E402
from channels_cfg.models import MetadataDestination, User  # noqa: E402
from reporting.bi.logins import create_login  # noqa: E402
from reporting.contact_log import dataset, files  # noqa: E402
from reporting.contact_log.counts import count  # noqa: E402
from reporting.contact_log.intervals import INTERVALS  # noqa: E402
from reporting.contact_log.query import LogQuery  # noqa: E402
from reporting.models import DatasetDay, ReportFile  # noqa: E402
from tests.bench import databases  # noqa: E402
from tests.engines import duckdb_reads, history, libreoffice_reads, spark_reads, superset_reads  # noqa: E402
from tests.engines.questions import GROUPS, Counts, Dialect, of_engine, of_page, statement  # noqa: E402

ROWS = 50_000
FOLDER = "contact_log"
ENVIRONMENT = Path(os.environ.get("ENGINES", ".venv-engines"), "bin", "python")
"""Where the engines are that the tests' own environment has not."""
ZONE = ZoneInfo("Europe/Helsinki")


@dataclass(frozen=True)
class Written:
    """What engines find: the dataset's folder, and the database with the BI views; who sees all of it on the page."""

    folder: Path
    database: str
    viewer: User


def questions() -> list[LogQuery]:
    """Every grouping and interval, of a long and of a short period, on the clock of a zone."""
    keys = tuple(f"key:{key}" for key in ("customerType", "csat", "customerId"))
    groups = [(), *((by,) for by in (*GROUPS, *keys)), ("queue", "key:customerType"), ("state", "direction", "agent")]
    asked = [("", by) for by in groups] + [(interval, ()) for interval in INTERVALS if "minutes" not in interval]
    asked += [("month", ("state",)), ("day", ("key:customerType",))]
    now = timezone.now()
    return [
        LogQuery(start=now - timedelta(days=days), end=now, zone=ZONE, interval=interval, group_by=by)
        for days in (60, 3)
        for interval, by in asked
    ]


def _duckdb(written: Written, asked: Sequence[LogQuery]) -> list[Counts]:
    return _counts(duckdb_reads.answers(written.folder, _sql(asked, duckdb_reads.DIALECT), zone=str(ZONE)))


def _spark(written: Written, asked: Sequence[LogQuery]) -> list[Counts]:
    return _counts(
        spark_reads.answers(str(ENVIRONMENT), written.folder, _sql(asked, spark_reads.DIALECT), zone=str(ZONE))
    )


def _superset(written: Written, asked: Sequence[LogQuery]) -> list[Counts]:
    """Its chart is looked at, too: it draws what the page counts by day."""
    address = superset_reads.on_clock(create_login(written.viewer, now=timezone.now()).address, str(ZONE))
    with superset_reads.running(ENVIRONMENT.parent) as superset:
        connected = superset.connect(address)
        by_day = next(query for query in asked if query.interval == "day" and not query.groupings)
        shown = of_page(by_day, count(by_day, written.viewer)).shown
        counted = {day: int(numbers[0] or 0) for (day,), numbers in shown.items() if numbers[0]}
        drawn = superset.chart(connected)
        verdict = "same" if drawn == counted else "OTHER"
        print(f"Superset: a chart of {len(drawn)} days, {sum(drawn.values())} conversations: {verdict}", flush=True)
        if drawn != counted:
            raise SystemExit(1)
        return _counts([superset.rows(connected, words) for words in _sql(asked, superset_reads.DIALECT)])


ENGINES: dict[str, Callable[[Written, Sequence[LogQuery]], list[Counts]]] = {
    "DuckDB": _duckdb,
    "Spark": _spark,
    "Superset": _superset,
}
"""What each engine counts for each question. One that reads the BI views finds the database in what is written."""


def _sql(asked: Sequence[LogQuery], dialect: Dialect) -> list[str]:
    return [statement(query, dialect) for query in asked]


def _counts(answers: Sequence[list[tuple]]) -> list[Counts]:
    return [of_engine(rows) for rows in answers]


def write_dataset(folder: Path) -> float:
    """Have all days written to the folder as workers do it; seconds."""
    MetadataDestination.objects.create(name="Lake", folder=str(folder), dataset_folder=FOLDER)
    began = time.monotonic()
    dataset.plan(now=timezone.now())
    jobs.work_on_waiting(jobs.kind_of(DatasetDay), until=timezone.now() + timedelta(hours=1))
    return time.monotonic() - began


def main() -> int:
    rows = int(os.environ.get("ENGINE_ROWS") or ROWS)
    with databases.filled(DATABASE, rows) as filled, tempfile.TemporaryDirectory() as folder:
        viewer = history.tell_of_every_kind(filled)
        taken = write_dataset(Path(folder))
        sizes = DatasetDay.objects.filter(state="done").values_list("size", flat=True)
        print(f"{rows} conversations: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB, written in {taken:.1f} s")
        written = Written(Path(folder, FOLDER), DATABASE, viewer)
        return compare(written, questions()) or open_workbook(viewer)


def compare(written: Written, asked: Sequence[LogQuery]) -> int:
    """Print a line for each question; 1 where an engine counts otherwise."""
    expected = [of_page(query, count(query, written.viewer)) for query in asked]
    found: dict[str, list[Counts]] = {}
    for name, engine in ENGINES.items():
        began = time.monotonic()
        found[name] = engine(written, asked)
        print(f"{name}: {len(asked)} questions in {time.monotonic() - began:.1f} s", flush=True)
    print(f"{'question':60} {'groups':>8} {'counted':>9}  " + "  ".join(ENGINES))
    are_same = True
    for place, (query, page) in enumerate(zip(asked, expected, strict=True)):
        agree = [page.agree_with(found[name][place]) for name in ENGINES]
        are_same = are_same and all(agree)
        words = f"{query.interval or 'all'} by {', '.join(query.group_by) or 'nothing'}, from {query.start:%Y-%m-%d}"
        verdicts = "  ".join("same " if one else "OTHER" for one in agree)
        print(f"{words:60} {len(page.shown):8} {page.conversations:9}  {verdicts}")
    return 0 if are_same else 1


def open_workbook(viewer: User) -> int:
    """Print how many rows LibreOffice shows of the log; 1 where they are not those that the CSV file has."""
    now = timezone.now()
    everything = LogQuery(start=now - timedelta(days=3650), end=now, zone=ZONE)
    csv_file, workbook = (_file(everything, format, viewer) for format in ("csv", "xlsx"))
    began = time.monotonic()
    shown, expected = libreoffice_reads.sheets(workbook)["Contact Log"], libreoffice_reads.shown_of(csv_file)
    verdict = "same" if shown == expected else "OTHER"
    print(f"LibreOffice: {len(shown) - 1} rows of a workbook in {time.monotonic() - began:.1f} s: {verdict}")
    return 0 if shown == expected else 1


def _file(query: LogQuery, format: str, owner: User) -> Path:
    file = files.ask_for(query, format=format, owner=owner, now=timezone.now())
    jobs.work_on(ReportFile, file.pk)
    return file.path


if __name__ == "__main__":
    sys.exit(main())
