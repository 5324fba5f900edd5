"""Settings of the whole system, from which channels and queues inherit."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.addresses import allow_hosts_by, check_hosts, tidied_hosts
from channels_cfg.contact_fields import check_contact_fields
from channels_cfg.models.extra_data import ExtraDataLists
from channels_cfg.models.session_metadata import WHERE_LISTED, SessionMetadataSettings
from channels_cfg.models.telephony import ContactInformation
from channels_cfg.models.tidied import TidiedArrayField, TidiedCharField, TidiedURLField
from channels_cfg.models.versioned import versioned

LARGEST_MEGABYTES = 100
"""WhatsApp and RCS take documents of 100 MB; no channel takes more."""

LONGEST_HOURS = 365 * 24
MINUTES_OF_A_DAY = 24 * 60
LARGEST_SMALLEST_GROUP = 1_000

_FILE_TYPE = re.compile(r"[a-z0-9]{1,10}", re.ASCII)


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


def tidied_file_types(endings: list[str]) -> list[str]:
    """In lower case, without a dot, each once."""
    tidied = (ending.strip().lower().removeprefix(".") for ending in endings)
    return list(dict.fromkeys(ending for ending in tidied if ending))


def check_file_types(endings: list[str]) -> None:
    for number, ending in enumerate(endings, start=1):
        if not _FILE_TYPE.fullmatch(ending):
            raise ValidationError(
                gettext("Item %(number)d, “%(ending)s”, is no file ending: at most 10 letters and digits, such as pdf.")
                % {"number": number, "ending": ending}
            )


def tidied_folder(location: str) -> str:
    return str(Path(location.strip())) if location.strip() else ""


def check_folder(location: str) -> None:
    """A folder that is there and that this program may write to."""
    folder = Path(location)
    if not folder.is_absolute():
        raise ValidationError(gettext("Enter the whole path, from the root. Example: /srv/files"))
    if not folder.is_dir():
        raise ValidationError(gettext("There is no such folder on the portal's machine. Make it first."))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValidationError(gettext("The portal may not write there. Let its user own the folder."))


def tidied_base_url(address: str) -> str:
    return address.strip().rstrip("/")


def check_base_url(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.query or parts.fragment or parts.username:
        raise ValidationError(
            gettext(
                "An address that begins with https://, without a question mark. Messaging channels fetch over HTTPS."
            )
        )


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
class SystemSettings(ExtraDataLists, ContactInformation, SessionMetadataSettings):
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
    away_after_seconds = models.PositiveIntegerField(
        _("away after (seconds)"),
        default=120,
        validators=[MinValueValidator(30, message=_("At least %(limit_value)s seconds."))],
        help_text=_("An agent whose desk has not been open for so long is away and gets no offers. Example: 120"),
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

    administrators_need_second_factor = models.BooleanField(
        _("administrators need a second factor"),
        default=False,
        help_text=_(
            "On: whoever may open the System Configurator shows an authenticator app or a passkey after the password, "
            "and adds one first where there is none. API keys need none."
        ),
    )

    session_metadata_minutes = models.PositiveIntegerField(
        _("delay of session metadata files (minutes)"),
        default=15,
        db_default=15,
        validators=[
            MaxValueValidator(MINUTES_OF_A_DAY, message=_("At most a day: %(limit_value)s minutes.")),
        ],
        help_text=_(
            "So long after the end of a conversation its file is delivered first; 0: at once. What changes later is "
            "delivered again. Example: 15"
        ),
    )

    smallest_group = models.PositiveIntegerField(
        _("smallest group shown in reports (conversations)"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(LARGEST_SMALLEST_GROUP, message=_("At most %(limit_value)s conversations."))],
        help_text=_(
            "Groups of fewer conversations are counted together with others on the report, and cells of fewer are "
            "hidden; 0 or 1: none. Rows and files remain a matter of rights. Example: 5"
        ),
    )

    # Files of chats: limits for what agents send, and where the files are.
    largest_file_megabytes = models.PositiveIntegerField(
        _("largest file (MB)"),
        default=10,
        validators=[
            MinValueValidator(1),
            MaxValueValidator(LARGEST_MEGABYTES, message=_("No channel takes more than %(limit_value)s MB.")),
        ],
        help_text=_("Example: 10"),
    )
    allowed_file_types = TidiedArrayField(
        models.CharField(max_length=10),
        verbose_name=_("allowed file types"),
        default=default_file_types,
        blank=True,
        tidy=tidied_file_types,
        validators=[check_file_types],
        help_text=_(
            "File endings, separated by commas; upper and lower case do not differ. Example: pdf, jpg, png, mp4"
        ),
    )
    attachment_location = TidiedCharField(
        _("attachment location"),
        max_length=300,
        blank=True,
        tidy=tidied_folder,
        validators=[check_folder],
        help_text=_("Folder for files of chats. Empty: the portal's own. Example: /srv/files"),
    )
    public_base_url = TidiedURLField(
        _("public base address"),
        blank=True,
        tidy=tidied_base_url,
        validators=[check_base_url],
        help_text=_("Where messaging channels fetch files that agents send. Example: https://chat.example.com/files"),
    )
    public_attachment_hours = models.PositiveIntegerField(
        _("retention time for public attachments (hours)"),
        default=72,
        validators=[
            MinValueValidator(1),
            MaxValueValidator(LONGEST_HOURS, message=_("At most a year: %(limit_value)s hours.")),
        ],
        help_text=_("How long such an address works. Example: 72"),
    )
    manages_whatsapp_opt_ins = models.BooleanField(
        _("let Keepsake manage opt-ins for WhatsApp"),
        default=True,
        help_text=_(
            "On: once 24 hours have passed since a customer's last message, templates go only to who opted in. "
            "Off: another system checks that."
        ),
    )

    # Calls to other systems.
    allowed_hosts = TidiedArrayField(
        models.CharField(max_length=300),
        verbose_name=_("allowed hosts"),
        default=list,
        blank=True,
        tidy=tidied_hosts,
        validators=[check_hosts],
        help_text=_(
            "Hosts in private networks that may be called all the same, by these alone also without TLS: a name or IP "
            "address, perhaps with a port, or a range of addresses. Example: crm.internal:8443, 10.1.0.0/16"
        ),
    )

    contact_fields = models.TextField(
        _("custom fields of contacts"),
        blank=True,
        default="",
        db_default="",
        validators=[check_contact_fields],
        help_text=_(
            "What external contacts have besides names and identifiers, as JSON Schema. What is stored already stays. "
            'Example: {"properties": {"customer_number": {"type": "string", "title": "Customer number"}}}'
        ),
    )

    class Meta:
        verbose_name = _("system settings")
        verbose_name_plural = _("system settings")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_row_of_system_settings"),
            models.CheckConstraint(
                condition=Q(away_after_seconds__gte=30),
                name="nobody_is_away_before_30_seconds",
                violation_error_message=_("Nobody is away before 30 seconds have passed."),
            ),
            models.CheckConstraint(
                condition=Q(value_characters__gte=1, pairs_per_conversation__gte=1, bytes_per_conversation__gte=1),
                name="limits_of_attached_data_are_at_least_1",
                violation_error_message=_("A limit of attached data is at least 1."),
            ),
            models.CheckConstraint(
                condition=Q(largest_file_megabytes__range=(1, LARGEST_MEGABYTES)),
                name="the_largest_file_has_1_to_100_megabytes",
                violation_error_message=_("The largest file has 1 to 100 MB."),
            ),
            models.CheckConstraint(
                condition=Q(public_attachment_hours__range=(1, LONGEST_HOURS)),
                name="public_attachments_last_1_hour_to_a_year",
                violation_error_message=_("Public attachments are retained for 1 to 8760 hours."),
            ),
            models.CheckConstraint(
                condition=Q(public_base_url="") | Q(public_base_url__startswith="https://"),
                name="files_are_fetched_over_https",
                violation_error_message=_("The public base address begins with https://."),
            ),
            models.CheckConstraint(
                condition=Q(smallest_group__range=(0, LARGEST_SMALLEST_GROUP)),
                name="the_smallest_group_has_at_most_1000_conversations",
                violation_error_message=_("The smallest group has at most 1000 conversations."),
            ),
            models.CheckConstraint(
                condition=Q(session_metadata_minutes__range=(0, MINUTES_OF_A_DAY)),
                name="session_metadata_is_delivered_within_a_day",
                violation_error_message=_("Session metadata files are delivered within 1440 minutes."),
            ),
        ]
        triggers = [WHERE_LISTED]

    def __str__(self) -> str:
        return gettext("System settings")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def load(cls) -> SystemSettings:
        """The row, or the defaults where nobody has saved it yet."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)


def _allowed_hosts() -> list[str]:
    return next(iter(SystemSettings.objects.filter(pk=1).values_list("allowed_hosts", flat=True)), [])


allow_hosts_by(_allowed_hosts)
