"""What session metadata files hold, which system, channel and queue say alike."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SessionMetadataSettings(models.Model):
    """Says something on voice and chat. Empty follows the level above; on the system it leaves out."""

    class KeptData(models.TextChoices):
        INCLUDED = "included", _("Included")
        LEFT_OUT = "left_out", _("Left out")

    kept_data_in_session_metadata = models.CharField(
        _("kept data in session metadata files"),
        max_length=8,
        choices=KeptData.choices,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Whether the files of voice and chat sessions hold the attached data that was kept. Empty: as the level "
            "above says; where none says it, it is left out. Example: included"
        ),
    )

    class Meta:
        abstract = True
