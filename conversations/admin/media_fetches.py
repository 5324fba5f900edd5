"""What customers sent, and whether it was fetched. Neither files nor addresses are shown."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg import moments
from conversations.admin.jobs import JobAdmin
from conversations.models import MediaFetch


@admin.register(MediaFetch)
class MediaFetchAdmin(JobAdmin):
    list_is_for = gettext_lazy("Every file that a customer sends is fetched once from the messaging channel.")
    empty_list_leads_to = ("admin:channels_cfg_messagingservice_changelist", gettext_lazy("To the messaging services"))
    list_display = ["asked", *JobAdmin.list_of_a_job]
    list_filter = [("state", ChoicesDropdownFilter), ("asked_at", RangeDateTimeFilter)]
    list_filter_submit = True
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["id__exact"]
    search_help_text = gettext_lazy("The number of the fetch")
    paginator = InfinitePaginator
    show_full_result_count = False
    fieldsets = [(None, {"fields": ["id", "asked_at", *JobAdmin.details_of_a_job]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MediaFetch]:
        return super().get_queryset(request).defer("url")

    @display(description=gettext_lazy("Asked for"), ordering="id")
    def asked(self, fetch: MediaFetch) -> str:
        return moments.in_words(fetch.asked_at, moments.TO_THE_SECOND)
