"""Pauses: who cannot be reached is tried now and then, instead of with all that waits for them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound="Pause", covariant=True)

LONGEST_REASON = 500


class PauseQuerySet(models.QuerySet[Row]):
    def lasting(self, *, now: datetime) -> Self:
        """Those in which nothing is tried at this moment."""
        return self.filter(until__gt=now)

    @transaction.atomic
    def begin(self, whom: models.Model, *, now: datetime, reason: str, after: timedelta | None = None) -> Row:
        """They could not be reached just now: they are tried again ``after`` so long, or after ``first_pause``, and
        then twice as long each time, up to ``longest_pause``."""
        first: dict[str, Any] = {"since": now, "until": now}
        pause, _is_new = self.select_for_update().get_or_create(**{self.model.of: whom}, defaults=first)
        pause.failures += 1
        pause.until, pause.reason = now + (after or pause.usual), reason[:LONGEST_REASON]
        pause.save()
        return pause

    def over(self, whom: models.Model) -> None:
        """They can be reached, or are to be tried at once."""
        self.filter(**{self.model.of: whom}).delete()


class Pause(models.Model):
    """Somebody who cannot be reached. The first that gets through when the pause is over ends it."""

    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, help_text=_("What went wrong, in words; no data"))

    of: ClassVar[str]
    """The field that says whom it is about, its primary key."""

    first_pause: ClassVar[timedelta]
    longest_pause: ClassVar[timedelta]
    give_or_take: ClassVar[float] = 0
    """By which part a pause is longer or shorter by chance."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def usual(self) -> timedelta:
        """How long it lasts after so many failures in a row."""
        pause = min(self.first_pause * 2 ** min(self.failures - 1, 10), self.longest_pause)
        return pause * random.uniform(1 - self.give_or_take, 1 + self.give_or_take)
