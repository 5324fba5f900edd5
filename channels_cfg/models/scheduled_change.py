"""Changes of settings that take effect at a chosen time."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ScheduledChange(models.Model):
    """New values for fields of one record, from a moment on. ``changes`` and ``replaces`` are {field: value as in the
    configuration file}; they hold settings, never a secret."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        APPLIED = "applied", "In effect"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    model = models.CharField(max_length=40, help_text="Channel, Queue or SystemSettings")
    object_id = models.BigIntegerField()
    changes = models.JSONField()
    replaces = models.JSONField(
        default=dict, help_text="What the fields hold until then; if they hold something else, the change fails"
    )
    takes_effect_at = models.DateTimeField()
    reason = models.CharField(max_length=300, blank=True)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    planned_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED)
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was applied, cancelled or failed")
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    problem = models.CharField(max_length=500, blank=True, help_text="Why it failed, in words")

    class Meta:
        ordering = ["takes_effect_at", "id"]
        indexes = [
            models.Index(fields=["takes_effect_at"], condition=models.Q(state="planned"), name="change_planned"),
            models.Index(fields=["model", "object_id"], condition=models.Q(state="planned"), name="change_planned_for"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id}, from {self.takes_effect_at:%Y-%m-%d %H:%M} UTC"
