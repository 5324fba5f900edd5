"""Which metadata destinations count, on the pages of system settings, channels and queues."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.keys.effective_settings import Effective
from channels_cfg.models import MetadataDestination

FIELDS = ("metadata_destinations", "kept_data_in_session_metadata")


def _choices() -> list[tuple[str, str]]:
    found = MetadataDestination.objects.values_list("name", "is_active")
    return [(name, name if is_active else _("%(name)s (not active)") % {"name": name}) for name, is_active in found]


class DestinationListField(forms.MultipleChoiceField):
    """Metadata destinations by their names, in any order."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"choices": _choices, "required": False, "widget": forms.CheckboxSelectMultiple}
        super().__init__(label=gettext_lazy("Metadata destinations"), **kwargs)

    def tell_what_counts(self, inherited: Effective[list[str]] | None, level: str) -> None:
        """Say where files go while none is chosen. ``level`` is the one that decides that, in words."""
        goes = _("Where the files of voice and chat sessions are delivered to.")
        if inherited is None:
            counts = _("None chosen: nowhere.")
        elif not inherited.value:
            counts = _("None chosen: nowhere, since no level above names any.")
        else:
            names = ", ".join(inherited.value)
            counts = _("None chosen: as %(level)s says, now %(names)s.") % {"level": level, "names": names}
        self.help_text = f"{goes} {counts}"
