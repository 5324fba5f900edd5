"""What a run tells by e-mail: where files are fetched, to recipients; why it failed, to the owner. No data is in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from channels_cfg import mail_server, moments
from channels_cfg.models import User
from reporting.contact_log.query import zone_of
from reporting.contact_log.words.asked_words import period_in_words
from reporting.models import ReportFile, ScheduledRun
from reporting.models.report_schedule import GIVEN_UP_AFTER
from reporting.schedules.planning import report_name
from reporting.schedules.rows import query_of

logger = logging.getLogger(__name__)


def tell_recipient(run: ScheduledRun, user: User, ready: Sequence[ReportFile]) -> None:
    """Raises ``MailRefused`` and ``MailUnreachable``."""
    schedule, expires_at = run.schedule, min(file.expires_at for file in ready if file.expires_at)
    lines = [
        _("The report “%(report)s” is ready.") % {"report": report_name(schedule)},
        "",
        _("Schedule: %(name)s, %(times)s (%(zone)s)")
        % {"name": schedule.name, "times": schedule.in_words, "zone": schedule.zone},
        _("Period: %(period)s") % {"period": period_in_words(query_of(run))},
        _("Rows that you may see: %(rows)d") % {"rows": ready[0].rows_total or 0},
        _("Files: %(formats)s") % {"formats": ", ".join(str(file.get_format_display()) for file in ready)},
        "",
        _("Fetch them under “My files”, after signing in, until %(until)s:") % {"until": _on_clock(expires_at, user)},
        f"{_link(run, 'reports:files')}#file-{ready[0].pk}",
        "",
        _("Only you can fetch them. %(owner)s named you as a recipient; to receive it no longer:")
        % {"owner": schedule.owner},
        _link(run, "reports:schedules"),
    ]
    subject = _("Report: %(name)s") % {"name": schedule.name}
    mail_server.send(to=user.email, subject=subject, text="\n".join(lines), name=f"run-{run.pk}-{user.pk}")


def tell_owners_of_failures(*, now: datetime) -> None:
    """Tell the owner of each run that failed why, once. Where the mail server is away, the next call tries again."""
    if not mail_server.is_set():
        return
    try:
        while _tell_an_owner(now):
            pass
    except mail_server.MailUnreachable as failure:
        logger.warning("Owners of failed reports are told later: %s", failure)


@transaction.atomic
def _tell_an_owner(now: datetime) -> bool:
    """Tell of one run, which is held meanwhile, so that another worker tells of others."""
    untold = ScheduledRun.objects.dead_letters().filter(owner_told_at=None, finished_at__gt=now - GIVEN_UP_AFTER)
    run = untold.order_by("pk").select_for_update(skip_locked=True).first()
    if run is None:
        return False
    try:
        if run.schedule.owner.email and run.schedule.owner.is_active:
            _tell_owner(run)
    except mail_server.MailRefused as refused:
        logger.error("The owner of run %s is not told that it failed: %s", run.pk, refused)
    ScheduledRun.objects.filter(pk=run.pk).update(owner_told_at=now)
    return True


def _tell_owner(run: ScheduledRun) -> None:
    owner, at = run.schedule.owner, run.planned_at or run.created_at
    lines = [
        _("The report “%(report)s”, planned for %(at)s, failed:")
        % {"report": report_name(run.schedule), "at": _on_clock(at, owner)},
        run.reason,
        "",
        _("What became of it for each recipient:"),
        _link(run, "reports:scheduled_run", run.pk),
    ]
    subject = _("Report failed: %(name)s") % {"name": run.schedule.name}
    mail_server.send(to=owner.email, subject=subject, text="\n".join(lines), name=f"run-{run.pk}-failed")


def _on_clock(at: datetime, user: User) -> str:
    zone = zone_of(user)
    return f"{at.astimezone(zone).strftime(moments.TO_THE_MINUTE)} ({zone})"


def _link(run: ScheduledRun, name: str, *args: object) -> str:
    return run.schedule.origin.rstrip("/") + reverse(name, args=args)
