"""Datasets of the Contact Log in folders, and what DuckDB reads of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import time_machine
from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import MetadataDestination
from reporting.contact_log import dataset
from reporting.contact_log.fill import run_reporting_job
from reporting.models import DatasetDay
from tests.factories import MetadataDestinationFactory

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def dataset_in(folder: Path, **facts: Any) -> MetadataDestination:
    """A folder in which the Contact Log is to be kept."""
    folder.mkdir(exist_ok=True)
    return MetadataDestinationFactory(folder=str(folder), **{"dataset_folder": "contact_log", **facts})


def work(at: datetime) -> None:
    """Write what is due at this moment."""
    with time_machine.travel(at, tick=False):
        for pk in list(DatasetDay.objects.waiting(now=at).values_list("pk", flat=True)):
            jobs.work_on(DatasetDay, pk)


def follow() -> None:
    """Report what happened, and have the dataset follow, as long as it takes."""
    run_reporting_job()
    now = timezone.now()
    dataset.plan(now=now)
    work(now + dataset.WRITTEN_AFTER)


def names(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.parquet"))


def read(folder: Path, columns: str = "*", rest: str = "") -> list[tuple[Any, ...]]:
    """What DuckDB finds, as docs/contact-log-dataset.md says that it is asked."""
    files = f"read_parquet('{folder}/contact_log/*/*/*.parquet', hive_partitioning = true)"
    return duckdb.sql(f"SELECT {columns} FROM {files} {rest}").fetchall()


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
