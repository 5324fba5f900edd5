"""Deliveries of session metadata files: which conversation's file goes where, and what became of it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MetadataDestination
from conversations.models import Conversation
from reporting.models.delivery_pause import open_destinations
from reporting.models.delivery_rebuild import DeliveryRebuild

LONGEST_NAME = 1024


class FileDeliveryQuerySet(JobQuerySet["FileDelivery"]):
    def waiting(self, *, now: datetime) -> Self:
        """Due, held by no worker, and for a destination that is switched on and not left alone at this moment."""
        return self.unfinished().filter(held_until__lte=now, destination__in=open_destinations(now=now).values("pk"))

    def in_turn(self, *, now: datetime) -> Self:
        """Those of one destination. Each has the same chance, however much waits for the others."""
        waiting = self.waiting(now=now).order_by()
        due = self.unfinished().order_by().filter(held_until__lte=now, destination=models.OuterRef("pk"))
        destinations = list(open_destinations(now=now).filter(models.Exists(due)).values_list("pk", flat=True))
        if not destinations:
            return self.none()
        return waiting.filter(destination=random.choice(destinations)).order_by(*FileDelivery.oldest_first)

    def repeatable(self) -> Self:
        """Those that no worker holds and that still have a destination."""
        return self.filter(holder=None).exclude(destination=None)

    def try_again(self) -> int:
        """Have them sent by the next worker, also where nothing has changed; return how many."""
        now = timezone.now()
        return self.repeatable().update(
            state=Job.State.WAITING,
            finished_at=None,
            forced_at=now,
            due_at=now,
            held_until=now,
            attempts=0,
            interruptions=0,
            reason="",
            is_our_error=False,
        )

    def without_destination(self) -> Self:
        """Those whose destination was deleted while they waited."""
        return self.unfinished().filter(destination=None)

    def ended_during(self, start: datetime, end: datetime) -> Self:
        """Of conversations that ended at ``start`` or later, and before ``end``."""
        return self.filter(ended_at__gte=start, ended_at__lt=end)

    def delivered(self) -> Self:
        """Those of which a file lies at the destination."""
        return self.filter(revision__gt=0)


class FileDelivery(Job):
    """The session metadata file of one conversation at one destination.

    It waits until it is due, and again whenever something changed or somebody asks: ``changed_at`` and ``forced_at``
    say why. Name, digest, size and revision are those of the file that lies there.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Delivered")
        UNCHANGED = "unchanged", _("Unchanged")
        FAILED = "failed", _("Parked")

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="file_deliveries", db_index=False
    )
    destination = models.ForeignKey(
        MetadataDestination,
        models.SET_NULL,
        verbose_name=_("destination"),
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
    )
    destination_name = models.CharField(_("destination"), max_length=100)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    ended_at = models.DateTimeField(_("conversation ended"))
    due_at = models.DateTimeField(_("due"))
    changed_at = models.DateTimeField(
        _("changed"),
        null=True,
        blank=True,
        help_text=_("It is sent where its content is another than at the destination"),
    )
    forced_at = models.DateTimeField(
        _("asked for again"), null=True, blank=True, help_text=_("It is sent whether or not its content is another")
    )
    rebuild = models.ForeignKey(
        DeliveryRebuild,
        models.SET_NULL,
        verbose_name=_("rebuild"),
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
    )
    is_our_error = models.BooleanField(
        _("error of ours"), default=False, db_default=False, help_text=_("The file could not be made as it has to be")
    )

    name = models.CharField(_("name"), max_length=LONGEST_NAME, blank=True, default="", db_default="")
    revision = models.PositiveIntegerField(
        _("revision"), default=0, db_default=0, help_text=_("How often it was delivered; 0: never")
    )
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, default="", db_default="")
    size = models.PositiveIntegerField(_("size"), default=0, db_default=0, help_text=_("In bytes"))
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    oldest_first = ("held_until", "pk")
    waits_since: ClassVar[str] = "due_at"
    most_attempts: ClassVar[int] = 40
    """With pauses up to an hour, over a day."""

    objects = FileDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery of session metadata")
        verbose_name_plural = _("deliveries of session metadata")
        ordering = ["-ended_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "destination"], name="a_file_is_delivered_once_to_a_destination"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False) | Q(held_until__isnull=False),
                name="a_delivery_that_waits_is_due_some_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["destination", "held_until"], condition=Q(finished_at=None), name="file_delivery_waiting"
            ),
            models.Index(fields=["due_at"], condition=Q(finished_at=None), name="file_delivery_due"),
            models.Index(F("ended_at").desc(), F("id").desc(), name="file_delivery_newest"),
            models.Index(F("destination"), F("ended_at").desc(), F("id").desc(), name="file_delivery_of_destination"),
            models.Index(
                F("ended_at").desc(), F("id").desc(), condition=Q(state="failed"), name="file_delivery_parked"
            ),
            models.Index(fields=["rebuild"], condition=Q(rebuild__isnull=False), name="file_delivery_of_rebuild"),
        ]

    def __str__(self) -> str:
        return f"{self.session} → {self.destination_name}"

    @property
    def session(self) -> str:
        """How people call the conversation: its kind and number."""
        return f"{self.conversation.channel.get_kind_display()} {self.conversation.number}"

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= self.most_attempts

    @property
    def pause(self) -> timedelta:
        """As of every job, and a little more or less, so that what failed together does not come together."""
        return super().pause * random.uniform(0.75, 1.25)
