"""Schedules that people keep, and the runs that come of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from channels_cfg import jobs
from channels_cfg.models import OpeningHours, User
from reporting.models import ReportSchedule, SavedReport, ScheduledRun
from reporting.models.report_schedule import MADE_AGAIN, RUNS_KEPT, RUNS_KEPT_FOR, no_such_report
from reporting.schedule_times import latest_time
from reporting.viewing import may_view_reports, report_recipients

MOST_SCHEDULES = 100
"""Of one owner."""
MOST_RECIPIENTS = 50


class RunUnderWay(Exception):
    """A run is not finished that would be started anew."""

    def __init__(self, run: ScheduledRun) -> None:
        super().__init__(run.pk)
        self.run = run


def schedules_of(owner: User) -> QuerySet[ReportSchedule]:
    """The owner's own schedules, by name."""
    return ReportSchedule.objects.filter(owner=owner)


def refusal(schedule: ReportSchedule, *, owner_may_view: bool | None = None) -> str:
    """Why its report is not made for its owner any more, in words; empty where it is.

    Whether the owner may view reports is looked up where it is not said.
    """
    report, owner = schedule.report, schedule.owner
    if report is None:
        return _("The saved report was deleted. Choose another.")
    if report.owner_id == owner.pk:
        return ""
    if not report.is_open_to(owner):
        return _("The saved report is not shared any more. Choose another, or ask whose it is to share it again.")
    may_view = may_view_reports(owner) if owner_may_view is None else owner_may_view
    return "" if may_view else _("Its owner may not view reports any more.")


def report_name(schedule: ReportSchedule) -> str:
    """As its owner may know it; the schedule's own where they may not."""
    return schedule.name if refusal(schedule) or not schedule.report else schedule.report.name


@transaction.atomic
def save_schedule(schedule: ReportSchedule, *, recipients: Collection[str], now: datetime) -> None:
    """Keep a schedule for the users of these names, and plan its next run. Raises ``ValidationError`` by field, and
    ``ReportSchedule.DoesNotExist`` where it was deleted meanwhile."""
    _hold(schedule, recipients)
    complaints: dict[str, list[str]] = {}
    try:
        schedule.full_clean()
    except ValidationError as bad:
        complaints = bad.message_dict
    try:
        users = recipients_named(recipients)
    except ValidationError as bad:
        complaints["recipients"] = bad.messages
    if not schedule.pk and schedules_of(schedule.owner).count() >= MOST_SCHEDULES:
        most = {"most": MOST_SCHEDULES}
        complaints.setdefault("name", []).append(_("You have %(most)d schedules. Delete one first.") % most)
    if complaints:
        raise ValidationError(complaints)
    schedule.plan(now=now)
    if not schedule.next_times(1, now=now).at:
        words = _("They are closed on all days on which it would run. Choose others, or other times.")
        raise ValidationError({"opening_hours": words})
    schedule.save()
    schedule.recipients.set(users)


def _hold(schedule: ReportSchedule, recipients: Collection[str]) -> None:
    """Have whoever deletes the schedule, or what it is made of, wait until the transaction ends, or wait for them; in
    the order in which Django deletes, so that neither waits for the other in a circle."""
    if schedule.pk:
        ReportSchedule.objects.select_for_update().get(pk=schedule.pk)
    if schedule.report_id and not _is_held(SavedReport, schedule.report_id):
        raise ValidationError({"report": no_such_report()})
    if schedule.opening_hours_id and not _is_held(OpeningHours, schedule.opening_hours_id):
        raise ValidationError({"opening_hours": _("These opening hours were deleted. Choose others, or none.")})
    concerned = User.objects.filter(Q(pk=schedule.owner_id) | Q(username__in=list(recipients)[:MOST_RECIPIENTS]))
    list(concerned.order_by("pk").select_for_update(no_key=True))  # nor do two at once go over a limit together


def _is_held(model: type[Model], pk: Any) -> bool:
    """Whether the row is still there, and stays to the end of the transaction."""
    return bool(model._default_manager.select_for_update(no_key=True).filter(pk=pk))


