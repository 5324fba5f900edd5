"""A schedule, the report it is of, and its runs worked on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from channels_cfg import jobs
from channels_cfg.models import User
from reporting.contact_log.query import LogQuery, zone_of
from reporting.models import ReportFile, ReportSchedule, SavedReport, ScheduledRun
from reporting.saved_reports import save_report
from reporting.schedules.planning import run_now, save_schedule

YEAR = {"received_after": ["2026-01-01"], "received_before": ["2027-01-01"], "zone": ["Europe/Helsinki"]}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def saved_report(owner: User, name: str = "All", **params: list[str]) -> SavedReport:
    query = LogQuery.parse(params or YEAR, zone=zone_of(owner), now=timezone.now())
    return save_report(query=query, name=name, owner=owner, now=timezone.now())


def shared_report(owner: User, name: str = "Shared") -> SavedReport:
    report = saved_report(owner, name)
    report.is_shared = True
    report.save()
    return report


def scheduled(owner: User, *recipients: User, report: SavedReport | None = None, **facts: Any) -> ReportSchedule:
    """At seven every day in Helsinki, as CSV, for its owner where nobody else is named."""
    now = facts.pop("now", None) or timezone.now()
    given = {"name": "Daily", "cron": "0 7 * * *", "zone": "Europe/Helsinki", "formats": ["csv"], **facts}
    schedule = ReportSchedule(
        owner=owner, report=report or saved_report(owner), origin="https://portal.example/", **given
    )
    save_schedule(schedule, recipients=[user.username for user in recipients or (owner,)], now=now)
    return schedule


def worked_on(run: ScheduledRun) -> ScheduledRun:
    """One turn of a worker, for which no pause is left."""
    ScheduledRun.objects.filter(pk=run.pk, finished_at=None).update(held_until=None)
    jobs.work_on(ScheduledRun, run.pk)
    run.refresh_from_db()
    return run


def write_files() -> None:
    for file in ReportFile.objects.unfinished():
        jobs.work_on(ReportFile, file.pk)


def completed(run: ScheduledRun) -> ScheduledRun:
    """The rows are noted, the files written, everybody told."""
    worked_on(run)
    write_files()
    return worked_on(run) if run.is_unfinished else run


def ran(schedule: ReportSchedule) -> ScheduledRun:
    """Its rows are noted, and it is over; nobody writes the files."""
    run = worked_on(run_now(schedule, now=timezone.now()))
    ScheduledRun.objects.filter(pk=run.pk).update(state=ScheduledRun.State.DONE, finished_at=timezone.now())
    run.refresh_from_db()
    return run
