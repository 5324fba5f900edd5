"""Schedules of saved reports, their runs, and what each recipient got of a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg import jobs
from channels_cfg.models import Job, JobQuerySet, OpeningHours
from channels_cfg.models.rules import refuse
from channels_cfg.time_zones import check_time_zone, zone_named
from conversations.models import Conversation
from reporting.models.contact_log import ContactLogEntry
from reporting.models.report_file import ReportFile
from reporting.models.saved_report import SavedReport
from reporting.schedule_times import NextTimes, check_cron, in_words, next_time, next_times

GIVEN_UP_AFTER = timedelta(days=1)
"""A run whose files or mails do not come about by then is given up."""

RUNS_KEPT = 50
"""Of each schedule."""
RUNS_KEPT_FOR = timedelta(days=90)


def no_such_report() -> str:
    return gettext("Choose one of your own saved reports, or one that others share.")


class ReportScheduleQuerySet(models.QuerySet["ReportSchedule"]):
    def due(self, *, now: datetime) -> ReportScheduleQuerySet:
        """Those whose time has come. Of an owner who may not sign in any more, nothing runs."""
        return self.filter(next_at__lte=now, owner__is_active=True)


class ReportSchedule(models.Model):
    """When a saved report is made into files, and for whom. Each recipient gets what their own rights show."""

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="report_schedules"
    )
    report = models.ForeignKey(
        SavedReport, models.SET_NULL, verbose_name=_("saved report"), related_name="schedules", null=True
    )
    cron = models.CharField(
        _("cron expression"),
        max_length=100,
        validators=[check_cron],
        help_text=_("Minute, hour, day of the month, month, day of the week. Example: 0 7 * * 1-5"),
    )
    zone = models.CharField(
        _("time zone"),
        max_length=64,
        validators=[check_time_zone],
        help_text=_("07:00 stays 07:00 on this zone's clock, in summer and winter. Example: Europe/Helsinki"),
    )
    opening_hours = models.ForeignKey(
        OpeningHours,
        models.SET_NULL,
        verbose_name=_("opening hours"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("It does not run on days on which these are closed all day. Empty: it runs on all days"),
    )
    formats = ArrayField(models.CharField(max_length=11, choices=ReportFile.Format.choices), verbose_name=_("formats"))
    recipients = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("recipients"), related_name="received_schedules", blank=True
    )
    quiet_when_empty = models.BooleanField(
        _("quiet when empty"),
        default=True,
        help_text=_("Whoever would get a file without rows gets none, and no e-mail."),
    )
    next_at = models.DateTimeField(_("next run"), null=True, blank=True, help_text=_("Empty: it is paused"))
    origin = models.CharField(
        _("origin"),
        max_length=300,
        blank=True,
        help_text=_("How the portal was called when it was saved; links in e-mails begin so"),
    )

    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule of reports")
        verbose_name_plural = _("schedules of reports")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="a_report_schedule_has_one_name",
                violation_error_message=_("You have another schedule of this name. Choose another."),
            ),
            models.CheckConstraint(
                condition=Q(formats__len__gte=1),
                name="a_report_schedule_has_a_format",
                violation_error_message=_("Choose at least one format."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Nobody schedules a report that somebody else does not share. A name is one line, since e-mails hold it, and
        each format comes once."""
        super().clean()
        self.name, self.formats = " ".join(self.name.split()), [*dict.fromkeys(self.formats)]
        if self.report and not self.report.is_open_to(self.owner):
            refuse({"report": no_such_report()})

    def plan(self, *, now: datetime) -> None:
        """Set its next time after this moment. Whether it is left out is seen when it comes: opening hours change."""
        self.next_at = next_time(self.cron, self.time_zone, after=now)

    def is_left_out(self, at: datetime) -> bool:
        """Whether it does not run at this time, since nobody works on that day."""
        return self.opening_hours is not None and not self.opening_hours.opens_on_day_of(at)

    def next_times(self, number: int, *, now: datetime) -> NextTimes:
        """So many at which it runs, as opening hours are now; none where it is paused."""
        if self.next_at is None:
            return NextTimes([], [])
        return next_times(self.cron, self.time_zone, after=now, number=number, is_left_out=self.is_left_out)

    @property
    def time_zone(self) -> ZoneInfo:
        return zone_named(self.zone)

    @property
    def in_words(self) -> str:
        return in_words(self.cron)

    @property
    def format_labels(self) -> list[str]:
        return [str(ReportFile.Format(format).label) for format in self.formats]


MADE_AGAIN = models.Q(planned_at=None, as_of__lt=models.F("created_at"))
"""Runs of an earlier period, which somebody asked for once more."""


