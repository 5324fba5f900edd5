"""Reply templates and their folders in the System Configurator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.numbers import number_of
from channels_cfg.admin.rights.access_rights import FolderRightsInline
from channels_cfg.admin.rights.effective import ShowsEffectiveRights
from channels_cfg.models import ReplyTemplate, ReplyTemplateFolder
from channels_cfg.models.reply_template import PLACEHOLDER, check_placeholders


@admin.register(ReplyTemplateFolder)
class ReplyTemplateFolderAdmin(ShowsEffectiveRights, ConfiguratorAdmin):
    list_is_for = _(
        "A folder holds reply templates that the same people may use. WhatsApp templates belong in one, too: agents "
        "need the right to use their folder."
    )
    list_display = ["name", "template_count", "description"]
    search_fields = ["name", "description", "templates__name"]
    search_help_text = _("Name, description or a template in it")
    ordering = ["name"]
    fields = ["name", "description"]
    inlines = [FolderRightsInline]
    instead_of_deleting = _("Move its templates to another folder first, or delete them.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReplyTemplateFolder]:
        return super().get_queryset(request).annotate(number_of_templates=number_of(ReplyTemplate.objects, "folder"))

    @display(description=_("Templates"), ordering="number_of_templates")
    def template_count(self, folder: Any) -> str:
        address = reverse("admin:channels_cfg_replytemplate_changelist")
        return format_html(
            '<a class="text-link" href="{}?folder__id__exact={}">{}</a>', address, folder.pk, folder.number_of_templates
        )


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(ConfiguratorAdmin):
    list_is_for = _(
        "A reply template is a text that agents send as it is, or with a few words filled in. WhatsApp templates are "
        "all that reaches a WhatsApp customer who last wrote more than 24 hours ago."
    )
    list_display = ["name", "folder", "kind_label", "template_id", "language_code", "parameter_names"]
    list_filter = [("kind", ChoicesDropdownFilter), ("folder", AutocompleteSelectFilter)]
    list_select_related = ["folder"]
    search_fields = ["name", "text", "template_id", "folder__name"]
    search_help_text = _("Name, text, name at WhatsApp or folder")
    ordering = ["name"]
    autocomplete_fields = ["folder"]
    change_form_after_template = "admin/channels_cfg/replytemplate/_preview.html"
    custom_urls = (
        (
            "preview/",
            "reply_template_preview",
            require_POST(lambda request, model_admin: model_admin.preview(request)),
        ),
    )
    fieldsets = [
        (None, {"fields": ["name", "folder", "kind"]}),
        (
            _("At WhatsApp"),
            {
                "description": _("Only for WhatsApp templates: what it was approved as, under the account of the app."),
                "fields": ["template_id", "language_code"],
            },
        ),
        (_("What it says"), {"fields": ["text"]}),
    ]

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "text":
            asked = {"hx-post": reverse("admin:reply_template_preview"), "hx-target": "#template-preview"}
            asked |= {"hx-trigger": "load, input changed delay:250ms", "hx-params": "text,csrfmiddlewaretoken"}
            kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 6} | asked)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The text that is being typed, as agents will see it, or what is wrong with it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        text = request.POST.get("text", "").replace("\r\n", "\n").strip()
        try:
            check_placeholders(text)
        except ValidationError as wrong:
            context: dict[str, Any] = {"problems": wrong.messages}
        else:
            context = {"pieces": list(_pieces(text)), "parameters": ReplyTemplate(text=text).parameters}
        return TemplateResponse(request, "admin/channels_cfg/replytemplate/_previewed.html", context)

    @display(description=_("Kind"), ordering="kind", label={"plain": "info", "whatsapp": "success"})
    def kind_label(self, template: ReplyTemplate) -> tuple[str, str]:
        return template.kind, template.get_kind_display()

    @display(description=_("To fill in"))
    def parameter_names(self, template: ReplyTemplate) -> str:
        return ", ".join(template.parameters)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it is the name of a parameter."""
    for number, piece in enumerate(PLACEHOLDER.split(text)):
        if piece:
            yield piece, number % 2 == 1
