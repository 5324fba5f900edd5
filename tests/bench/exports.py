"""Files of the whole Contact Log, and what PostgreSQL alone would need for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import User
from reporting.contact_log import files
from reporting.contact_log.query import LogQuery
from reporting.contact_log.table import csv_rows, snapshot
from reporting.models import ReportFile
from tests.bench.dataset import KEPT_KEYS


def everything(**asked: Any) -> LogQuery:
    """A query for every row, where nothing else is asked for."""
    always = {"start": datetime(2000, 1, 1, tzinfo=UTC), "end": timezone.now() + timedelta(days=1)}
    return LogQuery(**always | asked, zone=ZoneInfo("Europe/Helsinki"))


def write(query: LogQuery, format: str, owner: User) -> None:
    """Have the file written as the task does it."""
    file = files.ask_for(query, format=format, owner=owner, now=timezone.now())
    jobs.work_on(ReportFile, file.pk)
    file.refresh_from_db()
    assert file.state == ReportFile.State.READY, file.reason
    file.path.unlink()


def copy_to(target: Path, query: LogQuery, owner: User) -> None:
    """COPY of the query that stands behind the file, to a file."""
    statement, params = csv_rows(query.entries(owner), KEPT_KEYS, for_people=True).query.sql_with_params()
    with (
        snapshot(zone=query.zone) as cursor,
        target.open("wb") as out,
        cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)", params) as lines,
    ):
        while block := lines.read():
            out.write(block)
