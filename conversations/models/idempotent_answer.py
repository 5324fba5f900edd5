"""Answers that are given again when a request is repeated."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from conversations.models.conversation import Conversation


class IdempotentAnswer(models.Model):
    """What was answered to a POST of kept data with an Idempotency-Key; forgotten after 24 hours."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    answer = models.JSONField()
    etag = models.CharField(max_length=70)
    answered_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="an_idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.answered_at:%Y-%m-%d %H:%M}"
