"""Files of the Contact Log."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet

MOST_ATTEMPTS = 3

KEPT_FOR = timedelta(days=7)
"""How long a finished file can be downloaded."""

REMEMBERED_FOR = timedelta(days=30)
"""How long the list tells of a file that is no longer there."""

DOWNLOADS_REMEMBERED_FOR = timedelta(days=365)
"""How long it is known who fetched what."""


class ReportFileQuerySet(JobQuerySet["ReportFile"]):
    def gone(self, *, now: datetime) -> ReportFileQuerySet:
        """Files that came to nothing or expired, a while ago."""
        gone = [ReportFile.State.FAILED, ReportFile.State.CANCELLED, ReportFile.State.EXPIRED]
        return self.filter(state__in=gone, created_at__lte=now - REMEMBERED_FOR)

    def past_their_time(self, *, now: datetime) -> ReportFileQuerySet:
        return self.filter(state=ReportFile.State.READY, expires_at__lte=now)


class ReportFile(Job):
    """The rows of one query, or its counts, as a file for the one person who asked for it."""

    class Format(models.TextChoices):
        CSV = "csv", _("Rows as CSV")
        XLSX = "xlsx", _("Rows as Excel")
        PARQUET = "parquet", _("Rows as Parquet")
        JSON_LINES = "jsonl", _("Rows as JSON Lines")
        COUNTS_CSV = "counts.csv", _("Counts as CSV")
        COUNTS_XLSX = "counts.xlsx", _("Counts as Excel")

        @property
        def is_of_counts(self) -> bool:
            """Whether it has what the report counts, rather than the rows that are counted."""
            return self.value.startswith("counts.")

        @property
        def suffix(self) -> str:
            return self.value.removeprefix("counts.")

    class Delimiter(models.TextChoices):
        COMMA = ",", _("Comma")
        SEMICOLON = ";", _("Semicolon")
        TAB = "\t", _("Tab")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WRITING = "writing", _("Being written")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("owner"), related_name="report_files"
    )
    format = models.CharField(_("format"), max_length=11, choices=Format.choices)
    delimiter = models.CharField(
        _("delimiter"), max_length=1, choices=Delimiter.choices, default=Delimiter.COMMA, help_text=_("CSV only")
    )
    byte_order_mark = models.BooleanField(
        _("byte order mark"), default=True, help_text=_("CSV only: lets Excel recognise UTF-8")
    )
    query = models.JSONField(
        _("query"), help_text=_("What was asked, as in the page's address; erased when the file expires")
    )
    plan = models.JSONField(
        _("plan"), null=True, help_text=_("How its slices are read and written; erased when the file is there")
    )
    name = models.CharField(_("name"), max_length=200, help_text=_("What the file is called when it is downloaded"))

    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    rows_total = models.PositiveIntegerField(_("rows total"), null=True)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)

    queues = ArrayField(
        models.BigIntegerField(), verbose_name=_("queues"), default=list, help_text=_("The queues its rows come from")
    )
    direct_agents = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("direct agents"),
        default=list,
        help_text=_("The agents its direct conversations come from"),
    )
    ivr_channels = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("channels of IVRs"),
        default=list,
        help_text=_("The channels of its calls that ended in the IVR"),
    )

    created_at = models.DateTimeField(_("asked for"))
    started_at = models.DateTimeField(_("started at"), null=True, help_text=_("By the worker that has it now"))
    expires_at = models.DateTimeField(_("expires at"), null=True)

    customer_data = ("query", "plan")
    when_claimed: ClassVar[dict[str, Any]] = {"state": State.WRITING, "rows_done": 0, "started_at": Now()}
    input_erased: ClassVar[dict[str, Any]] = {"query": {}, "plan": None}
    oldest_first = ("created_at", "pk")
    waits_since: ClassVar[str] = "created_at"

    objects = ReportFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("report file")
        verbose_name_plural = _("report files")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= MOST_ATTEMPTS

    @property
    def path(self) -> Path:
        """Where the finished file lies."""
        return report_folder() / f"{self.pk}.{self.format}"

    @property
    def scratch(self) -> Path:
        """The folder in which a claim works; a name of this claim alone."""
        return report_folder() / f"{self.pk}.{self.holder}"

    @property
    def parts(self) -> Path:
        """The folder of what its slices are written to, by one claim or another."""
        return report_folder() / f"{self.pk}.parts"

    @property
    def holds(self) -> str:
        """What is in it: “12 rows”, or “counts”, which may hide how many conversations they are of."""
        if self.Format(self.format).is_of_counts:
            return gettext("counts")
        count = self.rows_total or 0
        return ngettext("%(shown)s row", "%(shown)s rows", count) % {"shown": f"{count:,}"}

    @property
    def percent(self) -> int:
        """Of the rows, how many are written."""
        if self.state == self.State.READY:
            return 100
        return min(99, 100 * self.rows_done // self.rows_total) if self.rows_total else 0

    @property
    def time_left(self) -> timedelta | None:
        """How long the rest takes at the pace so far; None before a hundredth is written."""
        if self.state != self.State.WRITING or self.started_at is None or not self.percent:
            return None
        assert self.rows_total  # a hundredth of them is written
        return (timezone.now() - self.started_at) * ((self.rows_total - self.rows_done) / self.rows_done)


class ReportDownload(models.Model):
    """Somebody fetched a file. What is noted stays when the file is gone."""

    file = models.ForeignKey(
        ReportFile, models.SET_NULL, verbose_name=_("report file"), null=True, related_name="downloads"
    )
    name = models.CharField(_("name"), max_length=200)
    rows = models.PositiveIntegerField(_("rows"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="report_downloads"
    )
    address = models.GenericIPAddressField(_("address"), null=True)
    fetched_at = models.DateTimeField(_("fetched at"))

    class Meta:
        verbose_name = _("download of a report")
        verbose_name_plural = _("downloads of reports")
        ordering = ["-fetched_at", "-id"]
        indexes = [models.Index(fields=["-fetched_at", "-id"], name="report_download_newest")]

    def __str__(self) -> str:
        return self.name


def make_report_folder() -> None:
    """Have the folder there, for nobody but the portal."""
    report_folder().mkdir(parents=True, exist_ok=True)
    report_folder().chmod(0o700)


def report_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "reports"
