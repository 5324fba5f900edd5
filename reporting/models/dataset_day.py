"""The Contact Log as a dataset in the company's storage: which days have changed, and the file of each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MetadataDestination
from reporting.models.delivery_pause import open_destinations
from reporting.models.report_file import report_folder

LONGEST_PLACE = 1200
"""Characters of endpoint, bucket and both folders."""

SAYS_WHICH_DAYS_LOST_ENTRIES = pgtrigger.Trigger(
    name="says_which_days_lost_entries",
    level=pgtrigger.Statement,
    operation=pgtrigger.Delete,
    when=pgtrigger.After,
    referencing=pgtrigger.Referencing(old="gone"),  # type: ignore[no-untyped-call]
    func="""
        INSERT INTO reporting_changedday (day) SELECT DISTINCT (received_at AT TIME ZONE 'UTC')::date FROM gone;
        RETURN NULL;
    """,
)
"""A trigger of the Contact Log. What the reporting job writes, it says itself, where that costs less."""


class ChangedDay(models.Model):
    """On this day, in UTC, were received conversations whose entries in the Contact Log were written or deleted.

    Written with the entries, in their transaction, and never together with another's: so nobody waits for it. Whether
    there is a dataset at all is asked by who reads it.
    """

    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("changed day")
        verbose_name_plural = _("changed days")

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class DatasetDayQuerySet(JobQuerySet["DatasetDay"]):
    def waiting(self, *, now: datetime) -> Self:
        """Due, held by nobody, and for a destination that is switched on and not left alone at this moment."""
        return super().waiting(now=now).filter(destination__in=open_destinations(now=now).values("pk"))

    def repeatable(self) -> Self:
        """All that no worker holds: a file may be written again at any time."""
        return self.filter(holder=None)

    def try_again(self) -> int:
        """Have the files written again by the next worker; return how many."""
        return self.repeatable().have_written(now=timezone.now())

    def have_written(self, *, now: datetime) -> int:
        """Have the files written, also those at which a worker is: that one takes another turn."""
        free = Case(When(holder=None, then=Value(now)), default=F("held_until"), output_field=models.DateTimeField())
        return self.update(
            state=Job.State.WAITING, finished_at=None, reason="", attempts=0, interruptions=0,
            changed_at=now, due_at=now, held_until=free,
        )  # fmt: skip


class DatasetDay(Job):
    """The file of one day of the Contact Log at one destination: a job that waits anew when an entry changed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Written")
        FAILED = "failed", _("Parked")

    destination = models.ForeignKey(
        MetadataDestination, models.CASCADE, verbose_name=_("destination"), related_name="dataset_days", db_index=False
    )
    day = models.DateField(_("day"), help_text=_("On which the conversations were received, UTC"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    place = models.CharField(
        _("place"),
        max_length=LONGEST_PLACE,
        default="",
        db_default="",
        help_text=_("Of the dataset; where it is another, all is written anew"),
    )
    changed_at = models.DateTimeField(_("changed"), help_text=_("When it was last planned to be written"))
    due_at = models.DateTimeField(_("due"))
    name = models.CharField(_("name"), max_length=300, blank=True, default="", db_default="")
    row_count = models.PositiveIntegerField(_("rows"), default=0, db_default=0)
    size = models.PositiveIntegerField(_("size"), default=0, db_default=0, help_text=_("In bytes"))
    written_at = models.DateTimeField(_("written"), null=True, blank=True)

    oldest_first = ("due_at", "-day")
    waits_since: ClassVar[str] = "due_at"
    most_attempts: ClassVar[int] = 32

    objects = DatasetDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of the Contact Log dataset")
        verbose_name_plural = _("days of the Contact Log dataset")
        ordering = ["-day", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["destination", "day"], name="a_day_has_one_dataset_file_at_a_destination")
        ]
        indexes = [models.Index(fields=["due_at", "-day"], condition=Q(finished_at=None), name="dataset_day_waiting")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} → {self.destination}"

    @property
    def scratch(self) -> Path:
        """The folder in which a claim has the file written; a name of this claim alone."""
        return report_folder() / f"day-{self.pk}.{self.holder}"

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= self.most_attempts
