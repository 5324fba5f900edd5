"""Deliveries: callbacks as they came in, to be applied."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService


class InboundDeliveryQuerySet(models.QuerySet["InboundDelivery"]):
    def waiting(self, *, now: datetime) -> InboundDeliveryQuerySet:
        """Not yet applied, and held by no worker at this moment."""
        return self.filter(finished_at=None).exclude(held_until__gt=now)

    def claim(self, pk: int, *, now: datetime) -> InboundDelivery | None:
        """Hold a waiting delivery for the caller, or return None when there is nothing to hold."""
        until = now + settings.DELIVERY_LEASE
        held = self.waiting(now=now).filter(pk=pk).update(held_until=until, attempts=F("attempts") + 1)
        return self.get(pk=pk) if held else None


class InboundDelivery(models.Model):
    """One callback. Its body is erased once it is applied: what an ended conversation destroys is destroyed here."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        APPLIED = "applied", _("Applied")
        IGNORED = "ignored", _("Accepted, nothing to do")
        FAILED = "failed", _("Given up")

    service = models.ForeignKey(
        MessagingService, models.PROTECT, verbose_name=_("service"), related_name="deliveries", db_index=False
    )
    nonce = models.CharField(_("nonce"), max_length=128)
    body_digest = models.BinaryField(
        _("body digest"), max_length=32, help_text=_("SHA-256 of the body, keyed with SECRET_KEY")
    )
    body = models.BinaryField(_("body"), null=True, help_text=_("As received; erased when applied or given up"))
    trigger = models.CharField(_("trigger"), max_length=60, blank=True)
    received_at = models.DateTimeField(_("received at"))
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    notes = models.JSONField(
        _("notes"), default=list, blank=True, help_text=_("What was left out and why, in words without values")
    )

    customer_data = ("body",)

    objects = InboundDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("inbound delivery")
        verbose_name_plural = _("inbound deliveries")
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="delivery_waiting")]
        constraints = [models.UniqueConstraint(fields=["service", "nonce"], name="a_nonce_is_taken_once")]

    def __str__(self) -> str:
        return f"{self.trigger or 'Delivery'} {self.pk}"
