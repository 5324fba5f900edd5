"""Data actions and the drafts in which published ones are edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.action_publishing import publish, start_draft
from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.data_actions.definition import FIELDS_BY_NAME_IN_FILE
from channels_cfg.data_actions.faults import ActionFinding, Severity
from channels_cfg.data_actions.published_file import write_action
from channels_cfg.models import DataAction, DataActionDraft
from channels_cfg.models.data_action import CONTENT, tidied_template
from channels_cfg.models.rules import in_words

ROWS = {"request_url_template": 2, "headers": 4, "translation_map_defaults": 4, "success_template": 6}
_CONTENT_FIELDSETS = [
    (
        gettext_lazy("Contract"),
        {
            "description": gettext_lazy("What whoever calls the action gives, and gets."),
            "fields": ["input_schema", "success_schema"],
        },
    ),
    (
        gettext_lazy("Request"),
        {
            "description": gettext_lazy(
                "Templates. Inputs are ${input.name}, all of them as JSON ${input.rawRequest}, secrets "
                "${credentials.name}; $!{…} prints nothing where there is no value."
            ),
            "fields": ["request_type", "request_url_template", "headers", "request_template", "timeout_seconds"],
        },
    ),
    (
        gettext_lazy("Answer"),
        {
            "description": gettext_lazy(
                "Paths find values in the answer; the success template makes the outputs of them. Each ${name} there "
                "is JSON already, with its quotes."
            ),
            "fields": ["translation_map", "translation_map_defaults", "success_template"],
        },
    ),
]


class EditsContent(ConfiguratorAdmin):
    """Templates and JSON as plain text, and what is wrong with them beside it."""

    change_form_before_template = "admin/channels_cfg/dataaction/_state.html"
    change_form_outer_after_template = "admin/channels_cfg/dataaction/_forms.html"

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in CONTENT and isinstance(db_field, models.TextField):
            attrs = {"rows": ROWS.get(db_field.name, 10), "spellcheck": "false", "class": "font-mono"}
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs=attrs)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if count := len(obj.findings()):
            messages.warning(
                request,
                ngettext(
                    "Saved with %(count)d warning; the page of the data action tells it.",
                    "Saved with %(count)d warnings; the page of the data action tells them.",
                    count,
                )
                % {"count": count},
            )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record = context.get("original")
        action = record.action if isinstance(record, DataActionDraft) else record
        draft = DataActionDraft.objects.filter(action=action).first() if action else None
        context |= {
            "findings": findings_in_words(record.findings()) if record else [],
            "data_action": action,
            "draft": draft,
            "is_draft": isinstance(record, DataActionDraft),
            "can_publish": bool(action and (draft or not action.is_published)),
        }
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(DataAction)
class DataActionAdmin(EditsContent):
    list_is_for = gettext_lazy(
        "A data action asks another system for something and makes named values of the answer. Integrations and "
        "API clients run it once it is published."
    )
    list_display = ["name", "state_label", "connection", "request_type", "category", "has_draft"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("connection", AutocompleteSelectFilter),
        ("action_type", ChoicesDropdownFilter),
    ]
    list_select_related = ["connection"]
    search_fields = ["name", "category", "request_url_template", "connection__name"]
    search_help_text = gettext_lazy("Name, category, address or connection")
    ordering = ["name"]
    autocomplete_fields = ["connection"]
    fieldsets = [
        (
            None,
            {"fields": ["name", "category", "connection", "integration_type", "action_type", "secure"]},
        ),
        *_CONTENT_FIELDSETS,
    ]
    custom_urls: tuple[tuple[str, str, Any], ...] = (
        ("check/", "data_action_check", require_POST(lambda request, model_admin: model_admin.check_view(request))),
        (
            "<int:pk>/publish/",
            "data_action_publish",
            require_POST(lambda request, model_admin, pk: model_admin.publish_view(request, pk)),
        ),
        (
            "<int:pk>/edit/",
            "data_action_edit",
            require_POST(lambda request, model_admin, pk: model_admin.edit_view(request, pk)),
        ),
        (
            "<int:pk>/file/",
            "data_action_file",
            lambda request, model_admin, pk: model_admin.file_view(request, pk),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[DataAction]:
        drafts = DataActionDraft.objects.filter(action=models.OuterRef("pk"))
        return super().get_queryset(request).annotate(is_edited=models.Exists(drafts))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What runs is edited in a draft."""
        fixed = [*CONTENT, "action_type"] if obj and obj.is_published else []
        return [*super().get_readonly_fields(request, obj), *fixed]

    @display(description=gettext_lazy("State"), ordering="state", label={"draft": "warning", "published": "success"})
    def state_label(self, action: DataAction) -> tuple[str, str]:
        return action.state, action.get_state_display()

    @display(description=gettext_lazy("Edited in a draft"), ordering="is_edited", empty_value="")
    def has_draft(self, action: Any) -> str:
        return _("Yes") if action.is_edited else ""

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """What is wrong with what is typed."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        typed = DataAction(**{name: tidied_template(request.POST.get(name, "")) for name in CONTENT if name in _TEXTS})
        kind = request.POST.get("request_type", "")
        typed.request_type = kind if kind in DataAction.RequestType.values else DataAction.RequestType.GET
        context = {"findings": findings_in_words(typed.findings()), "checked": True}
        return TemplateResponse(request, "admin/channels_cfg/dataaction/_findings.html", context)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        action = self._changed(request, pk)
        try:
            publish(action)
        except ValidationError as refused:
            messages.error(request, _("It is not published. %(why)s") % {"why": in_words(refused, DataAction)})
            draft = DataActionDraft.objects.filter(action=action).first()
            return HttpResponseRedirect(_page_of(draft) if draft else _page_of(action))
        messages.success(request, _("“%(action)s” runs as it is shown here from now on.") % {"action": action})
        return HttpResponseRedirect(_page_of(action))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        action = self._changed(request, pk)
        if not action.is_published:
            return HttpResponseRedirect(_page_of(action))
        return HttpResponseRedirect(_page_of(start_draft(action)))

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The action as a published file."""
        action = self._found(pk)
        if not self.has_view_or_change_permission(request, action):
            raise PermissionDenied
        answer = HttpResponse(write_action(action.definition()), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="data-action-{action.pk}.{action.action_type}.json"'
        return answer

    def _found(self, pk: int) -> DataAction:
        action = DataAction.objects.filter(pk=pk).first()
        if action is None:
            raise Http404
        return action

    def _changed(self, request: HttpRequest, pk: int) -> DataAction:
        action = self._found(pk)
        if not self.has_change_permission(request, action):
            raise PermissionDenied
        return action


@admin.register(DataActionDraft)
class DataActionDraftAdmin(EditsContent):
    list_is_for = gettext_lazy("A draft is what a published data action is to become. The action runs on as it was.")
    list_display = ["action", "request_type", "address"]
    list_select_related = ["action"]
    search_fields = ["action__name", "request_url_template"]
    search_help_text = gettext_lazy("Name or address")
    ordering = ["action__name"]
    autocomplete_fields = ["action"]
    fieldsets = [(None, {"fields": ["action"]}), *_CONTENT_FIELDSETS]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["action"] if obj else [])]

    @display(description=gettext_lazy("Address"), ordering="request_url_template")
    def address(self, draft: DataActionDraft) -> str:
        return draft.request_url_template[:100]


_TEXTS = {field.name for field in DataActionDraft._meta.local_fields if isinstance(field, models.TextField)}
_LEVELS = {Severity.UNREADABLE: "bad", Severity.BLOCKS: "bad", Severity.WARNING: "warn"}


def findings_in_words(findings: list[ActionFinding]) -> list[dict[str, str]]:
    """Each with its level, the label of its field, its place and what to do."""
    return [
        {
            "level": _LEVELS[finding.severity],
            "field": _label(finding.field),
            "place": str(finding.at) if finding.at.line else "",
            "message": finding.message,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]


def _label(name: str) -> str:
    field = DataActionDraft._meta.get_field(FIELDS_BY_NAME_IN_FILE[name])
    return str(field.verbose_name)[:1].upper() + str(field.verbose_name)[1:]  # type: ignore[union-attr]


def _page_of(record: DataAction | DataActionDraft) -> str:
    return reverse(f"admin:channels_cfg_{record._meta.model_name}_change", args=[record.pk])
