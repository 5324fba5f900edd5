"""Notes about external contacts."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.external_contact import ExternalContact

LONGEST_NOTE = 32_000


class ContactNote(models.Model):
    """What somebody wrote about a contact."""

    id = models.UUIDField(_("id"), primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(ExternalContact, models.CASCADE, verbose_name=_("contact"), related_name="notes")
    text = models.TextField(_("text"), validators=[MaxLengthValidator(LONGEST_NOTE)])
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("author"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(_("created at"))
    modified_at = models.DateTimeField(_("modified at"))

    customer_data = ("text",)

    class Meta:
        verbose_name = _("note about a contact")
        verbose_name_plural = _("notes about contacts")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.text[:80]
