"""The reading of mail boxes, as jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MailBox


class MailReading(Job):
    """A box, which is read again and again: a job that waits anew some time after it was done."""

    box = models.OneToOneField(MailBox, models.CASCADE, verbose_name=_("mail box"), related_name="reading")
    asked_at = models.DateTimeField(_("asked at"))
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    taken_in = models.PositiveBigIntegerField(_("mails taken in"), default=0, db_default=0)

    input_erased: ClassVar[dict[str, Any]] = {}
    waits_since: ClassVar[str] = "asked_at"
    most_attempts: ClassVar[int] = 20

    objects = JobQuerySet["MailReading"].as_manager()

    class Meta:
        verbose_name = _("mail reading")
        verbose_name_plural = _("mail readings")
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="mail_reading_waiting")]

    def __str__(self) -> str:
        return str(self.box)

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= self.most_attempts
