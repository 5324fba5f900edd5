"""Who is typing at this moment, of the customers of messaging channels."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models import told
from conversations.models.external_reference import ExternalReference


class CustomerTypingQuerySet(models.QuerySet["CustomerTyping"]):
    def note(self, reference: ExternalReference, *, until: datetime | None) -> None:
        """The customer of the thread types until then, as long as nothing else is heard; None: not any more."""
        if until is None:
            self.filter(reference=reference).delete()
        else:
            self.update_or_create(reference=reference, defaults={"until": until})


class CustomerTyping(models.Model):
    """The customer of a thread is typing. A moment alone: what is being typed nobody tells."""

    reference = models.OneToOneField(
        ExternalReference, models.CASCADE, verbose_name=_("external reference"), primary_key=True, related_name="typing"
    )
    until = models.DateTimeField(_("until"))

    objects = CustomerTypingQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer who types")
        verbose_name_plural = _("customers who type")
        triggers = [told.OF_CUSTOMER_TYPING]

    def __str__(self) -> str:
        return str(self.pk)
