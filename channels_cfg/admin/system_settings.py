"""System settings: one form, and the check of keys while they are typed."""

from __future__ import annotations

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from channels_cfg.admin import uploads
from channels_cfg.admin.keys.extra_data_lists import ExtraDataAdmin, ExtraDataForm
from channels_cfg.admin.keys.key_list import problem_with
from channels_cfg.admin.messaging.chat_settings import CHAT_DESCRIPTION, CHAT_FIELDS, ChatSettingsForm
from channels_cfg.admin.opening_hours import LinesField
from channels_cfg.admin.session_metadata.destination_list import FIELDS as SESSION_METADATA
from channels_cfg.keys.configured import KeyPlace, listed_names, look_alike_warnings
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.models import ExtraDataLists, SystemSettings

SUGGESTED_KEYS = 500


class SystemSettingsForm(ChatSettingsForm, ExtraDataForm):
    instance: SystemSettings

    allowed_hosts = LinesField(
        label=gettext_lazy("Allowed hosts"),
        required=False,
        help_text=gettext_lazy(
            "One in a line: a name or IP address in a private network that may be called all the same, perhaps with a "
            "port, or a range of addresses. Example: crm.internal:8443, or 10.1.0.0/16"
        ),
    )


@admin.register(SystemSettings)
class SystemSettingsAdmin(ExtraDataAdmin):
    form = SystemSettingsForm
    list_display = ["__str__"]
    custom_urls = (
        *uploads.PAGES,
        ("check-keys/", "check_keys", require_POST(lambda request, model_admin: model_admin.check_keys(request))),
    )
    fieldsets = [
        (
            gettext_lazy("Extra data"),
            {
                "description": gettext_lazy("What counts where neither the channel nor the queue says anything else."),
                "fields": ["statistics_keys", "allocation_keys", "connection_keys", "outbound_keys"],
            },
        ),
        (
            gettext_lazy("Conversations"),
            {"fields": ["precedence", "false_attempt_seconds", "away_after_seconds", "contact_information"]},
        ),
        (
            gettext_lazy("Limits of attached data"),
            {
                "description": gettext_lazy(
                    "A write that goes over a limit is refused whole, and says which limit. A customer's message is "
                    "measured by itself, since messages come in any order: several may go over together."
                ),
                "fields": ["value_characters", "pairs_per_conversation", "bytes_per_conversation"],
            },
        ),
        (gettext_lazy("External contacts"), {"fields": ["contact_fields"]}),
        (gettext_lazy("Reports"), {"fields": ["smallest_group"]}),
        (gettext_lazy("Session metadata files"), {"fields": ["session_metadata_minutes", *SESSION_METADATA]}),
        (gettext_lazy("Signing in"), {"fields": ["administrators_need_second_factor"]}),
        (gettext_lazy("Chat settings"), {"description": CHAT_DESCRIPTION, "fields": CHAT_FIELDS}),
        (
            gettext_lazy("Calls to other systems"),
            {
                "description": gettext_lazy("They go to public addresses over HTTPS, and to these hosts."),
                "fields": ["allowed_hosts"],
            },
        ),
        (gettext_lazy("Sinch Conversation settings"), {"fields": ["manages_whatsapp_opt_ins"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> SystemSettings | None:
        return SystemSettings.load() if object_id == "1" else None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect(reverse("admin:channels_cfg_systemsettings_change", args=[1]))

    def check_keys(self, request: HttpRequest) -> HttpResponse:
        """For ``{"names": […], "place": "channel.5.statistics_keys"}`` the problem and the look-alike of each name. The
        place is empty for a list of keys that is none of extra data."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        try:
            asked = json.loads(request.body)
            names = [str(name) for name in asked["names"]]
            place = _place(str(asked["place"])) if asked.get("place") else None
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"error": _("Send names and a place.")}, status=400)
        warnings = look_alike_warnings(names, besides=[place] if place else [])
        problems = [problem_with(name) for name in names]
        items = [
            {"problem": problem.__dict__ if problem else None, "warning": warnings.get(name, "")}
            for name, problem in zip(names, problems, strict=True)
        ]
        return JsonResponse({"items": items, "known": listed_names()[:SUGGESTED_KEYS]})


def _place(text: str) -> KeyPlace | None:
    """``channel.5.statistics_keys`` as the list it names, None for one that is not saved yet."""
    model_name, pk, name = text.split(".")
    model = apps.get_model("channels_cfg", model_name)
    if not issubclass(model, ExtraDataLists) or name not in EXTRA_DATA_LISTS:
        raise ValueError(text)
    return KeyPlace(model(pk=int(pk)), name, None) if pk else None  # type: ignore[misc]  # one of three models
