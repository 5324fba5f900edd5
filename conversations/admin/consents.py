"""Consents of customers in the System Configurator: looked up, recorded and withdrawn by hand (specification 002,
WhatsApp).

An administrator sees and records those of the messaging services on whose queues the administrator holds the right
“View consents”, as over the API. Nothing is changed or deleted: whoever was wrong records what counts.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from channels_cfg import moments
from channels_cfg.admin.configurator import ConfiguratorChangeList
from channels_cfg.admin.moment_input import MomentField, MomentInput
from channels_cfg.admin.read_only import StaffReadOnlyAdmin
from channels_cfg.messaging.messaging_channels import MESSAGING_CHANNELS, label_of
from channels_cfg.models import MessagingService, User
from conversations import consents
from conversations.models import Consent
from conversations.models.consent import ConsentQuerySet, tidied_customer

BY_HAND = Consent.ConsentSource.CONFIGURATOR
MOST_SHOWN = 100
OF = "of"
"""In the address of the form: the consent whose customer says something new."""


def channel_choices() -> list[tuple[str, str]]:
    """The channels by name; of several names on the wire, the unusual ones with that name."""
    return [
        (wire, str(channel.label) if wire == channel.wire else f"{channel.label} ({wire})")
        for channel in MESSAGING_CHANNELS
        for wire in channel.wires
    ]


class MomentOrNow(MomentField):
    def to_python(self, value: Any) -> datetime | None:
        return super().to_python(value) or timezone.now()


class ConsentForm(forms.ModelForm):
    """What a customer said, and to whom."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Messaging channel"), choices=channel_choices, widget=UnfoldAdminSelectWidget
    )
    address = forms.CharField(
        label=gettext_lazy("Customer address"),
        max_length=320,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "A telephone number with its country code, such as +358 40 1234567, or the ID that the channel gives the "
            "customer."
        ),
    )
    given = forms.TypedChoiceField(
        label=gettext_lazy("What the customer said"),
        choices=[(True, gettext_lazy("Opted in")), (False, gettext_lazy("Opted out"))],
        coerce=lambda chosen: chosen == "True",
        widget=UnfoldAdminRadioSelectWidget,
    )
    at = MomentOrNow(
        label=gettext_lazy("When"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs=MomentInput().attrs),
        help_text=gettext_lazy("When the customer said it, on your clock. Empty: now."),
    )

    class Meta:
        model = Consent
        fields = ["service", "channel", "address", "given", "at"]


