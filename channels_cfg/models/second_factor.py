"""What people show besides their password when they sign in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.encrypted import EncryptedTextField


class SecondFactor(models.Model):
    """An authenticator app, a passkey, or one recovery code of a user. It is no setting: what it holds is in no
    history and in no configuration file."""

    class Kind(models.TextChoices):
        """The values are those of ``SignInEvent.Method``."""

        TOTP = "totp", _("Authenticator app")
        PASSKEY = "passkey", _("Passkey")
        RECOVERY_CODE = "recovery", _("Recovery code")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="second_factors"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100, blank=True, help_text=_("Example: Work laptop"))
    secret = EncryptedTextField(
        _("secret"),
        help_text=_("Of an app its secret in base32, of a passkey its credential in base64, of a code its digest."),
    )
    last_step = models.BigIntegerField(
        _("last time step"), null=True, help_text=_("Of an app: up to this step of 30 seconds its codes are used up.")
    )
    added_at = models.DateTimeField(_("added at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(kind="totp"), name="a_user_has_one_authenticator_app")
        ]

    def __str__(self) -> str:
        return self.name or str(self.get_kind_display())
