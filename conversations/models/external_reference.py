"""What conversations are called outside."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService

MAIL = "mail"
"""The door of mail that a mail server takes in."""

LONGEST_EXTERNAL_ID = 255
"""Call-IDs of SIP are long."""


class ExternalReference(models.Model):
    """What names a conversation outside: an id at an account of a door. Several of our conversations may follow each
    other under one.

    The row is locked while something about it is applied. It remembers ends and an erasure, which may be told before
    the messages they concern.
    """

    door = models.CharField(_("door"), max_length=30)
    service = models.ForeignKey(
        MessagingService,
        models.PROTECT,
        verbose_name=_("service"),
        null=True,
        blank=True,
        related_name="references",
        help_text=_("The account at the door; none where the door has none"),
    )
    external_id = models.CharField(_("external id"), max_length=LONGEST_EXTERNAL_ID)
    contact_external_id = models.CharField(_("contact external id"), max_length=64, blank=True)
    ends = ArrayField(
        models.DateTimeField(),
        verbose_name=_("ends"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("When it was told to be over, each time, the earliest first"),
    )
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    heard_at = models.DateTimeField(
        _("heard at"), null=True, blank=True, help_text=_("When a telephone system last told of it, apart from events")
    )

    class Meta:
        verbose_name = _("external reference")
        verbose_name_plural = _("external references")
        constraints = [
            models.UniqueConstraint(
                fields=["external_id", "door", "service"], nulls_distinct=False, name="a_reference_is_stored_once"
            )
        ]
        indexes = [models.Index(fields=["service", "contact_external_id"], name="reference_by_contact")]

    def __str__(self) -> str:
        return self.external_id
