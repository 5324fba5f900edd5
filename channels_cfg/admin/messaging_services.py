"""Messaging services in the System Configurator."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.models import MessagingService, WebhookSecret

CALLBACK_PATH = "/sms/sinchconversation/all"


class WebhookSecretForm(forms.ModelForm):
    """A secret is typed once and never shown; a stored one keeps its value."""

    secret = forms.CharField(
        max_length=512,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}, render_value=False),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "secret" in self.fields:
            self.fields["secret"].disabled = True
            self.fields["secret"].required = False
            self.fields["secret"].widget.attrs["placeholder"] = "Stored. Not shown again."

    def clean_secret(self) -> str:
        return self.instance.secret if self.instance.pk else self.cleaned_data["secret"]


class WebhookSecretInline(ConfiguratorInline):
    model = WebhookSecret
    form = WebhookSecretForm
    fields = ["secret", "note", "added_at"]
    readonly_fields = ["added_at"]
    verbose_name = "secret"
    verbose_name_plural = "Secrets: any of them may sign a callback. To rotate, add the new one, later remove the old"


@admin.register(MessagingService)
class MessagingServiceAdmin(ConfiguratorAdmin):
    list_display = ["name", "region", "app_id", "queue", "secret_count", "is_enabled"]
    list_filter = [("region", ChoicesDropdownFilter), "enabled", ("queue", AutocompleteSelectFilter)]
    list_select_related = ["queue"]
    search_fields = ["name", "app_id", "project_id", "queue__name"]
    search_help_text = "Name, app ID, project ID or queue"
    ordering = ["name"]
    autocomplete_fields = ["queue"]
    inlines = [WebhookSecretInline]
    change_form_before_template = "admin/channels_cfg/messagingservice/_callback_address.html"
    fieldsets = [
        (None, {"fields": ["name", "queue", "enabled"]}),
        (
            "The app at Sinch",
            {
                "description": "As on the app's page in the Sinch Build Dashboard, under Conversation API.",
                "fields": ["region", "project_id", "app_id"],
            },
        ),
    ]
    confirms_deleting = True
    deleting_leads_to = [
        "Its callbacks are refused from then on; Sinch gives up on them after a while, and their messages are lost.",
        "Its secrets are gone.",
    ]
    instead_of_deleting = "Switch it off instead: its callbacks are refused from then on."

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessagingService]:
        return super().get_queryset(request).annotate(number_of_secrets=Count("secrets"))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["callback_address"] = request.build_absolute_uri(CALLBACK_PATH)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Secrets", ordering="number_of_secrets")
    def secret_count(self, service: Any) -> str:
        return str(service.number_of_secrets or "none: callbacks are refused")

    @display(description="Enabled", ordering="enabled", boolean=True)
    def is_enabled(self, service: MessagingService) -> bool:
        return service.enabled
