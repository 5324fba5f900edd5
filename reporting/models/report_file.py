"""Files of the Contact Log."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

LEASE = timedelta(minutes=5)
"""How long a worker may hold a file without a sign of life before another takes it over."""

MOST_ATTEMPTS = 3

KEPT_FOR = timedelta(days=7)
"""How long a finished file can be downloaded."""

REMEMBERED_FOR = timedelta(days=30)
"""How long the list tells of a file that is no longer there."""


class ReportFileQuerySet(models.QuerySet["ReportFile"]):
    def unfinished(self) -> ReportFileQuerySet:
        return self.filter(state__in=[ReportFile.State.WAITING, ReportFile.State.WRITING])

    def waiting(self, *, now: datetime) -> ReportFileQuerySet:
        """Unfinished, and held by no worker at this moment."""
        return self.unfinished().exclude(held_until__gt=now)

    def claim(self, pk: uuid.UUID, *, now: datetime) -> ReportFile | None:
        """Hold a waiting file for the caller, or return None when there is nothing to hold."""
        holder = uuid.uuid4()
        held = (
            self.waiting(now=now)
            .filter(pk=pk)
            .update(
                state=ReportFile.State.WRITING,
                holder=holder,
                held_until=now + LEASE,
                attempts=F("attempts") + 1,
                rows_done=0,
            )
        )
        return self.get(pk=pk) if held else None

    def held_by(self, file: ReportFile) -> ReportFileQuerySet:
        """The file's row, as long as the claim that ``file`` came from still stands."""
        return self.filter(pk=file.pk, state=ReportFile.State.WRITING, holder=file.holder)

    def gone(self, *, now: datetime) -> ReportFileQuerySet:
        """Files that came to nothing or expired, a while ago."""
        gone = [ReportFile.State.FAILED, ReportFile.State.CANCELLED, ReportFile.State.EXPIRED]
        return self.filter(state__in=gone, created_at__lte=now - REMEMBERED_FOR)

    def past_their_time(self, *, now: datetime) -> ReportFileQuerySet:
        return self.filter(state=ReportFile.State.READY, expires_at__lte=now)


class ReportFile(models.Model):
    """The rows of one query as a file, for the one person who asked for it."""

    class Format(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel")

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
    format = models.CharField(_("format"), max_length=4, choices=Format.choices)
    byte_order_mark = models.BooleanField(
        _("byte order mark"), default=True, help_text=_("CSV only: lets Excel recognise UTF-8")
    )
    query = models.JSONField(
        _("query"), help_text=_("What was asked, as in the page's address; erased when the file expires")
    )
    name = models.CharField(_("name"), max_length=200, help_text=_("What the file is called when it is downloaded"))

    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    rows_total = models.PositiveIntegerField(_("rows total"), null=True)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    error = models.CharField(_("error"), max_length=500, blank=True, help_text=_("What went wrong, in words; no data"))
    holder = models.UUIDField(_("holder"), null=True, help_text=_("The claim of the worker that writes it"))
    held_until = models.DateTimeField(_("held until"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    queues = ArrayField(
        models.BigIntegerField(), verbose_name=_("queues"), default=list, help_text=_("The queues its rows come from")
    )
    direct_agents = ArrayField(
        models.BigIntegerField(),
        verbose_name=_("direct agents"),
        default=list,
        help_text=_("The agents its direct conversations come from"),
    )

    created_at = models.DateTimeField(_("asked for"))
    ready_at = models.DateTimeField(_("ready at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), null=True)

    customer_data = ("query",)

    objects = ReportFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("report file")
        verbose_name_plural = _("report files")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where the finished file lies."""
        return report_folder() / f"{self.pk}.{self.format}"

    @property
    def draft(self) -> Path:
        """Where it is written; a name of this claim alone."""
        return report_folder() / f"{self.pk}.{self.holder}.part"

    @property
    def percent(self) -> int:
        """Of the rows, how many are written."""
        if self.state == self.State.READY:
            return 100
        return min(99, 100 * self.rows_done // self.rows_total) if self.rows_total else 0

    @property
    def is_unfinished(self) -> bool:
        return self.state in (self.State.WAITING, self.State.WRITING)


def report_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "reports"
