"""Consents: whether a customer may be written to outside a conversation of theirs."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import MessagingService
from channels_cfg.models.rules import refuse
from conversations.models import told

_NUMBER = re.compile(r"\+?[\d\s().-]{5,}", re.ASCII)


def tidied_customer(address: str) -> str:
    """A telephone number in digits alone, since senders write it with and without a plus; any other address as it
    is."""
    address = address.strip()
    return (_NUMBER.fullmatch(address) and re.sub(r"\D", "", address)) or address


class ConsentQuerySet(models.QuerySet["Consent"]):
    def newest_first(self) -> ConsentQuerySet:
        """Of two at the same moment the withdrawal counts."""
        return self.order_by("-at", "given")

    def current(self) -> ConsentQuerySet:
        """The one that counts of each customer on each channel of each service; a customer without an address is known
        by the contact."""
        is_same_contact = Q(contact_external_id=OuterRef("contact_external_id"))
        is_newer = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at")) & (
            Q(given__lt=OuterRef("given")) | Q(given=OuterRef("given"), pk__gt=OuterRef("pk"))
        )
        of_the_same = Consent.objects.filter(
            ~Q(address="") | is_same_contact, **{name: OuterRef(name) for name in ("service", "channel", "address")}
        )
        return self.exclude(Exists(of_the_same.filter(is_newer).order_by()))


class Consent(models.Model):
    """What a customer said once about being written to: given or withdrawn. The latest counts, whenever it arrived.

    The type “Customer Consent” of specification 002; its opt-ins and opt-outs come as OPT_IN and OPT_OUT callbacks,
    from another system over the API, or from a person in the System Configurator.
    """

    class ConsentSource(models.TextChoices):
        CALLBACK = "callback", _("Customer")
        API = "api", _("API")
        CONFIGURATOR = "configurator", _("System Configurator")

    service = models.ForeignKey(
        MessagingService,
        models.PROTECT,
        verbose_name=_("messaging service"),
        related_name="consents",
        help_text=_("Whom the customer allowed to write"),
    )
    channel = models.CharField(_("messaging channel"), max_length=30)
    address = models.CharField(_("customer address"), max_length=320, blank=True)
    contact_external_id = models.CharField(_("contact external id"), max_length=64, blank=True)
    given = models.BooleanField(_("given"), help_text=_("Off: withdrawn"))
    at = models.DateTimeField(_("at"), help_text=_("When the customer said it"))
    source = models.CharField(_("source"), max_length=12, choices=ConsentSource.choices)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("recorded by"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("None where the customer said it"),
    )
    recorded_at = models.DateTimeField(
        _("recorded at"), default=timezone.now, null=True, editable=False, help_text=_("None where nobody noted it yet")
    )

    customer_data = ("address",)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer consent")
        verbose_name_plural = _("customer consents")
        ordering = ["-at", "given"]
        triggers = [told.OF_CONSENT]
        indexes = [models.Index(fields=["service", "contact_external_id"], name="consent_by_contact")]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "channel", "address", "contact_external_id", "at", "given"],
                name="a_consent_is_stored_once",
            ),
            models.CheckConstraint(
                condition=~Q(address="") | ~Q(contact_external_id=""), name="a_consent_is_of_somebody"
            ),
        ]

    def __str__(self) -> str:
        return gettext("Opted in") if self.given else gettext("Opted out")

    @property
    def customer(self) -> str:
        """The address, else the contact by which the messaging service knows the customer."""
        return self.address or self.contact_external_id

    def clean(self) -> None:
        """Nobody has said yet what lies in the future."""
        self.address = tidied_customer(self.address)
        if self.at and self.at > timezone.now():
            refuse({"at": _("It lies in the future. Enter when the customer said it.")})
