"""The timeline of a conversation."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import User
from channels_cfg.prepared import write
from conversations.models.conversation import Conversation


class Event(models.Model):
    """One thing that happened. ``detail`` holds names and ids, never a value of attached data."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        IVR = "ivr", _("IVR")
        QUEUED = "queued", _("Queued")
        TURNED_AWAY = "turned_away", _("Turned away")
        ALLOCATED = "allocated", _("Offered")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Offer withdrawn")
        TRANSFERRED = "transferred", _("Transferred")
        HELD = "held", _("On hold")
        RESUMED = "resumed", _("Resumed")
        CONSULTED = "consulted", _("Consultation offered")
        ANSWERED = "answered", _("Consultation accepted")
        CAME_BACK = "came_back", _("Consultation ended")
        CONFERENCE = "conference", _("Conference")
        ENDED = "ended", _("Ended")
        ABANDONED = "abandoned", _("Abandoned")
        HANDLED = "handled", _("Handled")
        ATTACHED = "attached", _("Data attached")
        KEPT = "kept", _("Data kept")
        POSTED = "posted", _("Data posted")
        LATE = "late", _("Arrived after the end")
        NOTED = "noted", _("Wrap-up noted")
        SESSION = "session", _("Session facts told")
        ASSOCIATED = "associated", _("Contact associated")
        DISSOCIATED = "dissociated", _("Contact taken off")
        CUSTOMER_EVENT = "customer_event", _("Customer event")

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="events"
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("actor"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    detail = models.JSONField(_("detail"), default=dict, blank=True)
    external_id = models.CharField(
        _("external id"), max_length=64, blank=True, help_text=_("Id at the sender: the same event comes once")
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
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


_NOTE = """
    INSERT INTO conversations_event (conversation_id, kind, at, actor_id, detail, external_id)
    VALUES (%s, %s, %s, %s, %s::jsonb, '')
"""


def note_event(
    conversation: Conversation, kind: Event.Kind, *, at: datetime, by: User | None = None, **detail: Any
) -> None:
    """Note on the timeline what happened, as most changes do."""
    write(_NOTE, [conversation.pk, kind.value, at, by and by.pk, json.dumps(detail)])
