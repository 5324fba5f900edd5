"""Saving later: a form whose change takes effect at a chosen time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_cfg import moments
from channels_cfg.admin.moment_input import MomentField
from channels_cfg.admin.safeguards.change_reason import AboutTheChange
from channels_cfg.history.change_set import Action, ChangeSet, RecordChange
from channels_cfg.history.planned_changes import check_plan, plan_change, planned_for

AT = "takes_effect_at"


class TakesEffectAt(AboutTheChange, MomentField):
    """A time on the viewer's clock; empty for now."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Take effect at"),
            required=False,
        )


class PlannableForm(forms.ModelForm):
    """Refuses a time that has passed, and fields that cannot wait."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        at = self.cleaned_data.get(AT)
        if at is not None and not self.errors:
            try:
                check_plan(self.instance, self.changes(), at=at, now=timezone.now())
            except ValidationError as refused:
                for name, problems in refused.error_dict.items():
                    self.add_error(name, problems)
        return cleaned

    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


@dataclass
class FormChange(ChangeSet):
    """What a form changes of its record."""

    form: PlannableForm

    def record_changes(self) -> list[RecordChange]:
        new, record = self.form.changes(), self.form.instance
        old = {name: self.form.initial.get(name) for name in new}
        return [RecordChange(Action.CHANGE, type(record), record.pk, old, new)]


class TakesEffectAtOnce:
    """For rows of a form: they cannot wait."""

    def clean(self: Any) -> None:
        super().clean()  # type: ignore[misc]
        if self.data.get(AT) and self.has_changed():
            raise ValidationError(_("These rows take effect at once. Save them by themselves, without a time."))


class CanBePlanned:
    """For a ``ModelAdmin``: its changes can take effect later, and those that will are shown and can be cancelled."""

    def get_form(self: Any, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        if not change or not self.has_change_permission(request, obj):
            return form
        return type(form.__name__, (PlannableForm, form), {AT: TakesEffectAt()})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if context.get("original") is not None:
            context["planned_changes"] = list(planned_for(context["original"]))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saves or plans, and says which saved reports lose a column."""
        lost = FormChange(form).lost_columns_in_words() if isinstance(form, PlannableForm) else ""
        if not _is_planned(form):
            super().save_model(request, obj, form, change)  # type: ignore[misc]
        else:
            stored = type(obj)._base_manager.filter(pk=obj.pk).first() or type(obj)(pk=obj.pk)
            plan_change(
                stored,
                form.changes(),
                at=form.cleaned_data[AT],
                by=request.user,  # type: ignore[arg-type]  # who opened the configurator is signed in
                why=form.cleaned_data.get("why", ""),
                now=timezone.now(),
            )
        if lost:
            messages.warning(request, lost)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        planned = request.POST.get(AT) and planned_for(obj).order_by("-pk").first()
        if not planned:
            return super().response_change(request, obj)  # type: ignore[misc]
        messages.success(
            request,
            _("Scheduled: it takes effect at %(when)s. Nothing has changed yet.")
            % {"when": moments.with_zone(planned.takes_effect_at)},
        )
        return HttpResponseRedirect(request.path)


def _is_planned(form: Any) -> bool:
    return form.cleaned_data.get(AT) is not None
