"""Messages, and how far their delivery got."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService
from conversations.models import told
from conversations.models.conversation import Conversation
from conversations.models.external_reference import ExternalReference

if TYPE_CHECKING:
    from conversations.models.attachment import Attachment

QUOTED_CHARACTERS = 200


class Message(models.Model):
    """One message of a conversation's transcript."""

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        AGENT = "agent", _("Agent")
        SYSTEM = "system", _("System")

    conversation = models.ForeignKey(
        Conversation,
        models.CASCADE,
        verbose_name=_("conversation"),
        null=True,
        blank=True,
        related_name="messages",
        help_text=_(
            "None for a message sent to a customer who has not written yet; the conversation that begins "
            "with the customer's answer takes it in"
        ),
    )
    reference = models.ForeignKey(
        ExternalReference,
        models.PROTECT,
        verbose_name=_("external reference"),
        null=True,
        blank=True,
        related_name="messages",
    )
    external_id = models.CharField(_("external id"), max_length=64, blank=True)
    author = models.CharField(_("author"), max_length=8, choices=Author.choices)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("agent"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    messaging_channel = models.CharField(_("messaging channel"), max_length=30, blank=True)
    content_type = models.CharField(_("content type"), max_length=40, default="text_message")
    text = models.TextField(_("text"), blank=True, help_text=_("What a reader sees; for media, the caption"))
    content = models.JSONField(
        _("content"), default=dict, blank=True, help_text=_("The parts of a message that is more than text")
    )
    reply_to = models.CharField(
        _("reply to"), max_length=64, blank=True, help_text=_("External id of the quoted message")
    )
    sent_at = models.DateTimeField(_("sent at"))
    rank = models.JSONField(
        _("rank"),
        default=list,
        blank=True,
        help_text=_("Orders versions of the same message (a redaction beats the original): the greatest is shown"),
    )

    customer_data = ("text", "content")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["sent_at", "id"]
        indexes = [
            models.Index(fields=["conversation", "sent_at"], name="message_transcript"),
            models.Index(
                fields=["external_id"],
                condition=models.Q(author="agent") & ~models.Q(external_id=""),
                name="message_reported_on",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "external_id"],
                condition=~models.Q(external_id=""),
                name="a_message_is_stored_once",
            )
        ]
        triggers = [told.OF_MESSAGE]

    def __str__(self) -> str:
        return f"{self.get_author_display()}, {self.sent_at:%H:%M}"

    @property
    def held(self) -> Attachment | None:
        """Its file, where it has one."""
        return getattr(self, "attachment", None)

    @property
    def beginning(self) -> str:
        """What is shown of it where it is quoted."""
        return str(Truncator(self.text).chars(QUOTED_CHARACTERS))


class DeliveryStatusQuerySet(models.QuerySet["DeliveryStatus"]):
    def of_message(self) -> DeliveryStatusQuerySet:
        """For a subquery on messages: how far each got."""
        return self.filter(
            service=models.OuterRef("reference__service"), message_external_id=models.OuterRef("external_id")
        )

    def of(self, messages: Iterable[Message]) -> dict[str, DeliveryStatus]:
        """How far messages of one conversation got, by their external id."""
        ids = [message.pk for message in messages if message.reference_id and message.external_id]
        if not ids:
            return {}
        sent = Message.objects.filter(pk__in=ids)
        found = self.filter(
            service__in=sent.values("reference__service"), message_external_id__in=sent.values("external_id")
        )
        return {status.message_external_id: status for status in found}


class DeliveryStatus(models.Model):
    """The furthest a message got. A row of its own, since a report may come before the message it is about."""

    class Status(models.TextChoices):
        QUEUED_ON_CHANNEL = "QUEUED_ON_CHANNEL", _("Sent")
        SWITCHING_CHANNEL = "SWITCHING_CHANNEL", _("Switching channel")
        DELIVERED = "DELIVERED", _("Delivered")
        READ = "READ", _("Read")
        FAILED = "FAILED", _("Failed")

    service = models.ForeignKey(
        MessagingService, models.PROTECT, verbose_name=_("service"), related_name="delivery_statuses"
    )
    message_external_id = models.CharField(_("message external id"), max_length=64)
    status = models.CharField(_("status"), max_length=40)
    rank = models.SmallIntegerField(_("rank"), help_text=_("A status of a lower rank never replaces one of a higher"))
    reason_code = models.CharField(_("reason code"), max_length=80, blank=True)
    at = models.DateTimeField(_("at"))

    objects = DeliveryStatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery status")
        verbose_name_plural = _("delivery statuses")
        constraints = [
            models.UniqueConstraint(fields=["service", "message_external_id"], name="a_message_has_one_delivery_status")
        ]
        triggers = [told.OF_DELIVERY_STATUS]

    def __str__(self) -> str:
        return self.status
