"""Keys with which API clients sign in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.conf import settings
from django.db import models

KEY_PREFIX = "ks_"


def digest(key: str) -> str:
    """What is stored of a key. Keys are 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None, user__is_active=True)

    def matching(self, key: str) -> ApiKey | None:
        """The valid key with its user, or None."""
        return self.valid().select_related("user").filter(digest=digest(key)).first()

    def issue(self, *, user: object, name: str = "") -> tuple[ApiKey, str]:
        """Make a key. Its text is in the answer and nowhere else."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        return self.create(user=user, name=name, hint=key[-4:], digest=digest(key)), key


class ApiKey(models.Model):
    """A long random string that signs an API client in; only its digest is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100, blank=True, help_text="What uses it. Example: CRM nightly sync")
    hint = models.CharField("ends with", max_length=4, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"…{self.hint} of {self.user}"

    def revoke(self, *, now: datetime) -> None:
        """From now on the key opens nothing."""
        self.revoked_at = self.revoked_at or now
        self.save(update_fields=["revoked_at"])
