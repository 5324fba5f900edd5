"""Files of the Contact Log, as administrators see them: who asked when, and what became of it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from channels_cfg.admin.read_only import StaffReadOnlyAdmin
from conversations.admin.jobs import JobAdmin
from reporting.models import ReportDownload, ReportFile


@admin.register(ReportFile)
class ReportFileAdmin(JobAdmin, StaffReadOnlyAdmin):
    """Not what was asked, which may hold a customer's value, and not the file."""

    list_is_for = _("A file of the Contact Log that somebody asks for is noted here while it is made and kept.")
    empty_list_leads_to = ("reports:index", _("To the Contact Log"))
    list_display = [
        "name",
        "owner",
        "format",
        *JobAdmin.list_of_a_job,
        "rows_done",
        "rows_total",
        "created_at",
        "expires_at",
    ]
    list_filter = ["state", "format"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    fields = [
        "name", "owner", "format", *JobAdmin.details_of_a_job, "rows_done", "rows_total", "created_at", "expires_at",
    ]  # fmt: skip


@admin.register(ReportDownload)
class ReportDownloadAdmin(StaffReadOnlyAdmin):
    """Who fetched what, and when."""

    list_is_for = _("Whoever fetches a file of the Contact Log is noted here, for a year.")
    empty_list_leads_to = ("reports:index", _("To the Contact Log"))
    list_display = ["name", "user", "rows", "fetched_at", "address"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username", "address"]
    fields = ["name", "user", "rows", "fetched_at", "address", "file"]
