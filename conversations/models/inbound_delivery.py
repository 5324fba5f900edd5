"""Deliveries: what came in at a door, to be applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MailBox, MessagingService, Queue

TASKS = "tasks"
"""The door of e-mail tasks."""

NOT_APPLIED = Q(conversation_id__isnull=False, state__in=["waiting", "failed"])
"""A task that no conversation was made of, or not yet."""


class InboundDelivery(Job):
    """What a door took in. Its body is erased once it is applied, since the end of a conversation destroys it too."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPLIED = "applied", _("Applied")
        IGNORED = "ignored", _("Accepted, nothing to do")
        FAILED = "failed", _("Given up")

    door = models.CharField(_("door"), max_length=30)
    service = models.ForeignKey(
        MessagingService,
        models.PROTECT,
        verbose_name=_("service"),
        null=True,
        blank=True,
        related_name="deliveries",
        db_index=False,
        help_text=_("The account at the door; none where the door has none"),
    )
    mail_box = models.ForeignKey(
        MailBox,
        models.SET_NULL,
        verbose_name=_("mail box"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Where a mail was read"),
    )
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        verbose_name=_("queue"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Of a task: where it was accepted"),
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("sender"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Of a task: whose API client posted it"),
    )
    conversation_id = models.UUIDField(
        _("conversation"), null=True, blank=True, help_text=_("Of a task: the id that its sender was told")
    )
    nonce = models.CharField(_("nonce"), max_length=128)
    body_digest = models.BinaryField(
        _("body digest"), max_length=32, help_text=_("SHA-256 of the body, keyed with SECRET_KEY")
    )
    body = models.BinaryField(_("body"), null=True, help_text=_("As received; erased when applied or given up"))
    trigger = models.CharField(_("trigger"), max_length=60, blank=True)
    received_at = models.DateTimeField(_("received at"))
    state = models.CharField(_("outcome"), max_length=9, choices=State.choices, default=State.WAITING)
    notes = models.JSONField(
        _("notes"), default=list, blank=True, help_text=_("What was left out and why, in words without values")
    )

    customer_data = ("body",)
    input_erased: ClassVar[dict[str, Any]] = {"body": None}
    waits_since: ClassVar[str] = "received_at"

    objects = JobQuerySet["InboundDelivery"].as_manager()

    class Meta:
        verbose_name = _("inbound delivery")
        verbose_name_plural = _("inbound deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=Q(finished_at=None), name="delivery_waiting"),
            models.Index(fields=["conversation_id"], condition=NOT_APPLIED, name="delivery_of_a_task"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["door", "service", "nonce"], nulls_distinct=False, name="a_nonce_is_taken_once"
            )
        ]

    def __str__(self) -> str:
        return gettext("Delivery %(number)s") % {"number": self.pk}

    def is_exhausted(self, *, now: datetime) -> bool:
        return now - self.received_at >= settings.DELIVERY_DEAD_AFTER
