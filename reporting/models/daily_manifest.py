"""Manifests: for each destination and day, a file that lists the files of the day's conversations."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MetadataDestination
from reporting.models.delivery_pause import open_destinations


class DailyManifestQuerySet(JobQuerySet["DailyManifest"]):
    def waiting(self, *, now: datetime) -> DailyManifestQuerySet:
        """Due, held by nobody, and for a destination that is switched on and not left alone at this moment."""
        return super().waiting(now=now).filter(destination__in=open_destinations(now=now).values("pk"))


class DailyManifest(Job):
    """The manifest of one day at one destination: a job that waits anew when a file of the day was delivered."""

    destination = models.ForeignKey(
        MetadataDestination, models.CASCADE, verbose_name=_("destination"), related_name="manifests", db_index=False
    )
    day = models.DateField(_("day"), help_text=_("On which the conversations ended, UTC"))
    changed_at = models.DateTimeField(_("changed"), help_text=_("When a file of the day was delivered last"))
    made_at = models.DateTimeField(_("made"), null=True, blank=True)
    files = models.PositiveIntegerField(_("files"), default=0, db_default=0)

    waits_since: ClassVar[str] = "changed_at"
    most_attempts: ClassVar[int] = 32

    objects = DailyManifestQuerySet.as_manager()

    class Meta:
        verbose_name = _("manifest of session metadata")
        verbose_name_plural = _("manifests of session metadata")
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["destination", "day"], name="a_day_has_one_manifest_at_a_destination")
        ]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="manifest_waiting")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} → {self.destination}"

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= self.most_attempts
