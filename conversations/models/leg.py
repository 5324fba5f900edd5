"""Legs: one participant's part in a conversation; and when the customer was on hold."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Queue
from conversations.models import told
from conversations.models.conversation import Conversation

ENDS_IN_TIME = Q(ended_at=None) | Q(ended_at__gte=Greatest("started_at", "connected_at"))


class LegQuerySet(models.QuerySet["Leg"]):
    def there(self) -> LegQuerySet:
        """Those who have not left."""
        return self.filter(ended_at=None)

    def with_time_on_hold(self, *, now: datetime) -> LegQuerySet:
        """With ``time_on_hold``: how long each kept the customer on hold so far; None for never. In their order, which
        Django forgets where it adds up."""
        until = Coalesce("holds__ended_at", models.Value(now, models.DateTimeField()))
        on_hold = Sum(until - F("holds__started_at"), output_field=models.DurationField())
        return self.annotate(time_on_hold=on_hold).order_by("started_at", "pk")


class Leg(models.Model):
    """One participant's part, from joining to leaving; others call it the participant. Whoever leaves and comes back,
    or is consulted and then joins, has a leg for each."""

    class Purpose(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        WORKFLOW = "workflow", _("IVR or workflow")
        QUEUE = "queue", _("Queue")
        AGENT = "agent", _("Agent")

    class Entry(models.TextChoices):
        ARRIVED = "arrived", _("With the conversation")
        QUEUE = "queue", _("From a queue")
        DIRECT = "direct", _("Offered without a queue")
        TRANSFER = "transfer", _("Transferred")
        CONSULTATION = "consultation", _("Consulted")
        CONFERENCE = "conference", _("In conference")

    conversation = models.ForeignKey(Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="legs")
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose.choices)
    entry = models.CharField(_("entry"), max_length=12, choices=Entry.choices, help_text=_("How it came in"))
    brought_by = models.ForeignKey(
        "self",
        models.CASCADE,
        verbose_name=_("brought by"),
        null=True,
        blank=True,
        related_name="brought",
        db_index=False,
        help_text=_("The leg that brought it in: the queue it was offered from, or who transferred or consulted"),
    )
    queue = models.ForeignKey(
        Queue, models.PROTECT, verbose_name=_("queue"), null=True, blank=True, related_name="+", db_index=False
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("agent"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    started_at = models.DateTimeField(_("started at"))
    connected_at = models.DateTimeField(_("connected at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    is_holding = False
    """Whether the customer is on hold for it, where that was asked."""

    objects = LegQuerySet.as_manager()

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        ordering = ["started_at", "id"]
        indexes = [
            models.Index(
                fields=["agent"],
                condition=Q(entry__in=["consultation", "conference"], ended_at=None),
                name="leg_of_who_is_asked",
            ),
            models.Index(fields=["brought_by"], condition=Q(brought_by__isnull=False), name="leg_brought_by"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="queue", queue__isnull=False) | ~Q(purpose="queue"),
                name="a_queue_leg_names_its_queue",
            ),
            models.CheckConstraint(
                condition=Q(purpose="agent", agent__isnull=False) | ~Q(purpose="agent"),
                name="an_agent_leg_names_its_agent",
            ),
            models.CheckConstraint(condition=ENDS_IN_TIME, name="a_leg_ends_no_earlier_than_it_began"),
            models.CheckConstraint(
                condition=~Q(entry__in=["consultation", "conference"])
                | Q(purpose="agent", brought_by__isnull=False)
                | Q(purpose="queue", entry="consultation", brought_by__isnull=False),
                name="somebody_consults_an_agent_or_a_queue",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(purpose="workflow", ended_at=None),
                name="a_conversation_is_in_one_ivr_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(entry="consultation", ended_at=None),
                name="a_conversation_has_one_consultation_at_a_time",
            ),
        ]
        triggers = [told.OF_LEG]

    def __str__(self) -> str:
        return str(self.agent or self.queue or self.get_purpose_display())


class Communication(models.Model):
    """One medium within a leg. A participant may hold several at once, such as a voice call and messages beside it."""

    class Medium(models.TextChoices):
        MESSAGE = "message", _("Message")
        VOICE = "voice", _("Voice")
        EMAIL = "email", _("E-mail")

    leg = models.ForeignKey(Leg, models.CASCADE, verbose_name=_("leg"), related_name="communications")
    medium = models.CharField(_("medium"), max_length=8, choices=Medium.choices)
    started_at = models.DateTimeField(_("started at"))
    connected_at = models.DateTimeField(_("connected at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("communication")
        verbose_name_plural = _("communications")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["leg", "medium"],
                condition=Q(ended_at=None),
                name="a_leg_holds_a_medium_once_at_a_time",
            ),
            models.CheckConstraint(condition=ENDS_IN_TIME, name="a_communication_ends_no_earlier_than_it_began"),
        ]

    def __str__(self) -> str:
        return self.get_medium_display()


class Hold(models.Model):
    """The customer was on hold, from when to when; and for whose leg it counts, that of the agent who served."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="holds")
    leg = models.ForeignKey(Leg, models.CASCADE, verbose_name=_("leg"), related_name="holds")
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(ended_at=None),
                name="a_conversation_is_on_hold_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="a_hold_ends_no_earlier_than_it_began",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.leg}, {self.started_at:%H:%M}"
