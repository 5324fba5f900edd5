"""Schedules of reports and their runs, as administrators see them: whose, when, and what became of it."""

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg import moments
from channels_cfg.admin.read_only import StaffReadOnlyAdmin
from conversations.admin.jobs import JobAdmin
from reporting.models import ReportSchedule, ScheduledRun


@admin.register(ReportSchedule)
class ReportScheduleAdmin(StaffReadOnlyAdmin):
    """Not what the report asks, which may hold a customer's value."""

    list_is_for = _(
        "Whoever views reports can have a saved report made into files at chosen times; here are all of them."
    )
    empty_list_leads_to = ("reports:schedules", _("To the schedules"))
    list_display = ["name", "owner", "when", "zone", "next_run", "quiet_when_empty"]
    list_filter = ["quiet_when_empty"]
    list_select_related = ["owner", "opening_hours"]
    search_fields = ["name", "owner__username"]
    fields = [
        "name",
        "owner",
        "when",
        "cron",
        "zone",
        "opening_hours",
        "labels_of_formats",
        "recipients",
        "quiet_when_empty",
        "next_run",
    ]
    readonly_fields = ["labels_of_formats", "when", "next_run"]

    @admin.display(description=_("When"), ordering="cron")
    def when(self, schedule: ReportSchedule) -> str:
        return schedule.in_words

    @admin.display(description=_("Next run"), ordering="next_at")
    def next_run(self, schedule: ReportSchedule) -> str:
        """As opening hours are now."""
        if schedule.next_at is None:
            return gettext("Paused")
        coming = schedule.next_times(1, now=timezone.now()).at
        return moments.in_words(coming[0]) if coming else gettext("None in sight")

    @admin.display(description=_("Formats"))
    def labels_of_formats(self, schedule: ReportSchedule) -> str:
        return ", ".join(schedule.format_labels)


@admin.register(ScheduledRun)
class ScheduledRunAdmin(JobAdmin, StaffReadOnlyAdmin):
    """Its owner runs it again where that is wanted; the job alone would tell nobody anew."""

    list_is_for = _("Each time that a schedule of reports runs is noted here, for 90 days.")
    empty_list_leads_to = ("reports:schedules", _("To the schedules"))
    actions: list[str] = []
    list_display = [
        "schedule",
        "planned_at",
        *JobAdmin.list_of_a_job,
        "rows_total",
        "created_at",
        "finished_at",
    ]
    list_filter = ["state"]
    list_select_related = ["schedule"]
    search_fields = ["schedule__name", "schedule__owner__username"]
    fields = [
        "schedule", "planned_at", "missed", *JobAdmin.details_of_a_job, "rows_total", "complete_up_to",
        "settings_version", "created_at", "owner_told_at",
    ]  # fmt: skip
