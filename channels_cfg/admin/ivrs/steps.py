"""The steps of an IVR definition as rows of its form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorInline, ConfiguratorRows
from channels_cfg.admin.keys.choices import ChoicesField
from channels_cfg.ivr.faults import says_nothing
from channels_cfg.models import Channel, IvrAddress, IvrStep, KeyListField, Queue
from channels_cfg.models.rules import check_with_its_parts_later


class PressedKeysField(ChoicesField):
    """One key a line; commas belong to values."""

    def to_python(self, value: Any) -> list[str]:
        return (
            value if isinstance(value, list) else [line.strip() for line in (value or "").splitlines() if line.strip()]
        )


class StepForm(forms.ModelForm):
    """One step; what says nothing about its kind is emptied, since the page does not show it."""

    instance: IvrStep
    keys = PressedKeysField(
        label=_("Keys"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_(
            "One in a line: key = value > step. Without a value the variable gets the key. "
            "Example: 1 = fi > Sales hours"
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        check_with_its_parts_later(self.instance)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in says_nothing(self.cleaned_data.get("kind", "")):
            if name in self.fields:
                self.errors.pop(name, None)
                self.cleaned_data[name] = IvrStep._meta.get_field(name).get_default()  # type: ignore[union-attr]
        return cleaned


class StepFormSet(BaseInlineFormSet):
    """The steps beside each other: each fault stands at its step and field."""

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if not self.is_left_out(form)]
        if any(form.errors for form in kept):
            return
        steps = [form.instance for form in kept]
        by_name = {form.instance.name: form for form in reversed(kept)}
        of_the_whole = []
        for fault in self.instance.faults(steps):
            form = by_name.get(fault.step)
            if form is None:
                of_the_whole.append(fault.text)
            else:
                form.add_error(fault.field if fault.field in form.fields else None, fault.text)
        if of_the_whole:
            raise ValidationError(of_the_whole)

    def is_left_out(self, form: Any) -> bool:
        """Whether the row is empty, or is to be removed."""
        is_empty = form.empty_permitted and not form.has_changed()
        return is_empty or (self.can_delete and self._should_delete_form(form))  # type: ignore[attr-defined]  # Django's own


class StepInline(ConfiguratorRows, StackedInline):
    model = IvrStep
    form = StepForm
    formset = StepFormSet
    verbose_name = _("step")
    verbose_name_plural = _("Steps, in their order")
    hide_title = False
    ordering = ["position", "id"]
    autocomplete_fields = ["queue", "opening_hours"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("position", "name", "kind"),
                    "prompt",
                    ("variable", "value"),
                    "keys",
                    ("shortest", "longest", "pattern"),
                    ("back_key", "most_wrong"),
                    "opening_hours",
                    ("next_step", "other_step"),
                    "queue",
                    "attached_variables",
                ]
            },
        )
    ]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "prompt":
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 3})
        if isinstance(db_field, KeyListField):
            kwargs |= {"form_class": ChoicesField, "show_hidden_initial": False}
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 2})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "queue":
            kwargs["queryset"] = Queue.objects.filter(channel__kind=Channel.Kind.VOICE)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class IvrAddressInline(ConfiguratorInline):
    model = IvrAddress
    verbose_name = _("address")
    verbose_name_plural = _("Addresses: the numbers that this IVR answers")
