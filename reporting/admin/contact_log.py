"""The Contact Log, as administrators see it: what their own rights cover."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from channels_cfg.admin.read_only import StaffReadOnlyAdmin
from channels_cfg.models import Right, User
from reporting.models import ContactLogEntry
from reporting.models.contact_log import ContactLogQuerySet


@admin.register(ContactLogEntry)
class ContactLogEntryAdmin(StaffReadOnlyAdmin):
    """Rows as the reporting job wrote them."""

    list_is_for = _(
        "The reporting job puts each conversation here when it has ended. You see those of the queues on "
        "which you may view reports."
    )
    empty_list_leads_to = ("status", _("See whether the reporting job works"))
    list_display = ["its_conversation", "received_at", "channel", "queue", "agent", "state", "version", "reported_at"]
    list_filter = ["state", "direction"]
    list_select_related = ["channel", "queue", "agent"]
    show_full_result_count = False

    @admin.display(description=_("Conversation"), ordering="conversation")
    def its_conversation(self, entry: ContactLogEntry) -> UUID:
        return entry.conversation_id

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactLogEntry]:
        """An administrator sees what the right “View reports” covers, and nothing by being one."""
        entries = cast(ContactLogQuerySet, super().get_queryset(request))
        return entries.granting(Right.VIEW_REPORTS, to=cast(User, request.user))
