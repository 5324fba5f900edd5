"""Which kept keys the Contact Log has, so that nobody has to read its rows to know."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH


class KeptKeyNameQuerySet(models.QuerySet["KeptKeyName"]):
    def received_during(self, start: datetime, end: datetime) -> KeptKeyNameQuerySet:
        """Of the months that a period touches; it ends before ``end``."""
        return self.filter(month__gte=start.astimezone(UTC).date().replace(day=1), month__lte=end.astimezone(UTC))


class KeptKeyName(models.Model):
    """A kept key that some entry of a month has, or had: written by the reporting job with the entry.

    It says nothing of who may see that entry: ask the entries before you tell of it.
    """

    month = models.DateField(_("month"), help_text=_("Its first day; of what was received in it, in UTC"))
    name = models.CharField(_("name"), max_length=MAX_KEY_LENGTH)

    objects = KeptKeyNameQuerySet.as_manager()

    class Meta:
        verbose_name = _("name of a kept key")
        verbose_name_plural = _("names of kept keys")
        ordering = ["month", "name"]
        constraints = [models.UniqueConstraint(fields=["month", "name"], name="a_month_has_a_kept_key_once")]

    def __str__(self) -> str:
        return f"{self.name}, {self.month:%Y-%m}"
