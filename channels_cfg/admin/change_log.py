"""The change log: every change of every setting, with filters."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst

from channels_cfg.admin.configurator import ConfiguratorAdmin, page_of_changes
from channels_cfg.change_history import ChangeHistory, event_models
from channels_cfg.models import SettingsVersion, User


@admin.register(SettingsVersion)
class ChangeLogAdmin(ConfiguratorAdmin):
    """A settings version is one transaction's changes; the list shows them one by one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        kinds = {model._meta.model_name: model for model in event_models()}
        kind = kinds.get(request.GET.get("kind", ""))
        by = _number(request.GET.get("by"))
        return self._page(
            request,
            ChangeHistory.of_everything(kind=kind, by=by),
            title="Change log",
            kinds=sorted((capfirst(model._meta.verbose_name), name) for name, model in kinds.items()),
            chosen_kind=request.GET.get("kind", ""),
            people=User.objects.filter(is_staff=True),
            chosen_person=by,
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404
        return self._page(request, ChangeHistory.of_everything(versions=[version.pk]), title=str(version))

    def _page(self, request: HttpRequest, history: ChangeHistory, **context: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        page = page_of_changes(history, request)
        context |= {**self.admin_site.each_context(request), "opts": self.opts, "page": page, "names_records": True}
        return TemplateResponse(request, self.object_history_template, context)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
