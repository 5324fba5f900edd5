"""Answers that are given again when a request is repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation


class IdempotentAnswer(models.Model):
    """What was answered to a POST with an Idempotency-Key; forgotten after 24 hours."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="+", db_index=False
    )
    key = models.CharField(_("key"), max_length=255)
    request_digest = models.CharField(_("request digest"), max_length=64)
    conversation = models.ForeignKey(Conversation, models.CASCADE, verbose_name=_("conversation"), related_name="+")
    answer = models.JSONField(_("answer"))
    etag = models.CharField(_("etag"), max_length=70)
    answered_at = models.DateTimeField(_("answered at"), db_index=True)

    customer_data = ("answer",)

    class Meta:
        verbose_name = _("idempotent answer")
        verbose_name_plural = _("idempotent answers")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="an_idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.answered_at:%Y-%m-%d %H:%M}"
