"""What a voice channel says of its telephone system, and what agents are shown of a call before they take it."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

EXTRA_DATA = "%EXTRADATA%"
"""In a text for agents, stands for the pairs that the allocation list lets them see."""

SIP_PREFIX = r"^(X-[A-Za-z0-9-]*)?$"

_PLACEHOLDER = re.compile(r"%[A-Za-z_]{2,}%")
_SIP_PREFIX = re.compile(SIP_PREFIX)


def check_sip_header_prefix(prefix: str) -> None:
    """``X-`` and whatever of letters, digits and dashes follows."""
    if not _SIP_PREFIX.fullmatch(prefix):
        raise ValidationError(
            gettext("A prefix begins with X- and goes on with letters, digits and dashes. Example: X-ACME-")
        )


def check_contact_information(text: str) -> None:
    """A text whose placeholders are known."""
    if unknown := [found for found in _PLACEHOLDER.findall(text) if found != EXTRA_DATA]:
        raise ValidationError(
            gettext("Nothing stands for %(unknown)s. The only placeholder is %(known)s.")
            % {"unknown": unknown[0], "known": EXTRA_DATA}
        )


class ContactInformation(models.Model):
    """The text of an offer, which system, channel and queue have alike. An empty one follows the level above."""

    contact_information = models.CharField(
        _("Queue Contact Information"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        validators=[check_contact_information],
        help_text=format_lazy(
            _(
                "Shown to the agent with an offer; {extra_data} becomes the pairs that the agent may see then. "
                "Example: Service line: {extra_data}"
            ),
            extra_data=EXTRA_DATA,
        ),
    )

    class Meta:
        abstract = True


class TelephonySettings(models.Model):
    """Says something on voice channels only."""

    sip_header_prefix = models.CharField(
        _("prefix of SIP headers"),
        max_length=40,
        blank=True,
        default="",
        db_default="",
        validators=[check_sip_header_prefix],
        help_text=_(
            "SIP headers that begin so become attached data under the rest of their name, and go out again when a call "
            "is passed on. Empty: none do. Example: X-ACME-"
        ),
    )
    silent_call_minutes = models.PositiveIntegerField(
        _("end of silent calls (minutes)"),
        null=True,
        blank=True,
        default=240,
        db_default=240,
        validators=[MinValueValidator(1, message=_("At least %(limit_value)s minute. Empty: they go on."))],
        help_text=_(
            "A call of which its telephone system has told nothing for so long is ended by the system. Empty: it goes "
            "on. Example: 240"
        ),
    )

    class Meta:
        abstract = True


SILENT_CALLS_END_AFTER_A_MINUTE = models.CheckConstraint(
    condition=Q(silent_call_minutes=None) | Q(silent_call_minutes__gte=1),
    name="silent_calls_end_after_1_minute_or_more",
    violation_error_message=_("At least 1 minute. Empty: silent calls go on."),
)
SIP_HEADERS_BEGIN_WITH_X = models.CheckConstraint(
    condition=Q(sip_header_prefix__regex=SIP_PREFIX),
    name="prefixes_of_sip_headers_begin_with_x",
    violation_error_message=_("A prefix of SIP headers begins with X-."),
)
