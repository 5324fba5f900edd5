"""Pause reasons in the System Configurator."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.models import PauseReason


@admin.register(PauseReason)
class PauseReasonAdmin(ConfiguratorAdmin):
    list_is_for = _("An agent who pauses may say why, with one of these reasons.")
    list_display = ["name"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name"]
