"""Settings of files in chats: what may be sent, where files are, and for how long they can be fetched."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from channels_cfg.models.system_settings import tidied_file_types

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
        return tidied_file_types(re.split(r"[,;\s]+", value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class ChatSettingsForm(forms.ModelForm):
    allowed_file_types = FileTypesField(
        required=False,
        help_text=gettext_lazy(
            "File endings, separated by commas or semicolons; upper and lower case do not differ. Empty: no file "
            "may be sent. Example: pdf, jpg, png, mp4"
        ),
    )
