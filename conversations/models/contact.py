"""Contacts as the Conversation API knows them: where a customer's name comes from."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService
from conversations.models.external_contact import ExternalContact


class Contact(models.Model):
    """One contact of a messaging project; an identity of an external contact, once somebody is known by it. A deleted
    one stays as an empty row, so that late news cannot revive it."""

    service = models.ForeignKey(MessagingService, models.PROTECT, verbose_name=_("service"), related_name="contacts")
    external_id = models.CharField(_("external id"), max_length=64)
    display_name = models.CharField(_("display name"), max_length=200, blank=True)
    email = models.CharField(_("email"), max_length=320, blank=True)
    language = models.CharField(_("language"), max_length=20, blank=True)
    identities = models.JSONField(_("identities"), default=list, help_text=_("[{channel, identity, app_id}]"))
    changed_at = models.DateTimeField(
        _("changed at"), help_text=_("Time of the news this row shows; older news changes nothing.")
    )
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    merged_into = models.CharField(
        _("merged into"), max_length=64, blank=True, help_text=_("External id of the contact that was preserved")
    )

    external_contact = models.ForeignKey(
        ExternalContact,
        models.SET_NULL,
        verbose_name=_("external contact"),
        null=True,
        blank=True,
        related_name="messaging_contacts",
    )

    customer_data = ("display_name", "email", "identities")

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [models.UniqueConstraint(fields=["service", "external_id"], name="a_contact_is_stored_once")]

    def __str__(self) -> str:
        return self.display_name or self.external_id
