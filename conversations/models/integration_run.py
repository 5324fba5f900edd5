"""Runs of integrations: what was asked because something happened to a conversation, and what came of it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Integration, Job, JobQuerySet
from channels_cfg.prepared import write
from conversations.models import told
from conversations.models.conversation import Conversation
from conversations.models.conversation_state import ENDED_STATES

FIRST_PAUSE = timedelta(seconds=2)


class IntegrationRunQuerySet(JobQuerySet["IntegrationRun"]):
    def waiting(self, *, now: datetime) -> Self:
        """Those whose turn it is: what needs the outcome of an earlier one of the same event waits for it."""
        earlier = IntegrationRun.objects.unfinished().filter(group=OuterRef("group"), position__lt=OuterRef("position"))
        return super().waiting(now=now).exclude(Exists(earlier), in_turn=True)

    def repeatable(self) -> Self:
        """Also those that found nothing; not those that have been done, since they would do it twice."""
        return self.filter(
            Q(finished_at=None) | Q(state=Job.State.FAILED) | Q(outcome=IntegrationRun.Outcome.NOTHING), holder=None
        )

    def try_again(self) -> int:
        fresh = {"attempts": 0, "interruptions": 0, "calls": 0, "reason": "", "outcome": "", "made_at": timezone.now()}
        return self.repeatable().update(state=Job.State.WAITING, finished_at=None, held_until=None, **fresh)

    def erase_exchanges_of_ended(self, conversation: Conversation, *, now: datetime) -> None:
        """As ``erase_exchanges``, of a conversation that ends, but for integrations that are being debugged."""
        write(_ERASE_OF_ENDED, [conversation.pk, now])

    def erase_exchanges(self) -> None:
        """What was asked and answered is gone; what remains are names, counts and words of ours."""
        self.exclude(exchange=None).update(exchange=None)

    def outliving(self, *, now: datetime) -> Self:
        """With an exchange whose conversation has ended, and of no integration that is being debugged."""
        open_windows = DebugWindow.objects.filter(integration=OuterRef("integration"), closes_at__gt=now)
        return self.exclude(exchange=None).filter(~Exists(open_windows), conversation__state__in=ENDED_STATES)


_ERASE_OF_ENDED = """
    UPDATE conversations_integrationrun AS run
       SET exchange = NULL
     WHERE conversation_id = %s AND exchange IS NOT NULL
       AND NOT EXISTS (SELECT FROM conversations_debugwindow AS debugging
                        WHERE debugging.integration_id = run.integration_id AND debugging.closes_at > %s)
"""


class IntegrationRun(Job):
    """One integration that answers one event of one conversation."""

    class Outcome(models.TextChoices):
        SAVED = "saved", _("Fetched")
        SENT = "sent", _("Sent")
        NOTHING = "nothing", _("Nothing found")
        TIMED_OUT = "timed_out", _("Timed out")
        FAILED = "failed", _("Failed")

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="integration_runs"
    )
    integration = models.ForeignKey(
        Integration, models.SET_NULL, verbose_name=_("integration"), null=True, blank=True, related_name="runs"
    )
    integration_name = models.CharField(_("integration"), max_length=100)
    event = models.CharField(_("event"), max_length=11, choices=Integration.AnsweredEvent.choices)
    group = models.UUIDField(_("group"), default=uuid.uuid4, help_text=_("The same for all that answer one event"))
    position = models.PositiveSmallIntegerField(_("position"), default=1, help_text=_("Among these, from 1"))
    in_turn = models.BooleanField(_("in turn"), default=False, help_text=_("It needs the outcome of those before it"))
    awaited = models.BooleanField(_("awaited"), default=False, help_text=_("One after it needs its outcome"))
    happened_at = models.DateTimeField(_("happened at"))
    made_at = models.DateTimeField(_("made at"))
    facts = models.JSONField(_("facts"), default=dict, help_text=_("Ids of the queue, agent, … at that moment"))

    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome.choices, blank=True, default="")
    calls = models.PositiveSmallIntegerField(_("calls"), default=0)
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), null=True, blank=True)
    sets = ArrayField(models.CharField(max_length=14), verbose_name=_("set"), default=list, blank=True)
    notes = models.JSONField(
        _("notes"), default=list, blank=True, help_text=_("What was kept, set and left out; names, never values")
    )
    exchange = models.JSONField(
        _("exchange"), null=True, blank=True, help_text=_("What was asked, secrets masked, and answered; erased")
    )

    customer_data = ("exchange",)
    waits_since: ClassVar[str] = "made_at"
    input_erased: ClassVar[dict[str, Any]] = {}

    objects = IntegrationRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("integration run")
        verbose_name_plural = _("integration runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(finished_at=None), name="integration_run_waiting"),
            models.Index(fields=["group", "position"], name="integration_run_in_turn"),
            models.Index(fields=["id"], condition=Q(exchange__isnull=False), name="integration_run_exchange"),
            models.Index(fields=["made_at"], name="integration_run_made_at"),
        ]
        triggers = [told.OF_INTEGRATION_RUN]

    def __str__(self) -> str:
        return f"{self.integration_name}: {self.get_event_display()}"

    def is_exhausted(self, *, now: datetime) -> bool:
        return now - self.made_at >= settings.INTEGRATION_DEAD_AFTER

    @property
    def pause(self) -> timedelta:
        return FIRST_PAUSE * 2 ** min(self.calls, 5)


class DebugWindow(models.Model):
    """While it is open, what an integration asks and is answered outlives conversations, for whoever looks for a
    fault."""

    integration = models.OneToOneField(
        Integration, models.CASCADE, verbose_name=_("integration"), related_name="debug_window"
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("opened by"), related_name="+", db_index=False
    )
    opened_at = models.DateTimeField(_("opened at"))
    closes_at = models.DateTimeField(_("closes at"))

    class Meta:
        verbose_name = _("debug window")
        verbose_name_plural = _("debug windows")

    def __str__(self) -> str:
        return str(self.integration)


class EndpointState(models.Model):
    """How a host that integrations ask has answered lately, so that one that fails is left alone for a while."""

    name = models.CharField(_("host"), max_length=300, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    rests_until = models.DateTimeField(_("rests until"), null=True, blank=True)
    retries_left = models.FloatField(_("retries left"), default=10.0)

    class Meta:
        verbose_name = _("asked host")
        verbose_name_plural = _("asked hosts")

    def __str__(self) -> str:
        return self.name
