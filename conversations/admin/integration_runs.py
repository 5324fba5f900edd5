"""Runs of integrations, as administrators see them: what was asked and why it failed, and what another configuration
would have made of the answer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg import moments
from conversations.admin.jobs import JobAdmin
from conversations.integrations.bench import exchange_for, in_lines, replay, why_not_shown
from conversations.models import IntegrationRun
from conversations.signed_in import viewer

OUTCOMES = {
    "saved": "success",
    "sent": "success",
    "nothing": "info",
    "timed_out": "warning",
    "failed": "danger",
    "": "default",
}


@admin.register(IntegrationRun)
class IntegrationRunAdmin(JobAdmin):
    list_is_for = _("Each time an integration answers something that happens to a conversation is noted here.")
    empty_list_leads_to = ("admin:channels_cfg_integration_changelist", _("To the integrations"))
    list_display = ["made", "integration_name", "event", "outcome_label", "status", "seconds", *JobAdmin.list_of_a_job]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("outcome", ChoicesDropdownFilter),
        ("event", ChoicesDropdownFilter),
        ("integration", RelatedDropdownFilter),
    ]
    list_filter_submit = True
    ordering = ["-id"]
    search_fields = ["id__exact", "integration_name"]
    search_help_text = _("The number of the run, or the integration")
    paginator = InfinitePaginator
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["id", "integration_name", "event", "happened_at", "position"]}),
        (
            _("What became of it"),
            {"fields": [*JobAdmin.details_of_a_job, "outcome", "calls", "status", "seconds", "all_notes"]},
        ),
    ]
    readonly_fields = ["all_notes"]
    change_form_outer_after_template = "admin/conversations/integrationrun/_bench_link.html"
    custom_urls = (
        ("<int:pk>/bench/", "integration_bench", lambda request, model_admin, pk: model_admin.bench(request, pk)),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("exchange")

    @display(description=_("Happened"), ordering="id")
    def made(self, run: IntegrationRun) -> str:
        return moments.in_words(run.happened_at, moments.TO_THE_SECOND)

    @display(description=_("Outcome"), ordering="outcome", label=OUTCOMES)
    def outcome_label(self, run: IntegrationRun) -> tuple[str, str]:
        return run.outcome, str(run.get_outcome_display()) or "—"

    @display(description=_("Notes"), empty_value=_("None"))
    def all_notes(self, run: IntegrationRun) -> SafeString | str:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((note,) for note in run.notes)))

    def bench(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was asked and answered, and what an edited configuration would have made of it. Nobody is asked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = IntegrationRun.objects.select_related(
            "integration", "conversation__channel", "conversation__queue", "conversation__agent"
        )
        run = rows.filter(pk=pk).first()
        if run is None:
            raise Http404
        now = timezone.now()
        exchange = exchange_for(viewer(request), run, now=now)
        stored = run.integration.configuration if run.integration else ""
        configuration = request.POST.get("configuration", stored)[:100_000]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Bench: %(run)s") % {"run": run},
            "opts": self.opts,
            "run": run,
            "why_not": None if exchange else why_not_shown(viewer(request), run, now=now),
            "configuration": configuration,
            "asked": in_lines(exchange["request"]) if exchange else "",
            "answered": in_lines(exchange["response"]) if exchange else "",
            "replay": replay(run, exchange, configuration) if exchange else None,
        }
        return TemplateResponse(request, "admin/conversations/integrationrun/bench.html", context)
