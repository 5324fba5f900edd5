"""Live data: the attached data of active conversations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH
from channels_cfg.models import Source
from conversations.models import told
from conversations.models.conversation import Conversation


class LiveDatum(models.Model):
    """One pair of an active conversation. Ending the conversation moves what is kept and deletes the rest."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="live_data", db_index=False
    )
    key = models.CharField(_("key"), max_length=MAX_KEY_LENGTH)
    value = models.JSONField(_("value"), null=True)
    source = models.CharField(_("source"), max_length=12, choices=Source.choices)
    flag = models.CharField(
        _("flag"), max_length=300, blank=True, help_text=_("Which rule of the catalogue the value breaks")
    )
    attached_at = models.DateTimeField(_("attached at"), help_text=_("When the source said so, not when it reached us"))

    customer_data = ("value",)

    class Meta:
        verbose_name = _("live datum")
        verbose_name_plural = _("live data")
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["conversation", "key"], name="a_key_has_one_live_value")]
        triggers = [told.OF_LIVE_DATUM]

    def __str__(self) -> str:
        return self.key
