"""Pauses in sending: while a channel takes nothing, it is tried now and then instead of with every message."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=1)


class SendingPauseQuerySet(models.QuerySet["SendingPause"]):
    def lasting(self, *, now: datetime) -> SendingPauseQuerySet:
        """Those in which nothing is sent at this moment."""
        return self.filter(until__gt=now)

    @transaction.atomic
    def begin(
        self, service: MessagingService, *, now: datetime, reason: str, after: timedelta | None = None
    ) -> SendingPause:
        """The service's channel took nothing just now: it is asked again ``after`` so long, or after 2 seconds, and
        then twice as long each time, up to a minute."""
        pause, _is_new = self.select_for_update().get_or_create(service=service, defaults={"since": now, "until": now})
        pause.failures += 1
        usual = min(FIRST_PAUSE * 2 ** min(pause.failures - 1, 10), LONGEST_PAUSE)
        pause.until, pause.reason = now + (after or usual), reason[:500]
        pause.save()
        return pause

    def over(self, service: MessagingService) -> None:
        """The service's channel takes messages."""
        self.filter(service=service).delete()


class SendingPause(models.Model):
    """A messaging service whose channel takes nothing. One message is tried when the pause is over; all others wait in
    their order, and the first that is taken ends it."""

    service = models.OneToOneField(
        MessagingService,
        models.CASCADE,
        verbose_name=_("messaging service"),
        primary_key=True,
        related_name="sending_pause",
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    reason = models.CharField(_("reason"), max_length=500, help_text=_("What went wrong, in words; no data"))

    objects = SendingPauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause in sending")
        verbose_name_plural = _("pauses in sending")

    def __str__(self) -> str:
        return str(self.pk)
