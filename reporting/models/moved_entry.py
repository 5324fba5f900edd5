"""Entries of the Contact Log that stand in another place than their conversation's time of arrival says."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MovedEntry(models.Model):
    """A conversation turned out to have been received at another time, which an entry of it may still have.

    A trigger of the conversations writes it with the change; the reporting job removes such an entry when it reports
    the conversation anew.
    """

    conversation_id = models.UUIDField(_("conversation"))
    received_at = models.DateTimeField(_("received"), help_text=_("As it was known before"))
    moved_at = models.DateTimeField(_("moved at"))

    class Meta:
        verbose_name = _("moved entry")
        verbose_name_plural = _("moved entries")

    def __str__(self) -> str:
        return str(self.conversation_id)
