"""Legs: one participant's part in a conversation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Queue
from conversations.models.conversation import Conversation


class Leg(models.Model):
    """One participant's part, from joining to leaving. A transfer adds legs."""

    class Purpose(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        WORKFLOW = "workflow", _("IVR or workflow")
        QUEUE = "queue", _("Queue")
        AGENT = "agent", _("Agent")

    conversation = models.ForeignKey(Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="legs")
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose.choices)
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

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        ordering = ["started_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="queue", queue__isnull=False) | ~Q(purpose="queue"),
                name="a_queue_leg_names_its_queue",
            ),
            models.CheckConstraint(
                condition=Q(purpose="agent", agent__isnull=False) | ~Q(purpose="agent"),
                name="an_agent_leg_names_its_agent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.agent or self.queue or self.get_purpose_display())


class Communication(models.Model):
    """One medium within a leg."""

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

    def __str__(self) -> str:
        return self.get_medium_display()
