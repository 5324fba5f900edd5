"""Why is a setting changed? Asked at the end of every form and before deleting, and noted with the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.history.change_reason import LONGEST_WHY, note_why, why_is_required
from channels_cfg.history.record_words import event_models

MISSING = gettext_lazy("Say why. The system settings ask for a reason for every change.")


class AboutTheChange:
    """A field that is about the change, not about the record: filling it in is no change itself."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class WhyField(AboutTheChange, forms.CharField):
    def __init__(self, *, required: bool) -> None:
        super().__init__(
            label=_("Why?"), required=required, max_length=LONGEST_WHY, error_messages={"required": MISSING}
        )


class AsksWhy:
    """For a ``ModelAdmin``: its forms and its deleting ask why."""

    def get_form(self: Any, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        may_save = self.has_change_permission(request, obj) if change else self.has_add_permission(request)
        if self.model not in event_models() or not may_save:
            return form
        return type(form.__name__, (form,), {"why": WhyField(required=why_is_required())})

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        note_why(form.cleaned_data.get("why", ""))
        return super().save_form(request, form, change)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        asked = asked_why(request)
        if request.POST and asked["why_errors"]:
            request.POST = QueryDict()  # which shows the question again
        return super().delete_view(request, object_id, {**asked, **(extra_context or {})})  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)  # type: ignore[misc]
        if "delete_selected" in actions:
            delete, name, description = actions["delete_selected"]
            actions["delete_selected"] = (_asking(delete), name, description)
        return actions


def _asking(delete: Callable[..., Any]) -> Callable[..., Any]:
    def ask_and_delete(model_admin: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Any:
        asked = asked_why(request)
        if asked["why_errors"]:
            typed = request.POST.copy()
            typed.pop("post", None)
            request.POST = typed  # type: ignore[assignment]  # Django takes any QueryDict
        with transaction.atomic():  # what it says of the version can be undone
            answer = delete(model_admin, request, chosen)
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            answer.context_data.update(asked)
        return answer

    return ask_and_delete


def asked_why(request: HttpRequest) -> dict[str, Any]:
    """What ``{% why_field %}`` shows again of a page that has no form of its own: the text, and what is wrong with it.

    Nothing is wrong before something was posted that would be done now.
    """
    why = request.POST.get("why", "").strip()
    missing = "post" in request.POST and not why and why_is_required()
    return {"why_typed": why, "why_errors": [MISSING] if missing else []}
