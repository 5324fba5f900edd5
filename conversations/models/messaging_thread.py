"""Conversations as the Conversation API counts them."""

from __future__ import annotations

from django.db import models

from channels_cfg.models import MessagingService


class MessagingThread(models.Model):
    """One conversation id of the Conversation API. Several of our conversations may follow each other in it.

    The row is locked while a callback of the thread is applied. It remembers a stop or a deletion that arrived
    before the messages it concerns.
    """

    service = models.ForeignKey(MessagingService, models.PROTECT, related_name="threads")
    external_id = models.CharField(max_length=64)
    contact_external_id = models.CharField(max_length=64, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "external_id"], name="a_thread_is_stored_once")]
        indexes = [models.Index(fields=["service", "contact_external_id"], name="thread_by_contact")]

    def __str__(self) -> str:
        return self.external_id
