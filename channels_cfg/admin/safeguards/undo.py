"""After a change of the settings, the way back is a click away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from channels_cfg.models import SettingsVersion


def may_undo(request: HttpRequest) -> bool:
    """Whether the viewer changes settings at all; what an undoing takes is checked with it."""
    return request.user.has_perm("channels_cfg.change_systemsettings")


class OffersUndo:
    """Says “Undo …” with what was saved or deleted, where that made a version of the settings."""

    def message_user(
        self, request: HttpRequest, message: Any, level: int | str = messages.INFO, *args: Any, **kwargs: Any
    ) -> None:
        if level == messages.SUCCESS and may_undo(request) and (made := SettingsVersion.of_this_transaction()):
            undo = reverse("admin:undo_version", args=[made])
            message = format_html('{} <a class="text-link" href="{}">{}</a>', message, undo, _("Undo …"))
        super().message_user(request, message, level, *args, **kwargs)  # type: ignore[misc]
