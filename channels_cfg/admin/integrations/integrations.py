"""Event-driven integrations in the System Configurator."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.admin.messaging.messaging_services import StoredSecretForm
from channels_cfg.integrations.names import IN_RESPONSE, every_name
from channels_cfg.models import Authentication, Channel, Integration
from channels_cfg.models.called_actions import published_actions

AUTHENTICATIONS = "authentications"


class AuthenticationForm(StoredSecretForm):
    """A stored secret goes nowhere else."""

    def clean_secret(self) -> str:
        secret = super().clean_secret()
        if not self.cleaned_data["secret"] and {"token_address", "kind"} & set(self.changed_data):
            raise forms.ValidationError(_("Enter it again: it would be shown to another address."))
        return secret


class AuthenticationInline(ConfiguratorInline):
    model = Authentication
    form = AuthenticationForm
    fields = ["name", "kind", "username", "secret", "header", "token_address", "scope"]
    verbose_name = gettext_lazy("authentication")
    verbose_name_plural = gettext_lazy("Authentications: how it says who asks. The JSON names them")


class IntegrationForm(forms.ModelForm):
    instance: Integration

    class Media:
        css = {"all": ["configurator/json_editor.css"]}
        js = ["configurator/json_editor.js"]

    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        choices=Channel.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"), choices=Integration.AnsweredEvent.choices, widget=forms.CheckboxSelectMultiple
    )
    configuration = forms.CharField(
        label=gettext_lazy("JSON for configuration"),
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 24, "spellcheck": "false", "class": "font-mono", "data-json-editor": ""}
        ),
        help_text=gettext_lazy("What is asked, and what becomes of the answer."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "configuration" in self.fields:
            names = [*every_name(IN_RESPONSE), *(f"{AUTHENTICATIONS}.{name}" for name in self._stored())]
            self.fields["configuration"].widget.attrs |= {
                "data-placeholders": " ".join(names),
                "data-actions": json.dumps(sorted(published_actions())),
                "data-offered": _("Names that fit"),
            }

    def _stored(self) -> list[str]:
        return list(self.instance.authentications.values_list("name", flat=True)) if self.instance.pk else []

    def _post_clean(self) -> None:
        """The JSON is checked with the authentications that are sent along."""
        if self.is_bound and f"{AUTHENTICATIONS}-TOTAL_FORMS" in self.data:
            rows = list(self._rows())
            self.instance.given_authentications = {row["name"]: row["kind"] for row in rows}
            self.instance.kept_secrets = [row["name"] for row in rows if not row["secret"]]
        super()._post_clean()  # type: ignore[misc]

    def _rows(self) -> Any:
        total = self.data.get(f"{AUTHENTICATIONS}-TOTAL_FORMS", "")
        for number in range(min(int(total), 1000) if total.isdecimal() else 0):
            row = {name: self.data.get(f"{AUTHENTICATIONS}-{number}-{name}", "") for name in ("name", "kind", "secret")}
            if row["name"].strip() and not self.data.get(f"{AUTHENTICATIONS}-{number}-DELETE"):
                yield row | {"name": row["name"].strip()}


@admin.register(Integration)
class IntegrationAdmin(ConfiguratorAdmin):
    form = IntegrationForm
    list_is_for = gettext_lazy(
        "An integration asks another system when something happens to a conversation, such as the CRM for the customer"
        " who calls, and attaches what it answers."
    )
    list_display = ["name", "endpoint", "answers", "direction", "ordinal", "is_enabled"]
    list_filter = [("direction", ChoicesDropdownFilter), "enabled", ("queues", AutocompleteSelectFilter)]
    search_fields = ["name", "description", "endpoint", "queues__name"]
    search_help_text = gettext_lazy("Name, description, endpoint or queue")
    ordering = ["ordinal", "name"]
    autocomplete_fields = ["queues"]
    inlines = [AuthenticationInline]
    history_parts = [(Integration.queues.through, "integration")]
    fieldsets = [
        (None, {"fields": ["name", "description", "enabled"]}),
        (
            gettext_lazy("What it answers"),
            {
                "description": gettext_lazy("Of all that answer the same event, three are asked, the lowest first."),
                "fields": ["events", "direction", "channels", "direct", "all_queues", "queues", "ordinal"],
            },
        ),
        (
            gettext_lazy("The request and its answer"),
            {
                "description": gettext_lazy(
                    "Placeholders stand in braces, such as {contact.source} and {response.body.tickets[-1].id}. What "
                    "stands for nothing is left out."
                ),
                "fields": ["endpoint", "timeout_seconds", "configuration"],
            },
        ),
    ]
    confirms_deleting = True
    deleting_leads_to = [gettext_lazy("Nothing is asked by it any more, and its secrets are gone.")]
    instead_of_deleting = gettext_lazy("Switch it off instead.")

    @display(description=gettext_lazy("Events"))
    def answers(self, integration: Integration) -> str:
        labels = dict(Integration.AnsweredEvent.choices)
        return ", ".join(str(labels.get(event, event)) for event in integration.events)

    @display(description=gettext_lazy("Enabled"), ordering="enabled", boolean=True)
    def is_enabled(self, integration: Integration) -> bool:
        return integration.enabled
