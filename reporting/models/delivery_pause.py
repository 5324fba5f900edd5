"""Pauses in delivering: a destination that cannot be reached is tried now and then instead of with every file."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MetadataDestination

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)


class DeliveryPauseQuerySet(models.QuerySet["DeliveryPause"]):
    def lasting(self, *, now: datetime) -> DeliveryPauseQuerySet:
        """Those in which nothing is delivered at this moment."""
        return self.filter(until__gt=now)

    @transaction.atomic
    def begin(
        self, destination: MetadataDestination, *, now: datetime, reason: str, after: timedelta | None = None
    ) -> DeliveryPause:
        """It could not be reached just now: it is tried again ``after`` so long, or after 5 seconds, and then twice as
        long each time, up to a quarter of an hour, give or take a little."""
        first = {"since": now, "until": now}
        pause, _is_new = self.select_for_update().get_or_create(destination=destination, defaults=first)
        pause.failures += 1
        usual = min(FIRST_PAUSE * 2 ** min(pause.failures - 1, 10), LONGEST_PAUSE) * random.uniform(0.75, 1.25)
        pause.until, pause.reason = now + (after or usual), reason[:500]
        pause.save()
        return pause

    def over(self, destination: MetadataDestination) -> None:
        """It takes files, or is to be tried at once."""
        self.filter(destination=destination).delete()


def open_destinations(*, now: datetime) -> models.QuerySet[MetadataDestination]:
    """Those that are switched on and not left alone at this moment."""
    paused = DeliveryPause.objects.lasting(now=now).values("destination")
    return MetadataDestination.objects.filter(is_active=True).exclude(pk__in=paused).order_by()


class DeliveryPause(models.Model):
    """A destination that cannot be reached. A few files are tried when the pause is over; the first that is delivered
    ends it."""

    destination = models.OneToOneField(
        MetadataDestination,
        models.CASCADE,
        verbose_name=_("destination"),
        primary_key=True,
        related_name="delivery_pause",
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    reason = models.CharField(_("reason"), max_length=500, help_text=_("What went wrong, in words; no data"))

    objects = DeliveryPauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause in delivering")
        verbose_name_plural = _("pauses in delivering")

    def __str__(self) -> str:
        return str(self.pk)