class ScheduledRun(Job):
    """One run of a schedule: its files are asked for, and each recipient is told when they are ready."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    schedule = models.ForeignKey(
        ReportSchedule, models.CASCADE, verbose_name=_("schedule of reports"), related_name="runs"
    )
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    planned_at = models.DateTimeField(_("planned for"), null=True, help_text=_("Empty: somebody asked for it"))
    missed = models.PositiveIntegerField(
        _("missed times"), default=0, help_text=_("Times before it at which the portal was not running")
    )
    as_of = models.DateTimeField(_("as of"), help_text=_("The moment that the words of its period are about"))
    created_at = models.DateTimeField(_("asked for"))
    query = models.JSONField(
        _("query"), default=dict, help_text=_("What was asked, with its period in moments; empty until it begins")
    )

    taken_at = models.DateTimeField(_("rows noted at"), null=True)
    rows_total = models.PositiveIntegerField(_("rows"), null=True, help_text=_("As its owner saw them then"))
    has_rows = models.BooleanField(_("rows are noted"), default=False, help_text=_("So that runs can be compared"))
    complete_up_to = models.DateTimeField(
        _("complete up to"), null=True, help_text=_("Up to when the Contact Log told everything then")
    )
    reported_up_to = models.DateTimeField(
        _("reported up to"), null=True, help_text=_("What the reporting job reported later is not among its rows")
    )
    settings_version = models.BigIntegerField(_("settings version"), null=True, help_text=_("The latest one then"))
    owner_told_at = models.DateTimeField(
        _("owner told at"), null=True, help_text=_("When an e-mail said that it failed, or could not be sent")
    )

    customer_data = ("query",)
    waits_since: ClassVar[str] = "created_at"
    oldest_first = ("created_at", "pk")

    objects = JobQuerySet["ScheduledRun"].as_manager()

    class Meta:
        verbose_name = _("run of a schedule")
        verbose_name_plural = _("runs of schedules")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "planned_at"], name="a_report_schedule_runs_once_at_a_time")
        ]

    def __str__(self) -> str:
        return gettext("Run %(number)s of %(schedule)s") % {"number": self.pk, "schedule": self.schedule}

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.is_too_old(now=now)

    def is_too_old(self, *, now: datetime) -> bool:
        return now >= self.created_at + GIVEN_UP_AFTER

    @property
    def is_again(self) -> bool:
        """Whether somebody had an earlier run made once more, as ``MADE_AGAIN`` says it of many."""
        return self.planned_at is None and self.as_of < self.created_at

    @property
    def duration(self) -> timedelta | None:
        return self.finished_at - self.created_at if self.finished_at else None


class RunRecipient(models.Model):
    """What one recipient got of one run."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Files are being written")
        SENT = "sent", _("Files ready, e-mail sent")
        READY = "ready", _("Files ready, no e-mail")
        NOTHING = "nothing", _("No files")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(
        ScheduledRun, models.CASCADE, verbose_name=_("run of a schedule"), related_name="recipients"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("recipient"), related_name="+")
    outcome = models.CharField(_("outcome"), max_length=7, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.CharField(_("reason"), max_length=jobs.LONGEST_REASON, blank=True, help_text=_("In words; no data"))
    files = models.ManyToManyField(ReportFile, verbose_name=_("report files"), related_name="+")

    class Meta:
        verbose_name = _("recipient of a run")
        verbose_name_plural = _("recipients of a run")
        ordering = ["user__username", "pk"]
        constraints = [models.UniqueConstraint(fields=["run", "user"], name="a_run_tells_each_recipient_once")]

    def __str__(self) -> str:
        return str(self.user)

    def settle(self, outcome: Outcome, reason: str = "") -> None:
        self.outcome, self.reason = outcome, reason[: jobs.LONGEST_REASON]
        self.save(update_fields=["outcome", "reason"])


class RunRow(models.Model):
    """A row of the Contact Log as a run found it, without anything of its data. It goes with its conversation."""

    pk = models.CompositePrimaryKey("run_id", "conversation_id")
    run = models.ForeignKey(
        ScheduledRun, models.CASCADE, verbose_name=_("run of a schedule"), related_name="+", db_index=False
    )
    conversation = models.ForeignKey(Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="+")
    received_at = models.DateTimeField(_("received"))
    version = models.PositiveBigIntegerField(_("version"))
    late_changes = ArrayField(
        models.CharField(max_length=11, choices=ContactLogEntry.LateChange.choices), verbose_name=_("late changes")
    )

    class Meta:
        verbose_name = _("row of a run")
        verbose_name_plural = _("rows of a run")

    def __str__(self) -> str:
        return str(self.conversation_id)
