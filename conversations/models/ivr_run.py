"""Where a call is in an IVR."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import IvrDefinition
from conversations.models.conversation import Conversation


class IvrRun(models.Model):
    """A call that is in an IVR at this moment, with what its caller entered. Leaving the IVR deletes it."""

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="ivr_run", primary_key=True
    )
    definition = models.ForeignKey(IvrDefinition, models.PROTECT, verbose_name=_("IVR definition"), related_name="runs")
    position = models.JSONField(
        _("position"), default=dict, blank=True, help_text=_("The step and the variables; empty before the first")
    )

    customer_data = ("position",)

    class Meta:
        verbose_name = _("call in an IVR")
        verbose_name_plural = _("calls in IVRs")

    def __str__(self) -> str:
        return str(self.definition)
