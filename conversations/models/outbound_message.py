"""Outbound messages: replies on their way to the customer."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet, MessagingService
from conversations.models import told
from conversations.models.external_reference import ExternalReference
from conversations.models.message import Message
from conversations.models.sending_pause import SendingPause

LONGEST_PAUSE = timedelta(minutes=1)


class OutboundMessageQuerySet(JobQuerySet["OutboundMessage"]):
    def waiting(self, *, now: datetime) -> OutboundMessageQuerySet:
        """Those whose turn it is: what a conversation's customer is sent leaves in the order in which it was written,
        so an unfinished one holds the later ones back. While a channel takes nothing, none of its service's."""
        earlier = OutboundMessage.objects.unfinished().filter(reference=OuterRef("reference"), pk__lt=OuterRef("pk"))
        # No join of the outer query: a claim would then find its rows in a query of its own, and two workers the same.
        paused = SendingPause.objects.lasting(now=now).filter(service__references=OuterRef("reference"))
        return super().waiting(now=now).filter(~Exists(earlier), ~Exists(paused))

    def repeatable(self) -> OutboundMessageQuerySet:
        """Not those that may have been sent: nothing is sent twice knowingly."""
        return super().repeatable().filter(posting_since=None)


class OutboundMessage(Job):
    """A message that goes out to the customer of its thread, once.

    ``posting_since`` is there from before the request leaves until its answer is known. Where it is there and nobody
    holds the job, it is not known whether the message was sent.
    """

    message = models.OneToOneField(Message, models.CASCADE, verbose_name=_("message"), related_name="outbound")
    reference = models.ForeignKey(
        ExternalReference,
        models.PROTECT,
        verbose_name=_("external reference"),
        related_name="outbound_messages",
        db_index=False,
    )
    token = models.UUIDField(
        _("token"), unique=True, default=uuid.uuid4, help_text=_("By which news of it is known to be of it")
    )
    written_at = models.DateTimeField(_("written at"))
    posting_since = models.DateTimeField(_("sending since"), null=True, blank=True)

    waits_since: ClassVar[str] = "written_at"

    objects = OutboundMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("outbound message")
        verbose_name_plural = _("outbound messages")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["reference", "id"], condition=Q(finished_at=None), name="outbound_message_in_order")
        ]
        triggers = [told.OF_OUTBOUND_MESSAGE]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def service(self) -> MessagingService:
        assert self.reference.service  # nothing else is sent to
        return self.reference.service

    def is_exhausted(self, *, now: datetime) -> bool:
        return now - self.written_at >= settings.REPLY_DEAD_AFTER

    @property
    def pause(self) -> timedelta:
        return min(super().pause, LONGEST_PAUSE)
