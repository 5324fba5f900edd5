"""Settings of files in chats: what may be sent, where files are, and for how long they can be fetched."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from channels_cfg.admin.words_field import WordsField
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


class ChatSettingsForm(forms.ModelForm):
    allowed_file_types = WordsField(
        tidied=tidied_file_types,
        required=False,
        help_text=gettext_lazy(
            "File endings, separated by commas or semicolons; upper and lower case do not differ. Empty: no file "
            "may be sent. Example: pdf, jpg, png, mp4"
        ),
    )
