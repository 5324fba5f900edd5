"""Reasons why agents pause."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.versioned import versioned


@versioned()
class PauseReason(models.Model):
    """What an agent chooses from who is there, but takes no offers for a while."""

    name = models.CharField(_("name"), max_length=60, unique=True, help_text=_("Example: Lunch"))

    class Meta:
        verbose_name = _("pause reason")
        verbose_name_plural = _("pause reasons")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
