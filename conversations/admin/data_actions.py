"""Trying a data action out on its page: each step with its result."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from channels_cfg.admin.data_actions.actions import DataActionAdmin, DataActionDraftAdmin
from channels_cfg.data_actions.contract import property_types, required_of
from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.json_text import json_text, pretty_json, read_json
from channels_cfg.models import DataAction, DataActionDraft
from conversations.data_actions.run import run_definition

LONGEST_TRIAL = 25.0
"""Seconds for which a page waits."""

admin.site.unregister(DataAction)
admin.site.unregister(DataActionDraft)


class TryOutForm(forms.Form):
    """A field for each input of the contract; one that is left empty is not sent."""

    def __init__(self, definition: ActionDefinition, data: Any = None) -> None:
        super().__init__(data, prefix="input")
        required = required_of(definition.inputs)
        for name, kind in property_types(definition.inputs).items():
            label = f"{name} ({kind})" if kind else name
            self.fields[name] = forms.CharField(
                label=label if name not in required else _("%(label)s, required") % {"label": label},
                required=False,
                strip=False,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
        self.kinds = property_types(definition.inputs)

    def inputs(self) -> dict[str, Any]:
        """What is sent, each of the type that the contract says where it can be read so."""
        return {name: _typed(text, self.kinds.get(name, "")) for name, text in self.cleaned_data.items() if text != ""}


def _typed(text: str, kind: str) -> Any:
    if set(kind.split(",")) & {"integer", "number", "boolean", "null"}:
        try:
            value = read_json(text.strip())
        except ActionFault:
            return text
        return value if not isinstance(value, str | list | dict) else text
    return text


@admin.register(DataAction)
class DataActionWithTryOutAdmin(DataActionAdmin):
    """With a page that runs it, as it is published or as it is drafted."""

    change_form_before_template = "admin/conversations/dataaction/_state.html"
    custom_urls = (
        *DataActionAdmin.custom_urls,
        ("<int:pk>/try/", "data_action_try", lambda request, model_admin, pk: model_admin.try_view(request, pk)),
    )

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Run it with what is entered, really and at once, and tell each step. Nothing of it is kept."""
        action = self._found(pk)
        if not (
            self.has_change_permission(request, action) or request.user.has_perm("channels_cfg.execute_dataaction")
        ):
            raise PermissionDenied
        draft = DataActionDraft.objects.filter(action=action).first()
        is_draft = bool(draft) and request.GET.get("draft") == "1"
        definition = draft.definition() if draft and is_draft else action.definition()
        form = TryOutForm(definition, request.POST if request.method == "POST" else None)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try “%(action)s” out") % {"action": action},
            "opts": self.opts,
            "data_action": action,
            "draft": draft,
            "is_draft": is_draft,
            "form": form,
        }
        if request.method == "POST" and form.is_valid():
            result = run_definition(definition, action.connection, form.inputs(), seconds=LONGEST_TRIAL)
            context |= {
                "result": result,
                "outputs": pretty_json(result.outputs) if result.failed is None else "",
                "error": json_text(result.failure.as_answer("")) if result.failure else "",
            }
        answer = TemplateResponse(request, "admin/conversations/dataaction/try.html", context)
        answer["Cache-Control"] = "no-store"
        return answer


@admin.register(DataActionDraft)
class DataActionDraftWithTryOutAdmin(DataActionDraftAdmin):
    """With a way to try the draft out."""

    change_form_before_template = "admin/conversations/dataaction/_state.html"
