"""Runs of the reporting job, as administrators see them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from channels_cfg.admin.read_only import StaffReadOnlyAdmin
from reporting.models import ReportRun


@admin.register(ReportRun)
class ReportRunAdmin(StaffReadOnlyAdmin):
    """When it ran, how much it reported, and what went wrong."""

    list_is_for = _(
        "The reporting job writes ended conversations into the Contact Log, once a minute. Each run is noted here."
    )
    empty_list_leads_to = ("status", _("See whether the scheduler works"))
    list_display = ["started_at", "finished_at", "conversations", "outcome", "error"]
    list_filter = ["outcome"]
    date_hierarchy = "started_at"
