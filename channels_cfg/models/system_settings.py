"""Settings of the whole system, from which channels and queues inherit."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.versioned import versioned


class Source(models.TextChoices):
    """Who attached a pair."""

    CUSTOMER = "customer", _("Customer")
    AGENT = "agent", _("Agent")
    INTEGRATION = "integration", _("Integration")
    API = "api", _("API")


def default_precedence() -> list[str]:
    """Customer over agent over integration (rule 3); what comes over the API ranks with integrations, last."""
    return [Source.CUSTOMER, Source.AGENT, Source.INTEGRATION, Source.API]


def default_file_types() -> list[str]:
    return ["pdf", "jpg", "jpeg", "png", "gif", "mp4", "mp3", "txt"]


def check_precedence(sources: list[str]) -> None:
    if sorted(sources) != sorted(Source.values):
        raise ValidationError(gettext("Name each source once: %(sources)s.") % {"sources": ", ".join(Source.values)})


class PrecedenceField(ArrayField):
    """The sources, the strongest first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["base_field"] = models.CharField(max_length=12, choices=Source.choices)
        kwargs["verbose_name"] = _("order of sources")
        kwargs["help_text"] = _(
            "Where two sources set the same key, the one named first wins. Example: customer, agent, integration, api"
        )
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("base_field", "verbose_name", "help_text"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs

    def validate(self, value: list[str], model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        if value:
            check_precedence(value)


@versioned()
class SystemSettings(ExtraDataLists):
    """The one row of defaults for every channel and queue."""

    precedence = PrecedenceField(default=default_precedence)
    false_attempt_seconds = models.PositiveIntegerField(
        _("false-attempt limit (seconds)"),
        default=5,
        help_text=_(
            "A customer who leaves before an agent accepts, and before this many seconds have passed, "
            "counts as a false attempt; later, as abandoned. Example: 5"
        ),
    )
    value_characters = models.PositiveIntegerField(
        _("longest value (characters)"),
        default=4096,
        validators=[MinValueValidator(1)],
        help_text=_("A longer value is refused with the whole write. Example: 4096"),
    )
    pairs_per_conversation = models.PositiveIntegerField(
        _("pairs per conversation"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("A write that would exceed this many keys is refused whole. Example: 100"),
    )
    bytes_per_conversation = models.PositiveIntegerField(
        _("bytes per conversation"),
        default=32 * 1024,
        validators=[MinValueValidator(1)],
        help_text=_("All keys and values of a conversation together, as JSON in UTF-8. Example: 32768 (32 KiB)"),
    )

    why_required = models.BooleanField(
        _("ask why"),
        default=False,
        help_text=_("On: nothing is saved in the configurator before the field “Why?” is filled in."),
    )

    # Files of chats: limits for what agents send, and where the files are.
    largest_file_megabytes = models.PositiveIntegerField(
        _("largest file (MB)"), default=10, validators=[MinValueValidator(1)], help_text=_("Example: 10")
    )
    allowed_file_types = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("allowed file types"),
        default=default_file_types,
        blank=True,
        help_text=_(
            "File endings, separated by commas; upper and lower case do not differ. Example: pdf, jpg, png, mp4"
        ),
    )
    attachment_location = models.CharField(
        _("attachment location"),
        max_length=300,
        blank=True,
        help_text=_("Folder for files of chats. Empty: the portal's own. Example: /srv/files"),
    )
    public_base_url = models.URLField(
        _("public base address"),
        blank=True,
        help_text=_("Where messaging channels fetch files that agents send. Example: https://chat.example.com/files"),
    )
    public_attachment_hours = models.PositiveIntegerField(
        _("retention time for public attachments (hours)"),
        default=72,
        validators=[MinValueValidator(1)],
        help_text=_("How long such an address works. Example: 72"),
    )

    class Meta:
        verbose_name = _("system settings")
        verbose_name_plural = _("system settings")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_row_of_system_settings")]

    def __str__(self) -> str:
        return gettext("System settings")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def load(cls) -> SystemSettings:
        """The row, or the defaults where nobody has saved it yet."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
