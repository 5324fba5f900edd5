"""Who signed in, failed to, or signed out, and what became of second factors."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInEventQuerySet(models.QuerySet["SignInEvent"]):
    def delete_expired(self, *, now: datetime) -> None:
        """Delete what is older than ``SIGN_IN_LOG_DAYS``."""
        self.filter(at__lt=now - timedelta(days=settings.SIGN_IN_LOG_DAYS)).delete()


class SignInEvent(models.Model):
    """One sign-in, failure or sign-out, or a second factor that came or went. ``account`` is the name that the user had
    then, and empty where there was no such user: what was typed may be a password. It points at no user, so that events
    outlive one. ``method`` is the last thing that was shown: a code follows a password."""

    class Method(models.TextChoices):
        PASSWORD = "password", _("Password")
        API_KEY = "api_key", _("API key")
        CLIENT = "client", _("Key for a token")
        TOKEN = "token", _("Token")
        TOTP = "totp", _("Authenticator app")
        PASSKEY = "passkey", _("Passkey")
        RECOVERY_CODE = "recovery", _("Recovery code")

    class Result(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        FAILED = "failed", _("Failed")
        BLOCKED = "blocked", _("Failed once too often")
        SIGNED_OUT = "signed_out", _("Signed out")
        ADDED = "added", _("Added")
        REMOVED = "removed", _("Removed")

    OF_PROGRAMS = (Method.API_KEY, Method.CLIENT, Method.TOKEN)
    SECOND_FACTORS = (Method.TOTP, Method.PASSKEY, Method.RECOVERY_CODE)

    at = models.DateTimeField(_("when"), db_index=True)
    account = models.CharField(_("who"), max_length=150, blank=True, db_index=True)
    address = models.GenericIPAddressField(_("from where"), null=True, db_index=True)
    method = models.CharField(_("how"), max_length=12, choices=Method.choices)
    result = models.CharField(_("result"), max_length=12, choices=Result.choices)
    by = models.CharField(
        _("by whom"), max_length=150, blank=True, help_text=_("Who removed somebody else's second factor")
    )

    objects = SignInEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        ordering = ["-id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.get_result_display()}: {self.account}" if self.account else str(self.get_result_display())
