"""Runs of the reporting job, as administrators see them."""

from django.contrib import admin

from reporting.admin.read_only import ReadOnlyAdmin
from reporting.models import ReportRun


@admin.register(ReportRun)
class ReportRunAdmin(ReadOnlyAdmin):
    """When it ran, how much it reported, and what went wrong."""

    list_display = ["started_at", "finished_at", "conversations", "outcome", "error"]
    list_filter = ["outcome"]
    date_hierarchy = "started_at"
