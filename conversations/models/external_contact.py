"""External contacts: the customer records that conversations are associated with."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Protocol

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.text_search import SearchText
from conversations.storable import storable

LONGEST_NAME = 1000
MOST_EXTERNAL_IDS = 10
ADDRESS_PARTS = {"address1": 200, "address2": 200, "city": 100, "state": 50, "postalCode": 25, "countryCode": 25}
"""The parts of a postal address, and how long each may be."""


class HasValue(Protocol):
    """An identifier, as a row or before."""

    @property
    def value(self) -> str: ...


class ExternalContactQuerySet(models.QuerySet["ExternalContact"]):
    def current(self) -> ExternalContactQuerySet:
        """Those that were not merged into another."""
        return self.filter(merged_into=None)

    def by_name(self) -> ExternalContactQuerySet:
        return self.order_by("last_name", "first_name", "id")


class ExternalContact(models.Model):
    """One customer. A merged one stays, and leads to the one it was merged into, for ever."""

    id = models.UUIDField(gettext_lazy("id"), primary_key=True, default=uuid.uuid4, editable=False)
    first_name = models.CharField(gettext_lazy("first name"), max_length=LONGEST_NAME, blank=True)
    middle_name = models.CharField(gettext_lazy("middle name"), max_length=LONGEST_NAME, blank=True)
    last_name = models.CharField(gettext_lazy("last name"), max_length=LONGEST_NAME, blank=True)
    salutation = models.CharField(gettext_lazy("salutation"), max_length=LONGEST_NAME, blank=True)
    title = models.CharField(gettext_lazy("title"), max_length=LONGEST_NAME, blank=True)
    address = models.JSONField(
        gettext_lazy("address"), default=dict, blank=True, help_text=gettext_lazy("{part: text}, such as city")
    )
    external_system_url = models.CharField(gettext_lazy("page elsewhere"), max_length=2048, blank=True)
    survey_opt_out = models.BooleanField(gettext_lazy("no surveys"), default=False)
    custom_fields = models.JSONField(gettext_lazy("custom fields"), default=dict, blank=True)
    words = models.TextField(
        gettext_lazy("words"), blank=True, help_text=gettext_lazy("What a search looks at: names, numbers, fields")
    )
    merged_into = models.ForeignKey(
        "self",
        models.CASCADE,
        verbose_name=gettext_lazy("merged into"),
        null=True,
        blank=True,
        related_name="merged_from",
        db_index=False,
    )
    merged_at = models.DateTimeField(gettext_lazy("merged at"), null=True, blank=True)
    created_at = models.DateTimeField(gettext_lazy("created at"))
    modified_at = models.DateTimeField(gettext_lazy("modified at"))

    NAMES = ("first_name", "middle_name", "last_name", "salutation", "title")
    customer_data = (*NAMES, "address", "external_system_url", "custom_fields", "words")

    objects = ExternalContactQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("external contact")
        verbose_name_plural = gettext_lazy("external contacts")
        indexes = [
            models.Index(
                F("last_name"), F("first_name"), F("id"), condition=Q(merged_into=None), name="external_contact_by_name"
            ),
            models.Index(
                F("modified_at").desc(), F("id").desc(), condition=Q(merged_into=None), name="external_contact_newest"
            ),
            models.Index(
                fields=["merged_into"], condition=Q(merged_into__isnull=False), name="external_contact_merged_into"
            ),
            GinIndex(OpClass(SearchText("words"), "gin_trgm_ops"), name="external_contact_words"),
            GinIndex(OpClass(F("custom_fields"), "jsonb_path_ops"), name="external_contact_fields"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(first_name="") | ~Q(last_name=""),
                name="an_external_contact_has_a_name",
                violation_error_message=gettext_lazy("Give a first name or a last name."),
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")), name="a_contact_is_merged_into_another"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None, merged_at=None) | Q(merged_into__isnull=False, merged_at__isnull=False),
                name="a_merged_contact_knows_since_when",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.first_name, self.middle_name, self.last_name)))

    @property
    def canonical_id(self) -> uuid.UUID:
        """Its own id, or that of the contact it was merged into."""
        return self.merged_into_id or self.pk

    def clean(self) -> None:
        """Names trimmed and of a length, an address of known parts, a link that a browser may open."""
        for name in self.NAMES:
            setattr(self, name, _text(name, getattr(self, name), longest=LONGEST_NAME))
        self.address = _checked_address(self.address)
        self.external_system_url = _text("external_system_url", self.external_system_url, longest=2048)
        if self.external_system_url:
            try:
                URLValidator(schemes=["http", "https"])(self.external_system_url)
            except ValidationError:
                raise ValidationError(
                    {"external_system_url": _("Enter an address that begins with https:// or http://.")}
                ) from None
        if not self.first_name and not self.last_name:
            raise ValidationError({"first_name": _("Give a first name or a last name.")})

    def told_words(self, identifiers: Iterable[HasValue]) -> str:
        """What a search looks at."""
        names = [getattr(self, name) for name in self.NAMES]
        said = [*names, *map(str, self.address.values()), *_leaves(self.custom_fields)]
        return "\n".join(filter(None, [*said, *(one.value for one in identifiers)]))


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _text(field: str, value: Any, *, longest: int) -> str:
    if not isinstance(value, str) or storable(value) != value:
        raise ValidationError({field: _("Text is expected here.")})
    value = value.strip()
    if len(value) > longest:
        raise ValidationError({field: _("At most %(most)d characters.") % {"most": longest}})
    return value


def _checked_address(address: Any) -> dict[str, str]:
    if not isinstance(address, dict):
        raise ValidationError({"address": _("An address is an object of parts.")})
    if unknown := sorted(set(address) - set(ADDRESS_PARTS)):
        known = ", ".join(ADDRESS_PARTS)
        raise ValidationError(
            {
                "address": _("“%(name)s” is no part of an address. Known are: %(known)s.")
                % {"name": unknown[0][:80], "known": known}
            }
        )
    parts = {
        part: _text(f"address.{part}", text, longest=ADDRESS_PARTS[part])
        for part, text in address.items()
        if text is not None
    }
    return {part: text for part, text in parts.items() if text}


class ContactIdentifier(models.Model):
    """What tells one contact from all others; two contacts never have the same.

    ``slot`` is where it stands on the contact, such as the work phone. ``source`` is the messaging channel of a channel
    identity, or the system that gave an external id; ``account`` the app in which a channel identity counts.
    """

    class IdentifierKind(models.TextChoices):
        PHONE = "phone", gettext_lazy("Phone number")
        EMAIL = "email", gettext_lazy("E-mail address")
        CHANNEL = "channel", gettext_lazy("Channel identity")
        EXTERNAL_ID = "external_id", gettext_lazy("External id")

    class Slot(models.TextChoices):
        WORK_PHONE = "work_phone", gettext_lazy("Work phone")
        CELL_PHONE = "cell_phone", gettext_lazy("Mobile phone")
        HOME_PHONE = "home_phone", gettext_lazy("Home phone")
        OTHER_PHONE = "other_phone", gettext_lazy("Other phone")
        WORK_EMAIL = "work_email", gettext_lazy("Work e-mail")
        PERSONAL_EMAIL = "personal_email", gettext_lazy("Personal e-mail")
        OTHER_EMAIL = "other_email", gettext_lazy("Other e-mail")

    contact = models.ForeignKey(
        ExternalContact, models.CASCADE, verbose_name=gettext_lazy("contact"), related_name="identifiers"
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=11, choices=IdentifierKind.choices)
    source = models.CharField(gettext_lazy("source"), max_length=100, blank=True)
    account = models.CharField(gettext_lazy("account"), max_length=100, blank=True)
    value = models.CharField(gettext_lazy("value"), max_length=320)
    slot = models.CharField(gettext_lazy("slot"), max_length=14, choices=Slot.choices, blank=True)
    accepts_sms = models.BooleanField(gettext_lazy("accepts SMS"), null=True, blank=True)
    created_at = models.DateTimeField(gettext_lazy("created at"))

    customer_data = ("value",)

    class Meta:
        verbose_name = gettext_lazy("identifier of a contact")
        verbose_name_plural = gettext_lazy("identifiers of contacts")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["value", "kind", "source", "account"], name="an_identifier_is_of_one_contact"
            ),
            models.UniqueConstraint(
                fields=["contact", "slot"], condition=~Q(slot=""), name="a_contact_has_one_identifier_in_a_slot"
            ),
            models.CheckConstraint(condition=~Q(value=""), name="an_identifier_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.value


PHONE_SLOTS = tuple(slot for slot in ContactIdentifier.Slot if slot.endswith("_phone"))
EMAIL_SLOTS = tuple(slot for slot in ContactIdentifier.Slot if slot.endswith("_email"))
