"""One run of a schedule: notes the rows, asks for each recipient's files, and tells each when theirs are ready."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg import jobs, mail_server
from channels_cfg.models import SettingsVersion, User
from reporting.contact_log import files
from reporting.contact_log.fill import complete_up_to
from reporting.contact_log.query import LogQuery
from reporting.contact_log.words.asked_words import cannot_be_asked
from reporting.models import ReportFile, ReportRun, ReportSchedule, RunRecipient, ScheduledRun
from reporting.schedules import mails
from reporting.schedules.planning import refusal
from reporting.schedules.rows import note_rows, query_of
from reporting.viewing import may_receive_reports

SHORTEST_WAIT = timedelta(seconds=2)

Outcome = RunRecipient.Outcome


def work(run: ScheduledRun) -> None:
    """Bring a run that the caller holds as far as it gets. Raises ``NoLongerHeld``, ``TryLater`` and ``GiveUp``."""
    if run.taken_at is None:
        _check_report(run)
        _begin(run)
    _tell(run)


def _check_report(run: ScheduledRun) -> None:
    """Pause the schedule and give up where its report is not its owner's to have made any more."""
    if reason := refusal(run.schedule):
        ReportSchedule.objects.filter(pk=run.schedule_id).update(next_at=None)
        raise jobs.GiveUp(_("%(reason)s Until then the schedule is paused.") % {"reason": reason})


# The beginning: rows and files, in one transaction


@transaction.atomic
def _begin(run: ScheduledRun) -> None:
    query, now, complete = _query(run), timezone.now(), complete_up_to()
    reported = ReportRun.objects.aggregate(latest=Max("seen_at"))["latest"]  # which each batch writes with its rows
    run.rows_total, run.has_rows = note_rows(run, query)
    for user in run.schedule.recipients.order_by("pk"):
        _ask_for_files(run, query, user, now)
    run.query, run.taken_at = query.as_params(), now
    jobs.note(
        run,
        query=run.query,
        taken_at=now,
        rows_total=run.rows_total,
        has_rows=run.has_rows,
        complete_up_to=complete,
        reported_up_to=reported or now,
        settings_version=SettingsVersion.objects.order_by("-pk").values_list("pk", flat=True).first(),
    )
    jobs.announce(ReportFile)


def _query(run: ScheduledRun) -> LogQuery:
    """What the run asks: as another run did, or as the report is now, with its words about the run's moment."""
    if run.query:
        return query_of(run)
    zone, report = run.schedule.time_zone, run.schedule.report
    assert report  # it was checked
    try:
        asked = LogQuery.parse({**report.query, "zone": [str(zone)]}, zone=zone, now=run.as_of)
    except ValidationError as bad:
        raise jobs.GiveUp(cannot_be_asked(bad.message_dict)) from None
    return asked.frozen()


def _ask_for_files(run: ScheduledRun, query: LogQuery, user: User, now: datetime) -> None:
    """Files of the recipient's own rights, which belong to the recipient; or why there are none."""
    recipient = RunRecipient.objects.create(run=run, user=user)
    if not may_receive_reports(user):
        recipient.settle(Outcome.NOTHING, may_not_receive())
    elif run.schedule.quiet_when_empty and not query.entries(user).exists():
        recipient.settle(Outcome.NOTHING, _("There are no rows for this recipient."))
    else:
        made = [files.ask_for(query, format=format, owner=user, now=now) for format in run.schedule.formats]
        recipient.files.set(made)


# The end: everybody is told


def _tell(run: ScheduledRun) -> None:
    pending = run.recipients.filter(outcome=Outcome.WAITING).select_related("user").prefetch_related("files")
    unreached = ""
    for recipient in pending:
        jobs.note(run, reason="")  # no e-mail is sent by a worker whose run another has taken over
        try:
            _tell_one(run, recipient)
        except mail_server.MailUnreachable as failure:
            unreached = str(failure)
            if run.is_too_old(now=timezone.now()):
                recipient.settle(Outcome.FAILED, _without_mail(unreached))
    if unreached and not run.is_too_old(now=timezone.now()):
        raise jobs.TryLater(unreached)
    if run.recipients.filter(outcome=Outcome.WAITING).exists():
        waited = timezone.now() - run.created_at
        raise jobs.TryLater(_("Files are being written."), after=max(SHORTEST_WAIT, waited / 10))
    _finish(run)


def _tell_one(run: ScheduledRun, recipient: RunRecipient) -> None:
    """Settle what became of the recipient's files, where they are finished."""
    made = sorted(recipient.files.all(), key=lambda file: file.format)
    if any(file.is_unfinished for file in made):
        return
    if not may_receive_reports(recipient.user):
        recipient.settle(Outcome.NOTHING, may_not_receive())
    elif failed := [file for file in made if file.state == ReportFile.State.FAILED]:
        recipient.settle(Outcome.FAILED, failed[0].reason)
    elif not (ready := [file for file in made if file.state == ReportFile.State.READY]):
        recipient.settle(Outcome.NOTHING, _("The files were cancelled."))
    elif not recipient.user.email:
        recipient.settle(Outcome.READY, has_no_address())
    elif not mail_server.is_set():
        recipient.settle(Outcome.READY, mail_server.no_server())
    else:
        try:
            mails.tell_recipient(run, recipient.user, ready)
            recipient.settle(Outcome.SENT)
        except mail_server.MailRefused as refused:
            recipient.settle(Outcome.FAILED, _without_mail(str(refused)))


def may_not_receive() -> str:
    return _("May not sign in or view reports any more.")


def has_no_address() -> str:
    return _("The user has no e-mail address.")


def _without_mail(reason: str) -> str:
    return _("The files are ready, but no e-mail could be sent: %(reason)s") % {"reason": reason}


def _finish(run: ScheduledRun) -> None:
    failed = list(run.recipients.filter(outcome=Outcome.FAILED))
    if not failed:
        jobs.finish(run)
        return
    words = ngettext(
        "For %(count)d recipient it failed. %(reason)s", "For %(count)d recipients it failed. %(reason)s", len(failed)
    )
    reason = words % {"count": len(failed), "reason": failed[0].reason}
    jobs.finish(run, ScheduledRun.State.FAILED, reason=reason[: jobs.LONGEST_REASON])
