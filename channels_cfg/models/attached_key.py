"""The key catalogue: what a key means, what its values look like, and what becomes of a value that does not."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.key_names import MAX_KEY_LENGTH, check_key_name
from channels_cfg.models.rules import refuse
from channels_cfg.models.versioned import versioned
from channels_cfg.value_rules import ValueRules
from channels_cfg.value_types import Value


@versioned()
class AttachedKey(models.Model):
    """A key that is known: described, typed, and governed. Keys that are not in the catalogue work as well."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        INTEGER = "integer", _("Integer")
        DECIMAL = "decimal", _("Decimal number")
        BOOLEAN = "boolean", _("Yes or no")
        DATE = "date", _("Date")
        DATETIME = "datetime", _("Date and time")
        CHOICE = "choice", _("Choice")
        URL = "url", _("URL")
        PHONE = "phone", _("Phone number")
        EMAIL = "email", _("E-mail address")

    class OnViolation(models.TextChoices):
        REFUSE = "refuse", _("Refuse the value")
        FLAG = "flag", _("Keep it with a flag")
        DROP = "drop", _("Drop it")

    name = models.CharField(
        _("name"),
        max_length=MAX_KEY_LENGTH,
        unique=True,
        validators=[check_key_name],  # type: ignore[list-item]  # what it returns is of no use here
        help_text=_("As it comes in and goes out; upper and lower case differ. Example: customerType"),
    )
    label = models.CharField(
        _("label"), max_length=120, blank=True, help_text=_("How people call it. Example: Customer type")
    )
    help_text = models.CharField(
        _("help"), max_length=300, blank=True, help_text=_("One line for agents. Example: Decides the service level")
    )
    group = models.CharField(
        _("group"), max_length=80, blank=True, help_text=_("Keys of a group stand together. Example: Customer")
    )
    owner = models.CharField(
        _("owner"), max_length=120, blank=True, help_text=_("Who answers for it. Example: CRM team")
    )
    purpose = models.CharField(
        _("purpose"),
        max_length=300,
        blank=True,
        help_text=_("Why it is processed. Example: Routing to the right service level"),
    )
    kind = models.CharField(_("type"), max_length=10, choices=Kind.choices, default=Kind.TEXT)
    choices = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("choices"),
        default=list,
        blank=True,
        help_text=_("For the type Choice. Example: gold, silver, bronze"),
    )
    minimum = models.CharField(
        _("minimum"), max_length=40, blank=True, help_text=_("Of a number, a date, or a date and time. Example: 0")
    )
    maximum = models.CharField(_("maximum"), max_length=40, blank=True, help_text=_("Example: 100 or 2030-12-31"))
    decimals = models.PositiveSmallIntegerField(
        _("decimals"), null=True, blank=True, help_text=_("Most digits after the point of a decimal number. Example: 2")
    )
    longest = models.PositiveIntegerField(
        _("most characters"), null=True, blank=True, help_text=_("Of a text. Empty: the system's limit. Example: 40")
    )
    pattern = models.CharField(
        _("pattern"),
        max_length=200,
        blank=True,
        help_text=_("A regular expression that the whole text matches. Example: [A-Z]{2}[0-9]{6}"),
    )
    example = models.CharField(
        _("good example"), max_length=200, blank=True, help_text=_("Shown where a value is refused. Example: FI123456")
    )
    on_violation = models.CharField(
        _("a value that breaks the rules"),
        max_length=6,
        choices=OnViolation.choices,
        default=OnViolation.FLAG,
        help_text=_(
            "Refuse: the sender gets an error. Keep with a flag: it is stored and marked. Drop: it is left out, "
            "and the reason is shown."
        ),
    )
    sensitive = models.BooleanField(
        _("sensitive"),
        default=False,
        help_text=_(
            "Marked wherever it is configured and shown; keeping it, or showing it in more places, asks for a "
            "typed confirmation."
        ),
    )

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        ordering = ["name"]
        indexes = [
            GinIndex(OpClass(Lower("name"), "gin_trgm_ops"), name="attached_key_alike"),
            models.Index(fields=["group", "name"], name="attached_key_group"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> ValueRules:
        """What its values look like."""
        return ValueRules(
            kind=self.kind,
            choices=tuple(self.choices),
            minimum=self.minimum,
            maximum=self.maximum,
            decimals=self.decimals,
            longest=self.longest,
            pattern=self.pattern,
            example=self.example,
        )

    def parse(self, value: Value) -> Value:
        """The value as it is stored, or ``BrokenRule``."""
        return self.rules.parse(value)

    def clean(self) -> None:
        """Rules that make sense."""
        self.name = unicodedata.normalize("NFC", self.name)
        refuse(self.rules.problems())

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """A name that is nobody else's other name."""
        if other := AttachedKeyAlias.objects.select_related("key").filter(name=self.name).exclude(key=self.pk).first():
            taken = gettext("“%(self)s” is another name of %(key)s. Remove it from the other names there first.")
            refuse({"name": taken % {"self": self.name, "key": other.key}}, exclude=exclude)
        super().validate_constraints(exclude=exclude)


@versioned()
class AttachedKeyAlias(models.Model):
    """Another name under which a key comes in. It goes out under the key's own name."""

    key = models.ForeignKey(AttachedKey, models.CASCADE, verbose_name=_("key"), related_name="aliases")
    name = models.CharField(
        _("name"),
        max_length=MAX_KEY_LENGTH,
        unique=True,
        validators=[check_key_name],  # type: ignore[list-item]  # what it returns is of no use here
        help_text=_("Accepted on input. Example: custmerType"),
    )

    class Meta:
        verbose_name = _("other name")
        verbose_name_plural = _("other names")
        ordering = ["name"]
        indexes = [GinIndex(OpClass(Lower("name"), "gin_trgm_ops"), name="attached_key_alias_alike")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = unicodedata.normalize("NFC", self.name)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """A name leads to one key."""
        if AttachedKey.objects.filter(name=self.name).exists():
            taken = gettext(
                "“%(self)s” is a key of its own in the catalogue. Delete that key first, or choose another name."
            )
            refuse({"name": taken % {"self": self.name}}, exclude=exclude)
        super().validate_constraints(exclude=exclude)


class KeyVerdict(models.Model):
    """What an administrator said of a key that came in unasked: never, or not now."""

    class Verdict(models.TextChoices):
        NEVER = "never", _("Never")
        SNOOZED = "snoozed", _("Snoozed")

    name = models.CharField(_("name"), max_length=MAX_KEY_LENGTH, unique=True)
    verdict = models.CharField(_("verdict"), max_length=7, choices=Verdict.choices)
    until = models.DateTimeField(
        _("until"), null=True, blank=True, help_text=_("For a snoozed key: when it shows up again")
    )
    said_by = models.ForeignKey(
        "channels_cfg.User", models.SET_NULL, verbose_name=_("said by"), null=True, related_name="+"
    )
    said_at = models.DateTimeField(_("said at"))

    class Meta:
        verbose_name = _("key verdict")
        verbose_name_plural = _("key verdicts")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_verdict_display()}"
