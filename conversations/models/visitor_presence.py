"""The visitor of a web chat: whether the page is there, what it has got, and who is typing."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from conversations.models import told
from conversations.models.conversation import Conversation
from conversations.models.conversation_state import ACTIVE_STATES

TYPING_LASTS = timedelta(seconds=8)
"""Whoever types says so again before it is over."""


class VisitorPresenceQuerySet(models.QuerySet["VisitorPresence"]):
    def of_open_chats(self) -> VisitorPresenceQuerySet:
        return self.filter(conversation__state__in=ACTIVE_STATES)

    def gone(self, *, now: datetime) -> VisitorPresenceQuerySet:
        """Of open chats, those whose page has been silent for longer than their channel waits."""
        waits = models.ExpressionWrapper(
            F("conversation__channel__visitor_gone_minutes") * models.Value(timedelta(minutes=1)),
            output_field=models.DurationField(),
        )
        return self.of_open_chats().filter(seen_at__lt=now - waits)

    def types(self, conversation_id: uuid.UUID, *, field: str, until: datetime | None) -> None:
        """``field`` is ``visitor_typing_until`` or ``agent_typing_until``; None: not any more."""
        chat = self.filter(pk=conversation_id, conversation__state__in=ACTIVE_STATES)
        if until is None:
            chat.exclude(**{field: None}).update(**{field: None})
        else:
            chat.filter(Q(**{field: None}) | Q(**{f"{field}__lt": until - TYPING_LASTS / 2})).update(**{field: until})


class VisitorPresence(models.Model):
    """Beside the conversation of a web chat. Holds digests, times and ids alone."""

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, verbose_name=_("conversation"), primary_key=True, related_name="visitor"
    )
    start_digest = models.CharField(
        _("start digest"), max_length=64, help_text=_("Of what the chat began with: the same start is known again")
    )
    address_digest = models.CharField(
        _("address digest"), max_length=64, blank=True, help_text=_("Of where it was opened; forgotten soon after")
    )
    origin = models.CharField(_("origin"), max_length=200, help_text=_("The page it was opened on"))
    started_at = models.DateTimeField(_("started at"))
    seen_at = models.DateTimeField(_("seen at"))
    delivered_to = models.BigIntegerField(
        _("delivered to"), default=0, help_text=_("The last message that the page has got")
    )
    read_to = models.BigIntegerField(_("read to"), default=0, help_text=_("The last message that was on the screen"))
    visitor_typing_until = models.DateTimeField(_("visitor types until"), null=True, blank=True)
    agent_typing_until = models.DateTimeField(_("agent types until"), null=True, blank=True)

    objects = VisitorPresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor presence")
        verbose_name_plural = _("visitor presences")
        ordering = ["started_at"]
        indexes = [
            models.Index(
                fields=["address_digest", "started_at"],
                condition=~Q(address_digest=""),
                name="visitor_by_address",
            )
        ]
        triggers = [told.OF_VISITOR]

    def __str__(self) -> str:
        return str(self.pk)
