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


def with_undo(request: HttpRequest, message: Any, version: int | None) -> Any:
    """The message with a link that undoes the version, where there is one and the viewer may."""
    if version is None or not may_undo(request):
        return message
    undo = reverse("admin:undo_version", args=[version])
    return format_html('{} <a class="text-link" href="{}">{}</a>', message, undo, _("Undo …"))


class OffersUndo:
    """Says “Undo …” with what was saved or deleted, where that made a version of the settings."""

    def message_user(
        self, request: HttpRequest, message: Any, level: int | str = messages.INFO, *args: Any, **kwargs: Any
    ) -> None:
        if level == messages.SUCCESS:
            message = with_undo(request, message, SettingsVersion.of_this_transaction())
        super().message_user(request, message, level, *args, **kwargs)  # type: ignore[misc]
