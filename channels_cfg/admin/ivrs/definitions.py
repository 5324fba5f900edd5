"""IVR definitions in the System Configurator."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.ivrs.picture import picture_of
from channels_cfg.admin.ivrs.steps import IvrAddressInline, StepInline
from channels_cfg.admin.ivrs.try_out import try_out
from channels_cfg.admin.ivrs.typed import Typed, as_typed
from channels_cfg.admin.keys.choices import ChoicesField
from channels_cfg.admin.moment_input import MomentField
from channels_cfg.admin.numbers import number_of
from channels_cfg.admin.safeguards.planning import CanBePlanned
from channels_cfg.models import Channel, IvrDefinition, IvrStep, KeyListField
from channels_cfg.models.rules import check_with_its_parts_later


class IvrForm(forms.ModelForm):
    """What stands above the steps; they are checked with it by their own rows."""

    instance: IvrDefinition

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        check_with_its_parts_later(self.instance)


@admin.register(IvrDefinition)
class IvrDefinitionAdmin(CanBePlanned, ConfiguratorAdmin):
    form = IvrForm
    list_is_for = _(
        "An IVR answers calls before they wait: it says something, asks for keys and digits, and transfers the call "
        "to a queue with what it learned."
    )
    list_display = ["name", "channel", "address_names", "step_count", "description"]
    list_filter = [("channel", AutocompleteSelectFilter)]
    list_select_related = ["channel"]
    search_fields = [
        *("name", "description", "variables", "addresses__address", "channel__name"),
        *("steps__name", "steps__prompt", "steps__queue__name"),
    ]
    search_help_text = _("Name, address, channel, variable, or a step's name, prompt or queue")
    ordering = ["name"]
    autocomplete_fields = ["channel"]
    inlines = [IvrAddressInline, StepInline]
    change_form_outer_after_template = "admin/channels_cfg/ivrdefinition/_panel.html"
    confirms_deleting = True
    deleting_leads_to = [_("Its addresses lead nowhere any more: a call that comes in there is not taken in.")]
    custom_urls = (
        ("try-out/", "ivr_try_out", require_POST(lambda request, model_admin: model_admin.try_out(request))),
        ("typed/", "ivr_typed", require_POST(lambda request, model_admin: model_admin.typed(request))),
    )
    fieldsets = [
        (None, {"fields": ["name", "channel", "description"]}),
        (
            _("Variables"),
            {
                "description": _("What the steps learn of the caller. A transfer says which of them go along."),
                "fields": ["variables"],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[IvrDefinition]:
        counted = super().get_queryset(request).annotate(number_of_steps=number_of(IvrStep.objects, "definition"))
        return counted.prefetch_related("addresses")

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, KeyListField):
            kwargs |= {"form_class": ChoicesField, "show_hidden_initial": False}
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "channel":
            kwargs["queryset"] = Channel.objects.filter(kind=Channel.Kind.VOICE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        ivr: IvrDefinition | None = context.get("original")
        if ivr is not None:
            context["picture"] = picture_of(type(ivr).objects.get(pk=ivr.pk).call_flow)
        return super().render_change_form(request, context, *args, **kwargs)

    def typed(self, request: HttpRequest) -> HttpResponse:
        """The picture of what is typed in the form, and what is wrong with it. Nothing is saved."""
        ivr = self._drawn(request)
        if not self._may_type(request, ivr):
            raise PermissionDenied
        typed = self._as_typed(request, ivr)
        context = {"original": typed.ivr, "picture": typed.picture, "complaints": typed.complaints}
        return TemplateResponse(request, "admin/channels_cfg/ivrdefinition/_typed.html", context)

    def _drawn(self, request: HttpRequest) -> IvrDefinition | None:
        return self.get_object(request, request.POST.get("drawn", ""))

    def _may_type(self, request: HttpRequest, ivr: IvrDefinition | None) -> bool:
        return self.has_change_permission(request, ivr) if ivr else self.has_add_permission(request)

    def _as_typed(self, request: HttpRequest, ivr: IvrDefinition | None) -> Typed:
        is_there = ivr is not None
        form = self.get_form(request, ivr, change=is_there)(request.POST, instance=ivr)
        form.is_valid()
        formsets, _inlines = self._create_formsets(request, form.instance, change=is_there)
        return as_typed(form, formsets)

    def try_out(self, request: HttpRequest) -> HttpResponse:
        """Where the tried call is after the key that was pressed: through what is typed, or, for who may but see the
        IVR, through what is stored."""
        ivr = self._drawn(request)
        is_typed = self._may_type(request, ivr)
        if not is_typed and (ivr is None or not self.has_view_permission(request, ivr)):
            raise PermissionDenied
        at, problem = timezone.now(), ""
        try:
            at = MomentField(required=False).clean(request.POST.get("at", "")) or at
        except ValidationError as refused:
            problem = " ".join(refused.messages)
        definition = self._as_typed(request, ivr) if is_typed or ivr is None else ivr
        tried = try_out(definition, request.POST, at=at)
        original = definition.ivr if isinstance(definition, Typed) else definition
        context = {"tried": tried, "picture": tried.picture, "original": original, "problem": problem}
        context["at"] = request.POST.get("at", "")
        return TemplateResponse(request, "admin/channels_cfg/ivrdefinition/_tried_out.html", context)

    @display(description=_("Addresses"))
    def address_names(self, ivr: IvrDefinition) -> str:
        return ", ".join(str(address) for address in ivr.addresses.all()) or "—"

    @display(description=_("Steps"), ordering="number_of_steps")
    def step_count(self, ivr: Any) -> int:
        return ivr.number_of_steps
