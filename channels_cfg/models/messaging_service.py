"""Messaging services: the Conversation API apps whose callbacks we take in."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import (
    check_api_address,
    check_app_id,
    check_project_id,
    tidied_api_address,
    tidied_app_id,
    tidied_project_id,
)
from channels_cfg.models.channel import Channel
from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.queue import Queue
from channels_cfg.models.rules import refuse, related
from channels_cfg.models.tidied import TidiedCharField
from channels_cfg.models.versioned import versioned

LONGEST_SECRET = 512


@versioned(exclude=["key_secret"])
class MessagingService(models.Model):
    """One Conversation API app in one region, and the queue its conversations wait in."""

    class Region(models.TextChoices):
        EU = "eu", _("Europe")
        US = "us", _("United States")
        BR = "br", _("Brazil")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("Example: WhatsApp Finland"))
    region = models.CharField(
        _("region"),
        max_length=2,
        choices=Region.choices,
        default=Region.EU,
        help_text=_("The region of the app. Apps in two regions need two messaging services."),
    )
    project_id = TidiedCharField(
        _("project ID"),
        max_length=64,
        tidy=tidied_project_id,
        validators=[check_project_id],
        help_text=_("Example: e2df3a34-a71b-4448-9db5-a8d2baad28e4"),
    )
    app_id = TidiedCharField(
        _("app ID"),
        max_length=64,
        unique=True,
        tidy=tidied_app_id,
        validators=[check_app_id],
        help_text=_("The Conversation API app, in CONVERSATION processing mode. Example: 01EB37HMH1M6SV18ASNS3G135H"),
    )
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        verbose_name=_("queue"),
        related_name="messaging_services",
        limit_choices_to={"channel__kind": "chat"},
        help_text=_(
            "Where its conversations wait, unless another queue has the address APP_ID@channel.sinchconversation.com."
        ),
    )
    key_id = models.CharField(
        _("access key ID"),
        max_length=64,
        blank=True,
        help_text=_(
            "Of an access key of the project; sending and the connection test sign in with it. "
            "Example: 8f3c2a10-5b4d-4e7f-9a61-0c2d3e4f5a6b"
        ),
    )
    key_secret = EncryptedTextField(
        _("access key secret"),
        blank=True,
        default="",
        validators=[MaxLengthValidator(LONGEST_SECRET)],
        help_text=_("As shown once at Sinch. It is not shown again."),
    )
    api_address = TidiedCharField(
        _("API address"),
        max_length=200,
        blank=True,
        default="",
        tidy=tidied_api_address,
        validators=[check_api_address],
        help_text=_("Where signing in and sending go instead of to Sinch. Empty: to Sinch."),
    )
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Off: its callbacks are refused, and nothing is sent.")
    )

    class Meta:
        verbose_name = _("messaging service")
        verbose_name_plural = _("messaging services")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(key_secret="") | ~Q(key_id=""),
                name="a_secret_belongs_to_an_access_key",
                violation_error_message=_("A secret belongs to a key: enter its ID too."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A secret belongs to a key; only chats come from a messaging service."""
        complaints: dict[str, Any] = {}
        if self.key_secret and not self.key_id:
            complaints["key_id"] = gettext("A secret belongs to a key: enter its ID too.")
        queue = related(self, "queue")
        if queue and queue.kind not in ("", Channel.Kind.CHAT):
            complaints["queue"] = gettext(
                "Queue “%(queue)s” is of a %(kind)s channel. Choose one of a chat channel."
            ) % {"queue": queue, "kind": queue.kind}
        refuse(complaints)


@versioned(exclude=["secret", "last_used_at"])
class WebhookSecret(models.Model):
    """A secret that signs the callbacks of a service. Several at once, so that they can be rotated."""

    service = models.ForeignKey(MessagingService, models.CASCADE, verbose_name=_("service"), related_name="secrets")
    secret = EncryptedTextField(
        _("secret"),
        validators=[MaxLengthValidator(LONGEST_SECRET)],
        help_text=_("As entered for the webhook at Sinch. It is not shown again."),
    )
    note = models.CharField(_("note"), max_length=100, blank=True, help_text=_("Example: from January 2027"))
    added_at = models.DateTimeField(_("added at"), auto_now_add=True)
    last_used_at = models.DateTimeField(
        _("last used"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When it last signed a callback, to the minute"),
    )

    class Meta:
        verbose_name = _("webhook secret")
        verbose_name_plural = _("webhook secrets")
        ordering = ["added_at"]
        constraints = [models.CheckConstraint(condition=~Q(secret=""), name="a_webhook_secret_is_not_empty")]

    def __str__(self) -> str:
        return self.note or gettext("secret of %(added_at)s") % {"added_at": f"{self.added_at:%Y-%m-%d}"}
