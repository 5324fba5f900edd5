"""Deliveries of session metadata, as administrators see them: what lies where, what waits and why, and *send again*."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg import jobs, moments
from conversations.models import Conversation
from reporting.admin.destination_jobs import DestinationJobAdmin
from reporting.models import DailyManifest, DeliveryRebuild, FileDelivery

REBUILDS = 20
"""So many of the latest are offered as filters."""


class WhoseErrorFilter(admin.SimpleListFilter):
    """What is parked, by who has to do something about it."""

    title = gettext_lazy("whose error")
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ours", _("Ours: the file could not be made")), ("theirs", _("The destination's"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FileDelivery]) -> QuerySet[FileDelivery]:
        if self.value() not in ("ours", "theirs"):
            return queryset
        return queryset.filter(state=FileDelivery.State.FAILED, is_our_error=self.value() == "ours")


class RebuildFilter(admin.SimpleListFilter):
    """Those of one rebuild; its page leads here."""

    title = gettext_lazy("rebuild")
    parameter_name = "rebuild"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(rebuild.pk), str(rebuild)) for rebuild in DeliveryRebuild.objects.order_by("-pk")[:REBUILDS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[FileDelivery]) -> QuerySet[FileDelivery]:
        chosen = self.value() or ""
        return queryset.filter(rebuild=int(chosen)) if chosen.isdecimal() else queryset


@admin.register(FileDelivery)
class FileDeliveryAdmin(DestinationJobAdmin):
    """One row for each conversation and destination; nothing of what the file says."""

    list_is_for = gettext_lazy(
        "The session metadata file of each voice and chat conversation is noted here for each of its destinations: "
        "while it waits, and what became of it."
    )
    empty_list_leads_to = ("admin:channels_cfg_metadatadestination_changelist", gettext_lazy("To the destinations"))
    list_before_template = "admin/reporting/filedelivery/_rebuild_link.html"
    list_display = [
        "session",
        "destination_name",
        "job_state",
        "why",
        "delivered",
        "file_size",
        "attempts",
        "next_try",
    ]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("destination", RelatedDropdownFilter),
        WhoseErrorFilter,
        ("ended_at", RangeDateTimeFilter),
        RebuildFilter,
    ]
    list_filter_submit = True
    list_select_related = ["conversation__channel", *DestinationJobAdmin.list_select_related]
    list_per_page = 50
    ordering = ["-ended_at", "-id"]
    search_fields = ["conversation__number"]
    search_help_text = gettext_lazy("The number of the conversation, or its id")
    # A year of a large centre has millions of rows; counting them would cost more than showing a page.
    paginator = InfinitePaginator
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["session", "destination_name", "ended_at", "due_at"]}),
        (
            gettext_lazy("What became of it"),
            {"fields": [*DestinationJobAdmin.details_of_a_job, "is_our_error", "changed_at", "forced_at", "rebuild"]},
        ),
        (
            gettext_lazy("What lies at the destination"),
            {"fields": ["name", "revision", "delivered_at", "file_size", "sha256"]},
        ),
    ]
    readonly_fields = ["session", "file_size"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[FileDelivery], search_term: str
    ) -> tuple[QuerySet[FileDelivery], bool]:
        """By number or id, whole."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isascii() and term.isdecimal() and len(term) < 19:
            return queryset.filter(conversation__in=Conversation.objects.filter(number=int(term)).values("pk")), False
        try:
            return queryset.filter(conversation=uuid.UUID(term)), False
        except ValueError:
            return queryset.none(), False

    @display(description=gettext_lazy("Conversation"), ordering="ended_at")
    def session(self, delivery: FileDelivery) -> str:
        return delivery.session

    @display(description=gettext_lazy("Due"), ordering="due_at")
    def due(self, delivery: FileDelivery) -> str:
        return moments.in_words(delivery.due_at, moments.TO_THE_SECOND)

    @display(description=gettext_lazy("Delivered"), ordering="delivered_at", empty_value="")
    def delivered(self, delivery: FileDelivery) -> str:
        return moments.in_words(delivery.delivered_at, moments.TO_THE_SECOND) if delivery.delivered_at else ""

    @display(description=gettext_lazy("Size"), ordering="size", empty_value="")
    def file_size(self, delivery: FileDelivery) -> str:
        return filesizeformat(delivery.size) if delivery.revision else ""

    @admin.action(description=gettext_lazy("Send again"), permissions=["view"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[FileDelivery]) -> None:
        """Whether or not anything has changed."""
        asked = chosen.count()
        count = FileDelivery.objects.filter(pk__in=chosen.values("pk")).try_again()
        jobs.announce(FileDelivery)
        words = ngettext("%(count)d file is sent again.", "%(count)d files are sent again.", count) % {"count": count}
        if kept := asked - count:
            words += " " + ngettext(
                "%(count)d is not: it is being delivered, or its destination was deleted.",
                "%(count)d are not: they are being delivered, or their destination was deleted.",
                kept,
            ) % {"count": kept}
        self.message_user(request, words)


@admin.register(DailyManifest)
class DailyManifestAdmin(DestinationJobAdmin):
    list_is_for = gettext_lazy(
        "A manifest lists the session metadata files of one day at one destination. It is noted here when the first of "
        "them was delivered."
    )
    empty_list_leads_to = ("admin:reporting_filedelivery_changelist", gettext_lazy("To the deliveries"))
    list_display = ["__str__", *DestinationJobAdmin.list_of_a_job, "files", "made_at"]
    list_filter = [("state", ChoicesDropdownFilter), ("destination", RelatedDropdownFilter)]
    list_filter_submit = True
    ordering = ["-day", "-id"]
    fieldsets = [
        (
            None,
            {"fields": ["destination", "day", *DestinationJobAdmin.details_of_a_job, "changed_at", "made_at", "files"]},
        )
    ]
