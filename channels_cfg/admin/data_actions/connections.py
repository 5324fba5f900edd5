"""Connections of data actions: where they go and how they sign in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg.admin.configurator import ConfiguratorAdmin, ConfiguratorInline
from channels_cfg.admin.messaging.messaging_services import StoredSecretForm
from channels_cfg.admin.numbers import number_of
from channels_cfg.admin.safeguards.typed_confirmation import words_for
from channels_cfg.admin.words_field import WordsField
from channels_cfg.history.change_set import Confirmation
from channels_cfg.models import DataAction, DataActionConnection, DataActionCredential

WHERE_SECRETS_GO = ("base_address", "token_address", "hosts")


class CredentialInline(ConfiguratorInline):
    model = DataActionCredential
    form = StoredSecretForm
    fields = ["name", "secret"]
    verbose_name = gettext_lazy("credential")
    verbose_name_plural = gettext_lazy("Credentials: templates name them ${credentials.name}")


class DataActionConnectionForm(forms.ModelForm):
    hosts = WordsField(
        label=gettext_lazy("Other hosts"),
        required=False,
        help_text=DataActionConnection._meta.get_field("hosts").help_text,
    )


@admin.register(DataActionConnection)
class DataActionConnectionAdmin(ConfiguratorAdmin):
    form = DataActionConnectionForm
    list_is_for = gettext_lazy(
        "A connection says where data actions go and how they sign in there, so that no secret stands in an action."
    )
    list_display = ["name", "base_address", "sign_in", "action_count"]
    list_filter = [("sign_in", ChoicesDropdownFilter)]
    search_fields = ["name", "base_address", "integration_type"]
    search_help_text = gettext_lazy("Name, address or integration type")
    ordering = ["name"]
    inlines = [CredentialInline]
    instead_of_deleting = gettext_lazy("Give its actions another connection first, or delete them.")
    fieldsets = [
        (None, {"fields": ["name", "integration_type", "base_address"]}),
        (gettext_lazy("Signing in"), {"fields": ["sign_in", "token_address", "hosts"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataActionConnection]:
        return super().get_queryset(request).annotate(number_of_actions=number_of(DataAction.objects, "connection"))

    @display(description=gettext_lazy("Data actions"), ordering="number_of_actions")
    def action_count(self, connection: Any) -> int:
        return int(connection.number_of_actions)

    def confirmation_of_saving(
        self, request: HttpRequest, form: Any, formsets: Sequence[Any], change: bool
    ) -> Confirmation | None:
        """Secrets that are stored go to no other host unnoticed."""
        moved = [name for name in WHERE_SECRETS_GO if name in form.changed_data]
        names = list(form.instance.credentials.values_list("name", flat=True)) if change else []
        if not moved or not names:
            return None
        places = [form.cleaned_data["base_address"], form.cleaned_data["token_address"], *form.cleaned_data["hosts"]]
        told = {"names": ", ".join(names), "places": ", ".join(filter(None, places)) or _("nobody")}
        return Confirmation(
            title=_("Secrets of “%(connection)s” will be shown to others") % {"connection": form.instance},
            consequences=[_("The stored credentials %(names)s go to: %(places)s.") % told],
            words=words_for(form.instance.name, otherwise=_("show secrets")),
            button=_("Save, and show them there"),
        )
