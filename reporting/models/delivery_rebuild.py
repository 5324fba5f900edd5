"""Periods whose session metadata files are delivered anew."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_cfg import moments
from channels_cfg.models import Job, JobQuerySet, MetadataDestination

MOST_ATTEMPTS = 20


class DeliveryRebuild(Job):
    """All files of a period, once more to one destination. Its work puts deliveries on the list of those that wait;
    these are deliveries as any others."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        PLANNING = "planning", _("Being planned")
        DONE = "done", _("Planned")
        FAILED = "failed", _("Given up")
        CANCELLED = "cancelled", _("Cancelled")

    class Which(models.TextChoices):
        ALL = "all", _("All conversations of the period")
        MISSING = "missing", _("Only those of which no file lies there")
        PARKED = "parked", _("Only those whose delivery is parked")

    destination = models.ForeignKey(
        MetadataDestination, models.SET_NULL, verbose_name=_("destination"), null=True, related_name="+", db_index=False
    )
    destination_name = models.CharField(_("destination"), max_length=100)
    start = models.DateTimeField(_("from"), help_text=_("Conversations that ended then or later"))
    end = models.DateTimeField(_("to"), help_text=_("Conversations that ended before then"))
    which = models.CharField(_("which"), max_length=7, choices=Which.choices, default=Which.ALL)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("asked for by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    asked_at = models.DateTimeField(_("asked for"))
    total = models.PositiveIntegerField(_("files"), null=True, blank=True, help_text=_("How many it put on the list"))

    when_claimed: ClassVar[dict[str, Any]] = {"state": State.PLANNING}
    waits_since: ClassVar[str] = "asked_at"

    objects = JobQuerySet["DeliveryRebuild"].as_manager()

    class Meta:
        verbose_name = _("rebuild of session metadata")
        verbose_name_plural = _("rebuilds of session metadata")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(start__lt=F("end")),
                name="a_rebuilt_period_begins_before_it_ends",
                violation_error_message=_("The period ends before it begins."),
            )
        ]

    def __str__(self) -> str:
        """The days on the viewer's clock, as they were asked for."""
        return f"{moments.day(self.start)} – {moments.day(self.end)} → {self.destination_name}"

    def is_exhausted(self, *, now: Any) -> bool:
        return self.attempts >= MOST_ATTEMPTS
