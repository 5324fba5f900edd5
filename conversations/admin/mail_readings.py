"""When mail boxes were read, and why one could not be."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from conversations.admin.jobs import JobAdmin
from conversations.models import MailReading


@admin.register(MailReading)
class MailReadingAdmin(JobAdmin):
    list_is_for = gettext_lazy("Every mail box is read again and again.")
    empty_list_leads_to = ("admin:channels_cfg_mailbox_changelist", gettext_lazy("To the mail boxes"))
    list_display = ["box", "read_at", "taken_in", *JobAdmin.list_of_a_job]
    list_filter = [("state", ChoicesDropdownFilter)]
    list_select_related = ["box"]
    ordering = ["box__name"]
    search_fields = ["box__name"]
    search_help_text = gettext_lazy("Name of the mail box")
    fieldsets = [(None, {"fields": ["box", "read_at", "taken_in", *JobAdmin.details_of_a_job]})]
