"""What agents note in wrap-up, which channel and queue have alike."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_cfg.models.extra_data import KeyListField

LONGEST_DISPOSITION = 100


class WrapUpSettings(models.Model):
    """Each empty list of a queue follows its channel; a filled one replaces it."""

    dispositions = ArrayField(
        models.CharField(max_length=LONGEST_DISPOSITION),
        verbose_name=_("dispositions"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_(
            "What a conversation may have come to: the agent chooses one before wrap-up is over. Commas between them. "
            "Example: Sold, Question answered, Complaint"
        ),
    )
    wrap_up_keys = KeyListField(
        verbose_name=_("keys entered in wrap-up"),
        db_default=[],
        help_text=_("Kept data that the agent may enter or correct in wrap-up. Example: orderId"),
    )
    required_keys = KeyListField(
        verbose_name=_("keys required in wrap-up"),
        db_default=[],
        help_text=_("Wrap-up is not over before these have a value. Example: customerType"),
    )

    class Meta:
        abstract = True
