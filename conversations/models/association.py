"""Which external contact a conversation is associated with."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Conversation
from conversations.models.external_contact import ExternalContact


class Association(models.Model):
    """Beside a conversation whose customer is known: who it is, and how that came to be. The timeline keeps each
    change."""

    class How(models.TextChoices):
        AUTOMATIC = "automatic", _("Recognised")
        AGENT = "agent", _("Confirmed by an agent")
        API = "api", _("Over the API")

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, verbose_name=_("conversation"), primary_key=True, related_name="association"
    )
    contact = models.ForeignKey(ExternalContact, models.CASCADE, verbose_name=_("contact"), related_name="associations")
    how = models.CharField(_("how"), max_length=9, choices=How.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("None where it was recognised"),
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("association with a contact")
        verbose_name_plural = _("associations with contacts")

    def __str__(self) -> str:
        return str(self.contact)
