"""Settings of files in chats: what may be sent, where files are, and for how long they can be fetched."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

LARGEST_MEGABYTES = 100
"""WhatsApp and RCS take documents of 100 MB; no channel takes more."""

LONGEST_HOURS = 365 * 24

_FILE_TYPE = re.compile(r"[a-z0-9]{1,10}", re.ASCII)

CHAT_FIELDS = [
    "largest_file_megabytes",
    "allowed_file_types",
    "attachment_location",
    "public_base_url",
    "public_attachment_hours",
]

CHAT_DESCRIPTION = gettext_lazy(
    "For files that agents send; what customers send is governed by their channel. Sending files is not built yet: "
    "these settings are kept, and take effect with it."
)


class FileTypesField(forms.Field):
    """Endings separated by commas or semicolons, in any case and with or without a dot, each once."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return value
        typed = (ending.strip().lower().removeprefix(".") for ending in re.split(r"[,;\s]+", value or ""))
        endings = list(dict.fromkeys(ending for ending in typed if ending))
        for number, ending in enumerate(endings, start=1):
            if not _FILE_TYPE.fullmatch(ending):
                raise ValidationError(
                    _("Item %(number)d, “%(ending)s”, is no file ending: at most 10 letters and digits, such as pdf.")
                    % {"number": number, "ending": ending}
                )
        return endings

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return list(initial or []) != self.to_python(data)
        except ValidationError:
            return True


class ChatSettingsForm(forms.ModelForm):
    allowed_file_types = FileTypesField(
        required=False,
        help_text=gettext_lazy(
            "File endings, separated by commas or semicolons; upper and lower case do not differ. Empty: no file "
            "may be sent. Example: pdf, jpg, png, mp4"
        ),
    )

    def clean_largest_file_megabytes(self) -> int:
        megabytes: int = self.cleaned_data["largest_file_megabytes"]
        if megabytes > LARGEST_MEGABYTES:
            raise ValidationError(_("No channel takes more than %(most)d MB.") % {"most": LARGEST_MEGABYTES})
        return megabytes

    def clean_attachment_location(self) -> str:
        """A folder that is there and that this program may write to; empty for the portal's own."""
        location: str = self.cleaned_data["attachment_location"].strip()
        if not location:
            return ""
        folder = Path(location)
        if not folder.is_absolute():
            raise ValidationError(_("Enter the whole path, from the root. Example: /srv/files"))
        if not folder.is_dir():
            raise ValidationError(_("There is no such folder on the portal's machine. Make it first."))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValidationError(_("The portal may not write there. Let its user own the folder."))
        return str(folder)

    def clean_public_base_url(self) -> str:
        address: str = self.cleaned_data["public_base_url"]
        parts = urlsplit(address)
        if address and (parts.scheme != "https" or parts.query or parts.fragment or parts.username):
            raise ValidationError(
                _("An address that begins with https://, without a question mark. Messaging channels fetch over HTTPS.")
            )
        return address.rstrip("/")

    def clean_public_attachment_hours(self) -> int:
        hours: int = self.cleaned_data["public_attachment_hours"]
        if hours > LONGEST_HOURS:
            raise ValidationError(_("At most a year: %(most)d hours.") % {"most": LONGEST_HOURS})
        return hours
