"""Pauses in sending: while a channel takes nothing, it is tried now and then instead of with every message."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService, Pause, PauseQuerySet


class SendingPause(Pause):
    """A messaging service whose channel takes nothing. One message is tried when the pause is over; all others wait in
    their order, and the first that is taken ends it."""

    service = models.OneToOneField(
        MessagingService,
        models.CASCADE,
        verbose_name=_("messaging service"),
        primary_key=True,
        related_name="sending_pause",
    )

    of = "service"
    first_pause = timedelta(seconds=2)
    longest_pause = timedelta(minutes=1)

    objects = PauseQuerySet["SendingPause"].as_manager()

    class Meta:
        verbose_name = _("pause in sending")
        verbose_name_plural = _("pauses in sending")