class CurrentConsents(ConfiguratorChangeList):
    """Of all that was said the list shows what counts."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> ConsentQuerySet:
        return cast(ConsentQuerySet, super().get_queryset(request, exclude_parameters)).current()


class OnChannel(admin.SimpleListFilter):
    title = gettext_lazy("messaging channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return channel_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class WhatCounts(admin.SimpleListFilter):
    title = gettext_lazy("what counts")
    parameter_name = "given"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Opted in")), ("no", _("Opted out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Consent]) -> QuerySet[Consent]:
        chosen = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(given=chosen)


@admin.register(Consent)
class ConsentAdmin(StaffReadOnlyAdmin):
    form = ConsentForm
    list_is_for = gettext_lazy(
        "A customer consent says whether a customer may be written to outside a conversation. Channels tell of it; "
        "other systems and administrators record it. You see those of the messaging services on whose queues you hold "
        "“View consents”."
    )
    empty_list_leads_to = ("admin:channels_cfg_accessright_changelist", gettext_lazy("To the access rights"))
    list_display = ["customer", "on_channel", "service", "what_counts", "since", "told_by"]
    list_filter = [WhatCounts, OnChannel, ("source", ChoicesDropdownFilter), ("at", RangeDateTimeFilter)]
    list_filter_submit = True
    list_select_related = ["service", "recorded_by"]
    list_per_page = 50
    ordering = ["-at", "-id"]
    search_fields = ["address"]
    search_help_text = gettext_lazy("Number or other address")
    paginator = InfinitePaginator
    show_full_result_count = False
    actions = ["withdraw"]
    warn_unsaved_form = True
    facts = ["customer", "on_channel", "service", "counts_now", "all_said"]

    # Who may

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and self._services(request).exists()

    def _services(self, request: HttpRequest) -> QuerySet[MessagingService]:
        return consents.services_for(cast(User, request.user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).filter(service__in=self._services(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CurrentConsents

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Consent], search_term: str
    ) -> tuple[QuerySet[Consent], bool]:
        """Numbers are found however they are written."""
        term = tidied_customer(search_term)
        is_meant = Q(address__icontains=term) | Q(address="", contact_external_id=term)
        return (queryset.filter(is_meant) if term else queryset), False

    # The form, and the page of one

    def get_fieldsets(self, request: HttpRequest, obj: Consent | None = None) -> Any:
        if obj:
            return [(None, {"fields": self.facts})]
        explanation = _("Record what the customer said elsewhere: at the counter, on a form, on the telephone.")
        return [(None, {"description": explanation, "fields": ConsentForm.Meta.fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: Consent | None = None) -> list[str]:
        return self.facts if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._services(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        asked = request.GET.get(OF, "")
        of = self.get_object(request, asked) if asked.isdecimal() else None
        if of is None:
            only = self._services(request)[:2]
            return {"given": True} | ({"service": only[0].pk} if len(only) == 1 else {})
        known: dict[str, Any] = {"service": of.service_id, "channel": of.channel, "address": of.address}
        return known | {"given": not consents.all_of(of)[0].given}

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        shown = {"show_save_and_continue": False, **(extra_context or {})}  # saving leads to the page of the consent
        return super().changeform_view(request, object_id, form_url, shown)

    def save_model(self, request: HttpRequest, obj: Consent, form: Any, change: bool) -> None:
        told = {name: getattr(obj, name) for name in ("service", "channel", "address", "given", "at")}
        obj.pk = consents.record(**told, source=BY_HAND, by=cast(User, request.user)).pk

    def response_add(self, request: HttpRequest, obj: Consent, post_url_continue: str | None = None) -> HttpResponse:
        counting = consents.all_of(obj)[0]
        if counting.given == obj.given:
            messages.success(request, _("It is recorded. What counts now: %(what)s.") % {"what": counting})
        else:
            words = _("It is recorded. What was said later still counts: %(what)s on %(at)s.")
            messages.warning(request, words % {"what": counting, "at": moments.in_words(counting.at)})
        if "_addanother" in request.POST:
            return redirect("admin:conversations_consent_add")
        return redirect("admin:conversations_consent_change", obj.pk)

    # Several at once

    @admin.action(description=gettext_lazy("Withdraw"), permissions=["add"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Consent]) -> HttpResponse | None:
        """Ask first: nobody writes to these customers afterwards."""
        given = chosen.filter(given=True)
        if "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Withdraw consents"),
                "opts": self.opts,
                "consents": given,
                "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/conversations/consent/withdraw.html", context)
        now, by = timezone.now(), cast(User, request.user)
        count = sum(consents.withdraw(consent, source=BY_HAND, by=by, now=now) for consent in given)
        words = ngettext("%(count)d consent is withdrawn.", "%(count)d consents are withdrawn.", count)
        self.message_user(request, words % {"count": count})
        return None

    # What is shown

    @display(description=gettext_lazy("Customer"), ordering="address")
    def customer(self, consent: Consent) -> str:
        return consent.customer

    @display(description=gettext_lazy("Messaging channel"), ordering="channel")
    def on_channel(self, consent: Consent) -> str:
        return label_of(consent.channel)

    @display(description=gettext_lazy("What counts"), ordering="given", label={True: "success", False: "warning"})
    def what_counts(self, consent: Consent) -> tuple[bool, str]:
        return consent.given, str(consent)

    @display(description=gettext_lazy("What counts"))
    def counts_now(self, consent: Consent) -> str:
        return str(consents.all_of(consent)[0])

    @display(description=gettext_lazy("Since"), ordering="at")
    def since(self, consent: Consent) -> str:
        return moments.in_words(consent.at)

    @display(description=gettext_lazy("Source"), ordering="source")
    def told_by(self, consent: Consent) -> str:
        """Who recorded it, and how."""
        return ", ".join(filter(None, [consent.get_source_display(), str(consent.recorded_by or "")]))

    @display(description=gettext_lazy("All that was said"))
    def all_said(self, consent: Consent) -> str:
        said = consents.all_of(consent)
        context = {"said": said[:MOST_SHOWN], "consent": consent, "of": OF}
        return render_to_string("admin/conversations/consent/_all_said.html", context)
