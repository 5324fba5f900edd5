"""Changes of settings that take effect at a chosen time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class ScheduledChange(models.Model):
    """New values for fields of one record, from a moment on. ``changes`` and ``replaces`` are {field: value as in the
    configuration file}; they hold settings, never a secret."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Scheduled")
        APPLIED = "applied", _("In effect")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    model = models.CharField(_("model"), max_length=40, help_text=_("Channel, IvrDefinition, Queue or SystemSettings"))
    object_id = models.BigIntegerField(_("object id"))
    changes = models.JSONField(_("changes"))
    replaces = models.JSONField(
        _("replaces"),
        default=dict,
        help_text=_("What the fields hold until then; if they hold something else, the change fails"),
    )
    takes_effect_at = models.DateTimeField(_("takes effect at"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("scheduled by"), null=True, related_name="+"
    )
    planned_at = models.DateTimeField(_("scheduled at"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.PLANNED)
    settled_at = models.DateTimeField(
        _("settled at"), null=True, blank=True, help_text=_("When it was applied, cancelled or failed")
    )
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("cancelled by"), null=True, related_name="+"
    )
    problem = models.CharField(_("problem"), max_length=500, blank=True, help_text=_("Why it failed, in words"))

    class Meta:
        verbose_name = _("scheduled change")
        verbose_name_plural = _("scheduled changes")
        ordering = ["takes_effect_at", "id"]
        indexes = [
            models.Index(fields=["takes_effect_at"], condition=models.Q(state="planned"), name="change_planned"),
            models.Index(fields=["model", "object_id"], condition=models.Q(state="planned"), name="change_planned_for"),
        ]

    def __str__(self) -> str:
        return gettext("%(model)s %(object_id)s, from %(takes_effect_at)s UTC") % {
            "model": self.model,
            "object_id": self.object_id,
            "takes_effect_at": f"{self.takes_effect_at:%Y-%m-%d %H:%M}",
        }
