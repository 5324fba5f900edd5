"""Files of conversations, and the fetching of those that customers send."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import Job, JobQuerySet
from conversations.models import told
from conversations.models.conversation import Conversation
from conversations.models.message import Message


def attachment_storage() -> Storage:
    return storages["attachments"]


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def expired(self, *, now: datetime) -> AttachmentQuerySet:
        """Those that no message holds on to any more."""
        return self.filter(expires_at__lte=now)

    def let_go(self, *, now: datetime) -> int:
        """Take them off their messages and out of public reach at once; their files are deleted next."""
        return self.update(message=None, expires_at=now, name="", public_token=None)


class Attachment(models.Model):
    """A file of a conversation: one that the customer sent, or one that was uploaded to be sent to the customer.

    The row is there before its file, so that no file is without one.
    """

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation,
        models.CASCADE,
        verbose_name=_("conversation"),
        null=True,
        related_name="uploads",
        help_text=_("Whose customer it was uploaded for; what a customer sent goes with its message"),
    )
    message = models.OneToOneField(
        Message,
        models.CASCADE,
        verbose_name=_("message"),
        null=True,
        related_name="attachment",
        help_text=_("None until it is sent"),
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("uploaded by"),
        null=True,
        related_name="+",
        db_index=False,
        help_text=_("None for what the customer sent"),
    )
    file = models.FileField(_("file"), storage=attachment_storage)
    name = models.CharField(_("name"), max_length=200)
    media_type = models.CharField(_("media type"), max_length=100, help_text=_("By its bytes"))
    size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("Bytes"))
    stored_at = models.DateTimeField(_("stored at"))
    expires_at = models.DateTimeField(
        _("expires at"), null=True, help_text=_("When it is deleted; None once a message holds it")
    )
    origin = models.CharField(_("origin"), max_length=300, help_text=_("Under which the portal was called"))
    public_token = models.CharField(_("public token"), max_length=43, null=True, unique=True)
    public_until = models.DateTimeField(_("public until"), null=True)

    customer_data = ("name", "public_token")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="attachment_expiring")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(message=None, expires_at__isnull=False) | Q(message__isnull=False, expires_at=None),
                name="an_attachment_without_a_message_expires",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def attach_to(self, message: Message) -> None:
        """Let the message hold it from now on."""
        self.message, self.expires_at = message, None
        self.save(update_fields=["message", "expires_at"])

    @property
    def kind(self) -> str:
        """``image``, ``audio``, ``video``, or what else its media type begins with."""
        return self.media_type.partition("/")[0]


class MediaFetch(Job):
    """The fetching of what a customer sent, from where the channel keeps it for a while."""

    message = models.OneToOneField(Message, models.CASCADE, verbose_name=_("message"), related_name="media_fetch")
    url = models.TextField(_("address"), blank=True, help_text=_("Erased when it is done or given up"))
    asked_at = models.DateTimeField(_("asked at"))

    customer_data = ("url",)
    input_erased: ClassVar[dict[str, Any]] = {"url": ""}
    waits_since: ClassVar[str] = "asked_at"
    most_attempts: ClassVar[int] = 8
    """Some ten minutes. The addresses live longer, but whoever answers the customer does not wait."""

    objects = JobQuerySet["MediaFetch"].as_manager()

    class Meta:
        verbose_name = _("media fetch")
        verbose_name_plural = _("media fetches")
        triggers = [told.OF_MEDIA_FETCH]
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="media_fetch_waiting")]

    def __str__(self) -> str:
        return str(self.pk)

    def is_exhausted(self, *, now: datetime) -> bool:
        return self.attempts >= self.most_attempts
