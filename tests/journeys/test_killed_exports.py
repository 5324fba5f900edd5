"""Files of the Contact Log whose workers are killed at random while they are written equal undisturbed ones.

``EXPORTED_ROWS``, ``EXPORT_KILLS``, ``EXPORT_KILL_SECONDS`` (the longest time between two) and ``EXPORT_FORMATS`` set
the size: 1000000, 50, 10 and ``csv,xlsx,parquet`` is the full one, of about a quarter of an hour for each kind of
worker.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pyarrow import parquet

from channels_cfg import jobs
from channels_cfg.models import User
from reporting.contact_log import files
from reporting.contact_log.fill import run_reporting_job
from reporting.models import ContactLogEntry, ReportFile, ReportFileSlice
from reporting.models.report_file import report_folder
from tests.bench.dataset import fill, vacuum
from tests.bench.exports import everything
from tests.bench.result import execute
from tests.journeys.conftest import eventually, killed_celery_workers, killed_workers

ROWS = int(os.environ.get("EXPORTED_ROWS", 800))
KILLS = int(os.environ.get("EXPORT_KILLS", 8))
KILLS_OF_CELERY = int(os.environ.get("EXPORT_KILLS", 2))
SECONDS = float(os.environ.get("EXPORT_KILL_SECONDS", 0.7))
FORMATS = os.environ.get("EXPORT_FORMATS", "csv,xlsx,parquet").split(",")
SLICE_ROWS = max(100, ROWS // 50)
CONVERSATIONS = min(ROWS, 10_000)
FINISHED_WITHIN = 120 + ROWS / 500


def digest_of(file: ReportFile) -> object:
    """Of all that the file has but where it says which file it is."""
    if file.format == "xlsx":
        with zipfile.ZipFile(file.path) as archive:
            assert archive.testzip() is None
            *sheets, _about = sorted(name for name in archive.namelist() if name.startswith("xl/worksheets/"))
            return [archive.getinfo(name).CRC for name in [*sheets, "xl/styles.xml", "xl/workbook.xml"]]
    digest = hashlib.sha256()
    if file.format == "parquet":
        for batch in parquet.ParquetFile(file.path).iter_batches(10_000):
            digest.update(repr(batch.to_pydict()).encode())
    else:
        with file.path.open("rb") as content:
            while block := content.read(1024 * 1024):
                digest.update(block)
    return digest.hexdigest()


def asked_file(format: str) -> ReportFile:
    log = everything(start=datetime(2000, 1, 1, tzinfo=UTC))
    return files.ask_for(log, format=format, owner=User.objects.get(username="supervisor"), now=timezone.now())


def work_undisturbed(format: str) -> ReportFile:
    file = asked_file(format)
    jobs.work_on(ReportFile, file.pk)
    file.refresh_from_db()
    return file


def multiply_log(times: int) -> None:
    """Each entry stands there so often, a millisecond later each time: conversations of their own would take longer."""
    others = [
        field.column for field in ContactLogEntry._meta.fields if field.name not in ("conversation", "received_at")
    ]
    copied = ", ".join(["conversation_id", "received_at", *others])
    execute(
        f"INSERT INTO reporting_contactlogentry ({copied})"
        f" SELECT gen_random_uuid(), received_at + time * interval '1 ms', {', '.join(others)}"
        f" FROM reporting_contactlogentry, generate_series(1, {times - 1}) AS time"
    )
    vacuum()


@pytest.mark.parametrize(
    "killed",
    [
        pytest.param(partial(killed_workers, KILLS, kinds=[ReportFile, ReportFileSlice]), id="alone"),
        pytest.param(partial(killed_celery_workers, KILLS_OF_CELERY), id="with_what_they_started"),
    ],
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300 + ROWS // 200)
def test_files_whose_workers_are_killed_equal_those_of_undisturbed_ones(killed: Any, tmp_path: Path, settings):
    settings.MEDIA_ROOT = tmp_path / "var" / "files"
    fill(CONVERSATIONS)
    run_reporting_job()
    multiply_log(ROWS // CONVERSATIONS)
    settings.REPORT_SLICE_ROWS = SLICE_ROWS
    asked = [asked_file(format) for format in FORMATS]
    size = {"REPORT_SLICE_ROWS": str(SLICE_ROWS), "REPORT_PROCESSES": "1"}

    with killed(folder=tmp_path, seconds=SECONDS, **size):
        states = [(file.format, file.state, file.rows_done) for file in ReportFile.objects.order_by("created_at")]
        print("After the last kill:", *states, sep="\n")
        eventually(lambda: not ReportFile.objects.unfinished().exists(), within=FINISHED_WITHIN)

    for file in asked:
        file.refresh_from_db()
        assert (file.state, file.rows_total) == ("ready", ROWS), file.reason
        assert digest_of(file) == digest_of(work_undisturbed(file.format)), file.format
    files.clear_away(now=timezone.now())  # what was killed with the last worker
    left = sorted(path.name for path in report_folder().iterdir())
    assert left == sorted(file.path.name for file in ReportFile.objects.all())
    assert not ReportFileSlice.objects.exists()
