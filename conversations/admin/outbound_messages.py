"""Replies on their way, as administrators see them: what waits, what was given up and why. Texts are never shown."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg import moments
from channels_cfg.models import MessagingService
from conversations.admin.jobs import JobAdmin
from conversations.models import OutboundMessage


@admin.register(OutboundMessage)
class OutboundMessageAdmin(JobAdmin):
    list_is_for = _("An agent's answer is noted here while it waits to be sent, and what became of it.")
    empty_list_leads_to = ("desk:index", _("To the desk"))
    list_display = ["written", "service", *JobAdmin.list_of_a_job]
    list_filter = [("state", ChoicesDropdownFilter), ("reference__service", RelatedDropdownFilter)]
    list_filter_submit = True
    list_select_related = ["reference__service"]
    ordering = ["-id"]
    search_fields = ["id__exact", "message__external_id__exact"]
    search_help_text = _("The number of the message, or its id at Sinch")
    paginator = InfinitePaginator
    show_full_result_count = False
    fields = ["id", "service", "written_at", *JobAdmin.details_of_a_job, "posting_since"]
    readonly_fields = ["service"]

    @display(description=_("Written"), ordering="id")
    def written(self, outbound: OutboundMessage) -> str:
        return moments.in_words(outbound.written_at, moments.TO_THE_SECOND)

    @display(description=_("Service"), ordering="reference__service")
    def service(self, outbound: OutboundMessage) -> MessagingService:
        return outbound.service
