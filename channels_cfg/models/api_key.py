"""Keys with which API clients sign in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import UserManager
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.user import User
from channels_cfg.models.versioned import versioned

KEY_PREFIX = "ks_"


def digest(key: str) -> str:
    """What is stored of a key. Keys are 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def valid(self) -> ApiKeyQuerySet:
        """Keys that open something now: neither revoked nor past their time, of an active user."""
        in_time = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(in_time, revoked_at=None, user__is_active=True)

    def matching(self, key: str) -> ApiKey | None:
        """The valid key with its user, or None."""
        return self.valid().select_related("user").filter(digest=digest(key)).first()

    def rotate(self, key: ApiKey, *, old_until: datetime) -> tuple[ApiKey, str]:
        """Make a key that follows this one; the old one opens nothing from then on. The new text is in the answer."""
        with transaction.atomic():
            key.expire(at=old_until)
            return self.issue(user=key.user, name=key.name)

    def issue(self, *, user: object, name: str = "") -> tuple[ApiKey, str]:
        """Make a key. Its text is in the answer and nowhere else."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        return self.create(user=user, name=name, hint=key[-4:], digest=digest(key)), key


@versioned(exclude=["digest", "last_used_at"])
class ApiKey(models.Model):
    """A long random string that signs an API client in; only its digest is stored."""

    class State(models.TextChoices):
        VALID = "valid", _("Valid")
        REVOKED = "revoked", _("Revoked")
        EXPIRED = "expired", _("Expired")
        USER_INACTIVE = "user_inactive", _("User is inactive")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="api_keys")
    name = models.CharField(
        _("name"), max_length=100, blank=True, help_text=_("What uses it. Example: CRM nightly sync")
    )
    hint = models.CharField(_("ends with"), max_length=4, editable=False)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(
        _("valid until"), null=True, blank=True, editable=False, help_text=_("From then on the key opens nothing")
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return gettext("…%(hint)s of %(user)s") % {"hint": self.hint, "user": self.user}

    def revoke(self, *, now: datetime) -> None:
        """From now on the key opens nothing."""
        self.revoked_at = self.revoked_at or now
        self.save(update_fields=["revoked_at"])

    def expire(self, *, at: datetime) -> None:
        """The key opens nothing from that moment on, or from an earlier one that was set before."""
        self.expires_at = min(self.expires_at or at, at)
        self.save(update_fields=["expires_at"])

    def state(self, *, now: datetime) -> State:
        """What the key is good for; ``user`` is read with it."""
        if self.revoked_at:
            return self.State.REVOKED
        if self.expires_at and self.expires_at <= now:
            return self.State.EXPIRED
        return self.State.VALID if self.user.is_active else self.State.USER_INACTIVE


class ApiClientManager(UserManager["ApiClient"]):
    def get_queryset(self) -> models.QuerySet[ApiClient]:
        return super().get_queryset().filter(is_api_client=True)


class ApiClient(User):
    """A user that is a program."""

    objects: ClassVar[ApiClientManager] = ApiClientManager()

    class Meta:
        proxy = True
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")
        ordering = ["username"]
        default_permissions = ()
