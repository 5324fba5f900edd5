"""Drafts: what an agent has typed and not sent."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import User
from channels_cfg.prepared import write
from conversations.models.conversation import Conversation


class DraftQuerySet(models.QuerySet["Draft"]):
    def keep(self, conversation: Conversation, *, agent: User, text: str, now: datetime) -> None:
        """Keep what is typed; where that is nothing, keep nothing."""
        if not text.strip():
            self.filter(conversation=conversation, agent=agent).delete()
            return
        self.update_or_create(conversation=conversation, agent=agent, defaults={"text": text, "saved_at": now})

    def forget(self, conversation: Conversation) -> None:
        """What anybody has typed to its customer is gone."""
        write("DELETE FROM conversations_draft WHERE conversation_id = %s", [conversation.pk])


class Draft(models.Model):
    """What one agent has typed to the customer of one conversation; gone once it is sent, or with the end."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="drafts", db_index=False
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("agent"), related_name="+", db_index=False
    )
    text = models.TextField(_("text"))
    saved_at = models.DateTimeField(_("saved at"))

    customer_data = ("text",)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["conversation", "agent"], name="an_agent_has_one_draft")]

    def __str__(self) -> str:
        return str(self.pk)
