"""Runs of the reporting job."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

SILENCE = timedelta(minutes=5)
"""A run that says nothing for so long was interrupted: a batch takes seconds."""


class ReportRunQuerySet(models.QuerySet["ReportRun"]):
    def silent(self, *, now: datetime) -> ReportRunQuerySet:
        """Runs that call themselves running and have said nothing for too long: their worker was killed."""
        return self.filter(outcome=ReportRun.Outcome.RUNNING, seen_at__lt=now - SILENCE)

    def latest_complete(self) -> ReportRun | None:
        return self.filter(outcome=ReportRun.Outcome.DONE).order_by("-started_at").first()


class ReportRun(models.Model):
    """One run of the reporting job. Of runs that found nothing to report only the latest is kept."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")

    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last sign of life"), help_text=_("Renewed with each batch"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    conversations = models.PositiveIntegerField(_("conversations"), default=0, help_text=_("How many it reported"))
    outcome = models.CharField(_("outcome"), max_length=11, choices=Outcome.choices, default=Outcome.RUNNING)
    error = models.CharField(_("error"), max_length=500, blank=True, help_text=_("What went wrong, in words; no data"))

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        verbose_name = _("run of the reporting job")
        verbose_name_plural = _("runs of the reporting job")

    def __str__(self) -> str:
        return gettext("Run %(self)s · %(get_outcome_display)s") % {
            "self": self.pk,
            "get_outcome_display": self.get_outcome_display(),
        }
