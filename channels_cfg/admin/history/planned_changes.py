"""Planned changes in the System Configurator: what takes effect when, what became of it, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from channels_cfg import moments
from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.read_only import ReadOnly
from channels_cfg.history.planned_changes import (
    PLANNABLE,
    cancel_change,
    name_of,
    values_in_words,
    with_names,
)
from channels_cfg.models import ScheduledChange


@admin.register(ScheduledChange)
class ScheduledChangeAdmin(ReadOnly, ConfiguratorAdmin):
    """Planned on the page of its record; here it is looked at and cancelled."""

    list_is_for = gettext_lazy(
        "A change that is to take effect later waits here, and can be cancelled until then. It is scheduled on "
        "the page of a channel, a queue or the system settings, at the bottom."
    )
    empty_list_leads_to = ("admin:channels_cfg_channel_changelist", gettext_lazy("To the channels"))
    list_display = ["record", "becomes", "takes_effect", "state_label", "planned_by", "reason"]
    list_display_links = ["takes_effect"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["reason", "planned_by__username"]
    search_help_text = gettext_lazy("Reason, or who scheduled it")
    ordering = [F("settled_at").desc(nulls_first=True), "takes_effect_at"]
    custom_urls = (
        (
            "<int:number>/cancel/",
            "cancel_planned_change",
            require_POST(lambda request, model_admin, number: model_admin.cancel(request, number)),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduledChange]:
        return with_names(super().get_queryset(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        change: Any = self.get_object(request, object_id)
        if change is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("Scheduled change"),
            "subtitle": name_of(change),
            "opts": self.opts,
            "change": change,
            "name": name_of(change),
            "address": address_of(change),
            "is_planned": change.state == ScheduledChange.State.PLANNED,
            "may_cancel": may_change(request, change),
        }
        return TemplateResponse(request, "admin/channels_cfg/scheduledchange/page.html", context)

    def cancel(self, request: HttpRequest, number: int) -> HttpResponse:
        """Take it back, and show the record it was about."""
        change = get_object_or_404(ScheduledChange, pk=number)
        if not may_change(request, change):
            raise PermissionDenied
        if cancel_change(change, by=request.user, now=timezone.now()):  # type: ignore[arg-type]  # who is signed in
            messages.success(request, _("Cancelled. The settings stay as they are."))
        else:
            change.refresh_from_db()
            state = change.get_state_display().lower()
            messages.error(request, _("It could not be cancelled any more: it is %(state)s.") % {"state": state})
        return redirect(address_of(change))

    @display(description=gettext_lazy("What"))
    def record(self, change: Any) -> str:
        return format_html('<a class="text-link" href="{}">{}</a>', address_of(change), name_of(change))

    @display(description=gettext_lazy("Becomes"))
    def becomes(self, change: ScheduledChange) -> str:
        rows = [(field.label, field.new or _("empty")) for field in values_in_words(change)]
        return format_html_join(mark_safe("<br>"), "{}: <b>{}</b>", rows)

    @display(description=gettext_lazy("Takes effect"), ordering="takes_effect_at")
    def takes_effect(self, change: ScheduledChange) -> str:
        return moments.with_zone(change.takes_effect_at)

    @display(
        description=gettext_lazy("State"),
        ordering="state",
        label={"planned": "info", "applied": "success", "cancelled": "warning", "failed": "danger"},
    )
    def state_label(self, change: ScheduledChange) -> tuple[str, str]:
        return change.state, change.get_state_display()


def may_change(request: HttpRequest, change: ScheduledChange) -> bool:
    model = PLANNABLE[change.model]
    return request.user.has_perm(f"{model._meta.app_label}.change_{model._meta.model_name}")


def address_of(change: ScheduledChange) -> str:
    model = PLANNABLE[change.model]
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[change.object_id])
