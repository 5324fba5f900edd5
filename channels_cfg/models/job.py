"""Jobs: rows that wait for a worker. The table is the to-do list, and a message to a worker only a hint."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Q, Value
from django.utils.translation import gettext_lazy as _

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
SUSPICIOUS = 3
"""A job that cost so many workers is worked on alone."""


Row = TypeVar("Row", bound="Job", covariant=True)


class JobQuerySet(models.QuerySet[Row]):
    def unfinished(self) -> Self:
        return self.filter(finished_at=None)

    def waiting(self, *, now: datetime) -> Self:
        """Unfinished, held by no worker at this moment, and due."""
        return self.unfinished().exclude(held_until__gt=now)

    def held(self, *, now: datetime) -> Self:
        """Those that a living worker holds at this moment."""
        return self.unfinished().filter(held_until__gt=now).exclude(holder=None)

    def claim(self, pk: Any, *, now: datetime) -> Row | None:
        """Hold a waiting row for the caller, for ``JOB_LEASE``; None where there is nothing to hold."""
        held = self.waiting(now=now).filter(pk=pk)._hold(uuid.uuid4(), now=now)
        return self.get(pk=pk) if held else None

    @transaction.atomic
    def claim_handful(self, most: int, *, now: datetime) -> list[Row]:
        """Hold up to so many waiting rows for the caller at once, the oldest first; none that another holds.

        One that has cost several workers comes alone, so that it takes no others with it.
        """
        rows = self.in_turn(now=now).select_for_update(skip_locked=True, of=("self",))
        found = list(rows.values_list("pk", "interruptions")[:most])
        calm = [pk for pk, interruptions in found if interruptions < SUSPICIOUS]
        pks = calm if found and found[0][1] < SUSPICIOUS else [pk for pk, _interruptions in found[:1]]
        holder = uuid.uuid4()
        self.filter(pk__in=pks)._hold(holder, now=now)
        return list(self.filter(pk__in=pks, holder=holder).order_by(*self.model.oldest_first)) if pks else []

    def in_turn(self, *, now: datetime) -> Self:
        """What waits and may be worked on together, the oldest first."""
        return self.waiting(now=now).order_by(*self.model.oldest_first)

    def _hold(self, holder: uuid.UUID, *, now: datetime) -> int:
        return self.update(
            holder=holder,
            held_until=now + settings.JOB_LEASE,
            attempts=F("attempts") + 1,
            interruptions=F("interruptions") + Case(models.When(holder=None, then=Value(0)), default=Value(1)),
            **self.model.when_claimed,
        )

    @transaction.atomic
    def renew(self, *jobs: Job, now: datetime) -> None:
        """Hold the caller's rows for ``JOB_LEASE`` from now; who is about to write one does not wait for this."""
        held = self.held_by(*jobs).order_by().select_for_update(skip_locked=True).values_list("pk", flat=True)
        self.filter(pk__in=list(held)).update(held_until=now + settings.JOB_LEASE)

    def held_by(self, *jobs: Job) -> Self:
        """The rows of jobs of one claim, as long as it still stands."""
        return self.unfinished().filter(pk__in=[job.pk for job in jobs], holder=jobs[0].holder)

    def dead_letters(self) -> Self:
        """Those that were given up."""
        return self.filter(state=Job.State.FAILED)

    def repeatable(self) -> Self:
        """Those that can be tried again by hand: held by nobody, and their input is still there."""
        return self.filter(Q(finished_at=None) | Q(state=Job.State.FAILED), holder=None).exclude(
            **self.model.input_erased
        )

    def try_again(self) -> int:
        """Have those that can be tried again taken by the next worker; return how many."""
        return self.repeatable().update(
            state=Job.State.WAITING, finished_at=None, held_until=None, attempts=0, interruptions=0, reason=""
        )


class Job(models.Model):
    """A row that a worker claims, holds for a lease that it renews while it lives, and finishes.

    ``held_until`` is the end of the lease where there is a holder, and the next try where there is none. A worker that
    dies leaves its claim behind; that it did is counted when another takes over. A kind of job that has states of its
    own declares ``state`` anew; those of ``State`` are among them, and it sets ``finished_at`` with every final one.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        FAILED = "failed", _("Given up")

    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    reason = models.CharField(
        _("reason"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text=_("What went wrong, in words; no data"),
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    interruptions = models.PositiveSmallIntegerField(
        _("interruptions"), default=0, db_default=0, help_text=_("How often its worker died")
    )
    holder = models.UUIDField(_("holder"), null=True, blank=True, help_text=_("The claim of the worker that has it"))
    held_until = models.DateTimeField(
        _("next try"), null=True, blank=True, help_text=_("No worker takes it before; it is held, or failed lately")
    )
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    when_claimed: ClassVar[dict[str, Any]] = {}
    """Further fields that a claim sets."""

    input_erased: ClassVar[dict[str, Any]] = {}
    """How the fields that hold what the work needs look once they are erased; giving up erases them."""

    oldest_first: ClassVar[tuple[str, ...]] = ("pk",)
    waits_since: ClassVar[str]
    """The field that says since when it is on the list."""

    most_interruptions: ClassVar[int] = 10
    """A job that took so many workers with it is given up."""

    tells_attempts: ClassVar[bool] = True
    """Whether the reason of one that was given up says after how many attempts."""

    class Meta:
        abstract = True

    @classmethod
    def rows(cls) -> JobQuerySet[Any]:
        """All rows, in the words of the kind's own queryset, which may say more of who waits."""
        rows = cls._default_manager.all()
        assert isinstance(rows, JobQuerySet)  # every kind's manager comes from one
        return rows

    def is_exhausted(self, *, now: datetime) -> bool:
        """Whether a failure now is the last."""
        raise NotImplementedError

    @property
    def pause(self) -> timedelta:
        """How long it waits after a failure: 5 s, then twice as long each time, and an hour at most."""
        return min(FIRST_PAUSE * 2 ** min(self.attempts, 16), LONGEST_PAUSE)

    @property
    def is_unfinished(self) -> bool:
        return self.finished_at is None
