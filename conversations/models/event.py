"""The timeline of a conversation."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from conversations.models.conversation import Conversation


class Event(models.Model):
    """One thing that happened. ``detail`` holds names and ids, never a value of attached data."""

    class Kind(models.TextChoices):
        RECEIVED = "received", "Received"
        QUEUED = "queued", "Queued"
        ALLOCATED = "allocated", "Allocated"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Offer withdrawn"
        TRANSFERRED = "transferred", "Transferred"
        HELD = "held", "On hold"
        RESUMED = "resumed", "Resumed"
        ENDED = "ended", "Ended"
        ABANDONED = "abandoned", "Abandoned"
        HANDLED = "handled", "Handled"
        ATTACHED = "attached", "Data attached"
        KEPT = "kept", "Data kept"
        POSTED = "posted", "Data posted"
        LATE = "late", "Arrived after the end"
        CUSTOMER_EVENT = "customer_event", "Customer event"

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    detail = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=64, blank=True, help_text="Id at the sender: the same event comes once")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "external_id"],
                condition=~models.Q(external_id=""),
                name="an_event_from_outside_is_stored_once",
            )
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
