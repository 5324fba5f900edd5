"""Callbacks that were turned away, as times alone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RefusedCallbacks(models.Model):
    """When callbacks were last refused at this door for this reason. Nothing of a refused callback is stored, and the
    time no oftener than once a minute: whoever knocks without a secret cannot make the portal write."""

    class Reason(models.TextChoices):
        UNSIGNED = "unsigned", _("No signature, or one that is not complete")
        WRONG = "wrong", _("The signature fits no secret")
        OLD = "old", _("The signature is too old, or from the future")

    door = models.CharField(_("door"), max_length=30)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        verbose_name = _("refused callbacks")
        verbose_name_plural = _("refused callbacks")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["door", "reason"], name="a_door_refuses_for_each_reason_in_one_row")
        ]

    def __str__(self) -> str:
        return self.get_reason_display()
