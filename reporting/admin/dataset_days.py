"""The dataset of the Contact Log, as administrators see it: what lies where, what waits and why; *write all anew*."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from channels_cfg import moments
from channels_cfg.models import MetadataDestination
from reporting.admin.destination_jobs import DestinationJobAdmin
from reporting.contact_log import dataset
from reporting.models import DatasetDay


@admin.register(DatasetDay)
class DatasetDayAdmin(DestinationJobAdmin):
    """One row for each day and destination; nothing of what the file says."""

    list_is_for = gettext_lazy(
        "Where a metadata destination names a folder for the Contact Log dataset, the file of each day is noted here: "
        "while it waits to be written, and what became of it."
    )
    empty_list_leads_to = ("admin:channels_cfg_metadatadestination_changelist", gettext_lazy("To the destinations"))
    list_before_template = "admin/reporting/datasetday/_write_anew.html"
    list_display = ["day", "destination", "job_state", "why", "row_count", "file_size", "written", "next_try"]
    list_filter = [("state", ChoicesDropdownFilter), ("destination", RelatedDropdownFilter)]
    list_filter_submit = True
    date_hierarchy = "day"
    ordering = ["-day", "-id"]
    fieldsets = [
        (None, {"fields": ["destination", "day", "due_at", *DestinationJobAdmin.details_of_a_job]}),
        (
            gettext_lazy("What lies at the destination"),
            {"fields": ["place", "name", "row_count", "file_size", "written_at"]},
        ),
    ]
    readonly_fields = ["file_size"]
    custom_urls = (
        (
            "write-anew/<int:pk>/",
            "write_dataset_anew",
            require_POST(lambda request, model_admin, pk: model_admin.write_anew(request, pk)),
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        with_dataset = MetadataDestination.objects.exclude(dataset_folder="")
        return super().changelist_view(request, {**(extra_context or {}), "with_dataset": with_dataset})

    def write_anew(self, request: HttpRequest, pk: int) -> HttpResponse:
        """All days at one destination."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        destination = MetadataDestination.objects.exclude(dataset_folder="").filter(pk=pk).first()
        if destination is None:
            raise Http404
        days = dataset.write_all_anew(destination, now=timezone.now())
        words = ngettext("%(days)d day is written anew.", "%(days)d days are written anew.", days)
        self.message_user(request, words % {"days": days})
        return redirect("admin:reporting_datasetday_changelist")

    @display(description=gettext_lazy("Written"), ordering="written_at", empty_value="")
    def written(self, part: DatasetDay) -> str:
        return moments.in_words(part.written_at, moments.TO_THE_SECOND) if part.written_at else ""

    @display(description=gettext_lazy("Size"), ordering="size", empty_value="")
    def file_size(self, part: DatasetDay) -> str:
        return filesizeformat(part.size) if part.written_at else ""
