"""Messaging services: the Conversation API apps whose callbacks we take in."""

from __future__ import annotations

from django.db import models

from channels_cfg.models.encrypted import EncryptedTextField
from channels_cfg.models.queue import Queue
from channels_cfg.models.versioned import versioned


@versioned(exclude=["key_secret"])
class MessagingService(models.Model):
    """One Conversation API app in one region, and the queue its conversations wait in."""

    class Region(models.TextChoices):
        EU = "eu", "Europe"
        US = "us", "United States"
        BR = "br", "Brazil"

    name = models.CharField(max_length=100, unique=True, help_text="Example: WhatsApp Finland")
    region = models.CharField(
        max_length=2,
        choices=Region.choices,
        default=Region.EU,
        help_text="The region of the app. Apps in two regions need two messaging services.",
    )
    project_id = models.CharField(
        "project ID", max_length=64, help_text="Example: e2df3a34-a71b-4448-9db5-a8d2baad28e4"
    )
    app_id = models.CharField(
        "app ID",
        max_length=64,
        unique=True,
        help_text="The Conversation API app, in CONVERSATION processing mode. Example: 01EB37HMH1M6SV18ASNS3G135H",
    )
    queue = models.ForeignKey(
        Queue,
        models.PROTECT,
        related_name="messaging_services",
        limit_choices_to={"channel__kind": "chat"},
        help_text="Where its conversations wait, unless another queue has the address "
        "APP_ID@channel.sinchconversation.com.",
    )
    key_id = models.CharField(
        "access key ID",
        max_length=64,
        blank=True,
        help_text="Of an access key of the project; the connection test signs in with it. "
        "Example: 8f3c2a10-5b4d-4e7f-9a61-0c2d3e4f5a6b",
    )
    key_secret = EncryptedTextField(
        "access key secret", blank=True, default="", help_text="As shown once at Sinch. It is not shown again."
    )
    enabled = models.BooleanField(default=True, help_text="Off: its callbacks are refused.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@versioned(exclude=["secret", "last_used_at"])
class WebhookSecret(models.Model):
    """A secret that signs the callbacks of a service. Several at once, so that they can be rotated."""

    service = models.ForeignKey(MessagingService, models.CASCADE, related_name="secrets")
    secret = EncryptedTextField(help_text="As entered for the webhook at Sinch. It is not shown again.")
    note = models.CharField(max_length=100, blank=True, help_text="Example: from January 2027")
    added_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(
        "last used", null=True, blank=True, editable=False, help_text="When it last signed a callback, to the minute"
    )

    class Meta:
        ordering = ["added_at"]

    def __str__(self) -> str:
        return self.note or f"secret of {self.added_at:%Y-%m-%d}"
