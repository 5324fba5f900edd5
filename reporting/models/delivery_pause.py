"""Pauses in delivering: a destination that cannot be reached is tried now and then instead of with every file."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MetadataDestination, Pause, PauseQuerySet


def open_destinations(*, now: datetime) -> models.QuerySet[MetadataDestination]:
    """Those that are switched on and not left alone at this moment."""
    paused = DeliveryPause.objects.lasting(now=now).values("destination")
    return MetadataDestination.objects.filter(is_active=True).exclude(pk__in=paused).order_by()


def why_not_open(destination: MetadataDestination, *, now: datetime) -> str:
    """Why nothing is delivered there at this moment, in words; empty where it is."""
    if not destination.is_active:
        return gettext("The destination is switched off.")
    pause = getattr(destination, "delivery_pause", None)
    if pause is None or pause.until <= now:
        return ""
    return gettext("The destination cannot be reached: %(reason)s") % {"reason": pause.reason}


class DeliveryPause(Pause):
    """A destination that cannot be reached. A few files are tried when the pause is over; the first that is delivered
    ends it."""

    destination = models.OneToOneField(
        MetadataDestination,
        models.CASCADE,
        verbose_name=_("destination"),
        primary_key=True,
        related_name="delivery_pause",
    )

    of = "destination"
    first_pause = timedelta(seconds=5)
    longest_pause = timedelta(minutes=15)
    give_or_take = 0.25

    objects = PauseQuerySet["DeliveryPause"].as_manager()

    class Meta:
        verbose_name = _("pause in delivering")
        verbose_name_plural = _("pauses in delivering")