@transaction.atomic
def delete_schedules(schedules: QuerySet[ReportSchedule]) -> None:
    """Delete them with their runs. Who works on one meanwhile finds it gone, and has noted nothing."""
    pks = list(schedules.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    list(ScheduledRun.objects.filter(schedule__in=pks).order_by("pk").select_for_update().values_list("pk"))
    ReportSchedule.objects.filter(pk__in=pks).delete()


@transaction.atomic
def delete_report(report: SavedReport) -> None:
    """Delete the report, with the schedules that its owner made of it. Those of others are left without one."""
    list(report.schedules.order_by("pk").select_for_update(of=("self",)))  # the order of those who save one
    list(SavedReport.objects.select_for_update().filter(pk=report.pk))  # nobody makes a schedule of it meanwhile
    delete_schedules(report.schedules.filter(owner=report.owner_id))
    report.delete()


def recipients_named(names: Collection[str]) -> list[User]:
    """The users of these names, who may all receive reports. Raises ``ValidationError`` that names the others."""
    if not names:
        raise ValidationError(_("Name at least one recipient, by user name."))
    if len(names) > MOST_RECIPIENTS:
        raise ValidationError(_("At most %(most)d recipients.") % {"most": MOST_RECIPIENTS})
    found = {user.username: user for user in report_recipients().filter(username__in=names)}
    if unknown := [name for name in names if name not in found]:
        complaint = _("No user who views reports is called: %(names)s. Write user names as they sign in with.")
        raise ValidationError(complaint % {"names": ", ".join(unknown)})
    return list(found.values())


# Runs


def start_due_runs(*, now: datetime) -> None:
    """Have every schedule run whose time has come. Several workers may do so at once; each time runs once."""
    while _start_one(now):
        pass


@transaction.atomic
def _start_one(now: datetime) -> bool:
    due = ReportSchedule.objects.due(now=now).order_by("next_at", "pk")
    schedule = due.select_for_update(skip_locked=True, of=("self",)).first()
    if schedule is None:
        return False
    assert schedule.next_at  # it is due
    found = latest_time(
        schedule.cron, schedule.time_zone, due=schedule.next_at, now=now, is_left_out=schedule.is_left_out
    )
    schedule.plan(now=now)
    schedule.save(update_fields=["next_at"])
    if found:
        at, missed = found
        ScheduledRun.objects.create(schedule=schedule, planned_at=at, as_of=at, missed=missed, created_at=now)
        jobs.announce(ScheduledRun)
    return True


def run_now(schedule: ReportSchedule, *, now: datetime) -> ScheduledRun:
    """Have it run at once, besides its times. Raises ``RunUnderWay`` where a run is, of which none of an earlier period
    that is asked for again counts; ``ReportSchedule.DoesNotExist`` where it was deleted meanwhile; and
    ``ValidationError`` where its report is not made any more."""
    if reason := refusal(schedule):
        raise ValidationError(reason)
    return _start_unless_under_way(schedule, ~MADE_AGAIN, as_of=now, created_at=now)


def run_again(run: ScheduledRun, *, now: datetime) -> ScheduledRun:
    """Ask the same once more, of the same period. Raises as ``run_now``, where that is asked already."""
    same = Q(as_of=run.as_of)
    return _start_unless_under_way(run.schedule, same, as_of=run.as_of, query=run.query, created_at=now)


@transaction.atomic
def _start_unless_under_way(schedule: ReportSchedule, alike: Q, **facts: Any) -> ScheduledRun:
    """A run with these facts, unless one that is ``alike`` is not finished."""
    held = ReportSchedule.objects.select_for_update().get(pk=schedule.pk)  # two at once do not both start one
    if run := held.runs.unfinished().filter(alike).order_by("-created_at", "-pk").first():
        raise RunUnderWay(run)
    jobs.announce(ScheduledRun)
    return ScheduledRun.objects.create(schedule=schedule, **facts)


def delete_old_runs(*, now: datetime) -> None:
    """Delete finished runs that are too old, and of each schedule those that are too many."""
    finished = ScheduledRun.objects.exclude(finished_at=None)
    place = Window(RowNumber(), partition_by="schedule", order_by=["-created_at", "-pk"])
    too_many = finished.annotate(place=place).filter(place__gt=RUNS_KEPT)
    ScheduledRun.objects.filter(pk__in=[run.pk for run in too_many]).delete()
    finished.filter(created_at__lt=now - RUNS_KEPT_FOR).delete()
