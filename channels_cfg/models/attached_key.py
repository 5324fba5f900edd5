"""The key catalogue: what a key means, what its values look like, and what becomes of a value that does not."""

from __future__ import annotations

import unicodedata

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from channels_cfg.key_names import MAX_KEY_LENGTH, check_key_name
from channels_cfg.models.versioned import versioned
from channels_cfg.value_rules import Value, ValueRules


@versioned()
class AttachedKey(models.Model):
    """A key that is known: described, typed, and governed. Keys that are not in the catalogue work as well."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        INTEGER = "integer", "Integer"
        DECIMAL = "decimal", "Decimal number"
        BOOLEAN = "boolean", "Yes or no"
        DATE = "date", "Date"
        DATETIME = "datetime", "Date and time"
        CHOICE = "choice", "Choice"
        URL = "url", "URL"
        PHONE = "phone", "Phone number"
        EMAIL = "email", "E-mail address"

    class OnViolation(models.TextChoices):
        REFUSE = "refuse", "Refuse the value"
        FLAG = "flag", "Keep it with a flag"
        DROP = "drop", "Drop it"

    name = models.CharField(
        max_length=MAX_KEY_LENGTH,
        unique=True,
        validators=[check_key_name],  # type: ignore[list-item]  # what it returns is of no use here
        help_text="As it comes in and goes out; upper and lower case differ. Example: customerType",
    )
    label = models.CharField(max_length=120, blank=True, help_text="How people call it. Example: Customer type")
    help_text = models.CharField(
        "help", max_length=300, blank=True, help_text="One line for agents. Example: Decides the service level"
    )
    group = models.CharField(max_length=80, blank=True, help_text="Keys of a group stand together. Example: Customer")
    owner = models.CharField(max_length=120, blank=True, help_text="Who answers for it. Example: CRM team")
    purpose = models.CharField(
        max_length=300, blank=True, help_text="Why it is processed. Example: Routing to the right service level"
    )
    kind = models.CharField("type", max_length=10, choices=Kind.choices, default=Kind.TEXT)
    choices = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="For the type Choice. Example: gold, silver, bronze",
    )
    minimum = models.CharField(
        max_length=40, blank=True, help_text="Of a number, a date, or a date and time. Example: 0"
    )
    maximum = models.CharField(max_length=40, blank=True, help_text="Example: 100 or 2030-12-31")
    decimals = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Most digits after the point of a decimal number. Example: 2"
    )
    longest = models.PositiveIntegerField(
        "most characters", null=True, blank=True, help_text="Of a text. Empty: the system's limit. Example: 40"
    )
    pattern = models.CharField(
        max_length=200,
        blank=True,
        help_text="A regular expression that the whole text matches. Example: [A-Z]{2}[0-9]{6}",
    )
    example = models.CharField(
        "good example", max_length=200, blank=True, help_text="Shown where a value is refused. Example: FI123456"
    )
    on_violation = models.CharField(
        "a value that breaks the rules",
        max_length=6,
        choices=OnViolation.choices,
        default=OnViolation.FLAG,
        help_text="Refuse: the sender gets an error. Keep with a flag: it is stored and marked. Drop: it is left out, "
        "and the reason is shown.",
    )
    sensitive = models.BooleanField(
        default=False,
        help_text="Marked wherever it is configured and shown; keeping it, or showing it in more places, asks for a "
        "typed confirmation.",
    )

    class Meta:
        verbose_name = "key"
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
        """Rules that make sense, and a name that is nobody else's other name."""
        self.name = unicodedata.normalize("NFC", self.name)
        complaints = self.rules.problems()
        if other := AttachedKeyAlias.objects.select_related("key").filter(name=self.name).exclude(key=self.pk).first():
            complaints["name"] = (
                f"“{self.name}” is another name of {other.key}. Remove it from the other names there first."
            )
        if complaints:
            raise ValidationError(complaints)


@versioned()
class AttachedKeyAlias(models.Model):
    """Another name under which a key comes in. It goes out under the key's own name."""

    key = models.ForeignKey(AttachedKey, models.CASCADE, related_name="aliases")
    name = models.CharField(
        max_length=MAX_KEY_LENGTH,
        unique=True,
        validators=[check_key_name],  # type: ignore[list-item]  # what it returns is of no use here
        help_text="Accepted on input. Example: custmerType",
    )

    class Meta:
        verbose_name = "other name"
        ordering = ["name"]
        indexes = [GinIndex(OpClass(Lower("name"), "gin_trgm_ops"), name="attached_key_alias_alike")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name leads to one key."""
        self.name = unicodedata.normalize("NFC", self.name)
        if AttachedKey.objects.filter(name=self.name).exists():
            raise ValidationError(
                {
                    "name": f"“{self.name}” is a key of its own in the catalogue. Delete that key first, or choose "
                    "another name."
                }
            )


class KeyVerdict(models.Model):
    """What an administrator said of a key that came in unasked: never, or not now."""

    class Verdict(models.TextChoices):
        NEVER = "never", "Never"
        SNOOZED = "snoozed", "Snoozed"

    name = models.CharField(max_length=MAX_KEY_LENGTH, unique=True)
    verdict = models.CharField(max_length=7, choices=Verdict.choices)
    until = models.DateTimeField(null=True, blank=True, help_text="For a snoozed key: when it shows up again")
    said_by = models.ForeignKey("channels_cfg.User", models.SET_NULL, null=True, related_name="+")
    said_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.get_verdict_display()}"
