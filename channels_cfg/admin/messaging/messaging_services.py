"""Messaging services in the System Configurator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from channels_cfg.addresses import ADDRESS_DOMAIN, tidied_api_address, tidied_app_id, tidied_project_id
from channels_cfg.admin.configurator import ConfiguratorInline
from channels_cfg.admin.messaging.trying import TriesConnections, trying_at
from channels_cfg.admin.safeguards.typed_confirmation import words_for
from channels_cfg.history.change_set import Confirmation
from channels_cfg.messaging.finding import Finding
from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS, queue_address
from channels_cfg.messaging.sinch_connection import (
    NEEDED_TRIGGERS,
    WANTED_TRIGGERS,
    SinchConnection,
    try_connection,
)
from channels_cfg.models import MessagingService, QueueAddress, WebhookSecret

CALLBACK_PATH = "/sms/sinchconversation/all"
IN_USE = timedelta(days=1)
"""A secret that signed a callback so lately is still used at Sinch."""

NEVER_SHOWN = {"autocomplete": "new-password"}


class SecretField(forms.CharField):
    """Typed and never shown: what is stored is not in the page, and an empty field keeps it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminPasswordWidget(attrs=NEVER_SHOWN, render_value=False))
        super().__init__(strip=False, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class StoredSecretForm(forms.ModelForm):
    """Of a row with a secret: it is typed once and never shown; a stored one stays where nothing is typed."""

    secret = SecretField(label=gettext_lazy("Secret"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "secret" in self.fields:
            self.fields["secret"].widget.attrs["aria-label"] = _("Secret")
            if self.instance.pk:
                self.fields["secret"].widget.attrs["placeholder"] = _("Stored. Not shown again.")

    def clean_secret(self) -> str:
        typed = str(self.cleaned_data["secret"])
        if not typed and not self.instance.pk:
            raise forms.ValidationError(_("Enter it. It is stored encrypted and not shown again."))
        return typed or self.instance.secret


class WebhookSecretForm(forms.ModelForm):
    """A secret is typed once and never shown; a stored one keeps its value."""

    secret = SecretField(label=gettext_lazy("Secret"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "secret" in self.fields:
            self.fields["secret"].disabled = True
            self.fields["secret"].required = False
            self.fields["secret"].widget.attrs["placeholder"] = _("Stored. Not shown again.")
        if "secret" in self.fields:
            self.fields["secret"].widget.attrs["aria-label"] = _("Secret")

    def clean_secret(self) -> str:
        return self.instance.secret if self.instance.pk else self.cleaned_data["secret"]


class WebhookSecretInline(ConfiguratorInline):
    model = WebhookSecret
    form = WebhookSecretForm
    fields = ["secret", "note", "added_at", "last_used"]
    readonly_fields = ["added_at", "last_used"]
    verbose_name = gettext_lazy("secret")
    verbose_name_plural = gettext_lazy("Secrets: any of them may sign a callback")

    @display(description=gettext_lazy("Last used"))
    def last_used(self, secret: WebhookSecret) -> Any:
        return secret.last_used_at or _("not yet")


class MessagingServiceForm(forms.ModelForm):
    key_secret = SecretField(
        label=gettext_lazy("Access key secret"),
        required=False,
        help_text=gettext_lazy(
            "As shown once at Sinch. Stored encrypted, and not shown again. Empty: what is stored stays."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.key_secret and "key_secret" in self.fields:
            self.fields["key_secret"].widget.attrs["placeholder"] = _("Stored. Not shown again.")

    def clean_key_secret(self) -> str:
        """What was typed, else what is stored; without a key there is nothing a stored one would be for."""
        stored = self.instance.key_secret if self.cleaned_data.get("key_id") else ""
        if stored and not self.cleaned_data["key_secret"] and "api_address" in self.changed_data:
            raise forms.ValidationError(_("Enter it again: it would be shown to another API address."))
        return self.cleaned_data["key_secret"] or stored


@dataclass(frozen=True)
class News:
    """Something that happened to a service's callbacks, in words; ``level`` is good, warn or bad."""

    label: str
    words: str
    level: str = "good"
    at: datetime | None = None


@dataclass(frozen=True)
class AddressLine:
    """The address of a queue on one messaging channel, and the queue that has it already."""

    label: str
    address: str
    queue: str


@admin.register(MessagingService)
class MessagingServiceAdmin(TriesConnections):
    form = MessagingServiceForm
    list_is_for = gettext_lazy(
        "A messaging service takes in messages that customers write through Sinch, in WhatsApp, Messenger and"
        " others, and leads them to a queue."
    )
    list_display = ["name", "region", "app_id", "queue", "secret_count", "last_callback", "is_enabled"]
    list_filter = [("region", ChoicesDropdownFilter), "enabled", ("queue", AutocompleteSelectFilter)]
    list_select_related = ["queue"]
    search_fields = ["name", "app_id", "project_id", "queue__name"]
    search_help_text = gettext_lazy("Name, app ID, project ID or queue")
    ordering = ["name"]
    autocomplete_fields = ["queue"]
    inlines = [WebhookSecretInline]
    change_form_before_template = "admin/channels_cfg/messagingservice/_at_sinch.html"
    tried_at = "try_connection"
    custom_urls = (
        trying_at("try-connection/", tried_at),
        ("channels/", "messaging_channels", lambda request, model_admin: model_admin.channels_view(request)),
    )
    fieldsets = [
        (None, {"fields": ["name", "queue", "enabled"]}),
        (
            gettext_lazy("The app at Sinch"),
            {
                "description": gettext_lazy(
                    "As on the app's page in the Sinch Build Dashboard, under Conversation API."
                ),
                "fields": ["region", "project_id", "app_id", "api_address"],
            },
        ),
        (
            gettext_lazy("Access key"),
            {
                "description": gettext_lazy(
                    "Signs in where agents' replies are sent, and tries the connection. Callbacks come in without it."
                ),
                "fields": ["key_id", "key_secret"],
            },
        ),
    ]
    confirms_deleting = True
    deleting_leads_to = [
        gettext_lazy(
            "Its callbacks are refused from then on; Sinch gives up on them after a while, and their messages are lost."
        ),
        gettext_lazy("Its secrets are gone."),
    ]
    instead_of_deleting = gettext_lazy("Switch it off instead: its callbacks are refused from then on.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessagingService]:
        numbers = {"number_of_secrets": Count("secrets"), "last_callback_at": Max("secrets__last_used_at")}
        return super().get_queryset(request).annotate(**numbers)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        service = context.get("original")
        context |= {
            "callback_address": request.build_absolute_uri(CALLBACK_PATH),
            "triggers": [(name, why, name in NEEDED_TRIGGERS) for name, why in WANTED_TRIGGERS.items()],
            "queue_addresses": queue_addresses(service) if service else [],
            "news": list(self.callback_news(service)) if service else [],
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def callback_news(self, service: MessagingService) -> Iterator[News]:
        """What happened to the service's callbacks lately; floors above know more of it."""
        last = service.secrets.aggregate(last=Max("last_used_at"))["last"]
        if last:
            yield News(_("Last callback"), "", at=last)
        else:
            yield News(_("Last callback"), _("none yet; enter the address below for the app's webhook"), "warn")

    def confirmation_of_saving(
        self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool
    ) -> Confirmation | None:
        if not change:
            return None
        service, consequences = form.instance, list(self._losses(form, formsets))
        if not consequences:
            return None
        return Confirmation(
            title=_("Callbacks of “%(service)s” will be refused") % {"service": service},
            consequences=consequences,
            words=words_for(service.name, otherwise=_("refuse callbacks")),
            button=_("Save, and refuse them"),
        )

    def _losses(self, form: Any, formsets: Sequence[Any]) -> Iterator[str]:
        """What saving would turn away, in sentences."""
        since = timezone.now() - IN_USE
        removed = [gone.instance for formset in formsets for gone in formset.deleted_forms]
        used = [secret for secret in removed if secret.last_used_at and secret.last_used_at > since]
        left = sum(
            bool(row.cleaned_data) and row not in formset.deleted_forms for formset in formsets for row in formset
        )
        if "enabled" in form.changed_data and not form.instance.enabled:
            if form.instance.secrets.filter(last_used_at__gt=since).exists():
                yield _("It took callbacks in the last day. Switched off, it refuses every one.")
        elif removed and not left and form.instance.enabled:
            yield _("It has no secret left, so every callback is refused.")
        if used:
            yield ngettext(
                "A secret that signed callbacks in the last day is removed: what Sinch still signs with it is refused.",
                "Secrets that signed callbacks in the last day are removed: what Sinch signs with them is refused.",
                len(used),
            )

    def channels_view(self, request: HttpRequest) -> HttpResponse:
        """Every messaging channel and what it supports."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Messaging channels"),
            "opts": self.opts,
            "channels": MESSAGING_CHANNELS,
            "domain": ADDRESS_DOMAIN,
        }
        return TemplateResponse(request, "admin/channels_cfg/messagingservice/channels.html", context)

    def findings(self, request: HttpRequest, service: MessagingService | None) -> list[Finding]:
        """What Sinch says."""
        entered = {
            name: request.POST.get(name, getattr(service, name, "") if service else "").strip()
            for name in ("region", "project_id", "app_id", "key_id", "api_address")
        }
        entered |= {"project_id": tidied_project_id(entered["project_id"]), "app_id": tidied_app_id(entered["app_id"])}
        entered["api_address"] = tidied_api_address(entered["api_address"])
        is_there = service is not None and service.api_address == entered["api_address"]  # else it would go elsewhere
        entered["key_secret"] = request.POST.get("key_secret") or (service.key_secret if service and is_there else "")
        names = {"region": _("region"), "project_id": _("project ID"), "app_id": _("app ID")}
        names |= {"key_id": _("access key ID"), "key_secret": _("access key secret")}
        if missing := [names[name] for name in names if not entered[name]]:
            return [Finding("warn", _("Enter %(missing)s first.") % {"missing": ", ".join(missing)})]
        if entered["region"] not in MessagingService.Region.values:
            return [Finding("warn", _("Choose the region first."))]
        return try_connection(SinchConnection(**entered), callback_address=request.build_absolute_uri(CALLBACK_PATH))

    @display(description=gettext_lazy("Secrets"), ordering="number_of_secrets")
    def secret_count(self, service: Any) -> str:
        return str(service.number_of_secrets or _("none: callbacks are refused"))

    @display(description=gettext_lazy("Last callback"), ordering="last_callback_at", empty_value=gettext_lazy("never"))
    def last_callback(self, service: Any) -> Any:
        return service.last_callback_at

    @display(description=gettext_lazy("Enabled"), ordering="enabled", boolean=True)
    def is_enabled(self, service: MessagingService) -> bool:
        return service.enabled


def queue_addresses(service: MessagingService) -> list[AddressLine]:
    """For every channel that the Conversation API knows, the app's address, and who has it; one query."""
    addresses = {
        str(channel.label): queue_address(service.app_id, channel) for channel in MESSAGING_CHANNELS if channel.wire
    }
    app = f"{service.app_id}@"
    taken = {
        row.address.lower(): str(row.queue)
        for row in QueueAddress.objects.filter(address__istartswith=app).select_related("queue")
    }
    return [AddressLine(label, address, taken.get(address.lower(), "")) for label, address in addresses.items()]
