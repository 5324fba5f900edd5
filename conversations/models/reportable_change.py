"""News for the reporting job."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation


class ReportableChange(models.Model):
    """A conversation ended or changed after its end. Written with the change, removed by the job that reported it."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="+", db_index=False
    )
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("reportable change")
        verbose_name_plural = _("reportable changes")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.conversation_id)
