"""The delivery log: which callbacks came in, and what became of each. Bodies are never shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg import moments
from conversations.admin.jobs import JobAdmin
from conversations.doors.registry import door_named, doors
from conversations.models import InboundDelivery


def known_triggers() -> dict[str, str]:
    """Of all doors, with what people call them."""
    return {trigger: str(words) for door in doors() for trigger, words in door.triggers.items()}


class TriggerFilter(admin.SimpleListFilter):
    """Those we know, and all others together."""

    title = gettext_lazy("trigger")
    parameter_name = "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        words = sorted(known_triggers().items(), key=lambda known: known[1].casefold())
        return [*words, ("other", _("Unknown triggers"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundDelivery]) -> QuerySet[InboundDelivery]:
        if self.value() == "other":
            return queryset.exclude(trigger__in=known_triggers())
        return queryset.filter(trigger=self.value()) if self.value() else queryset


class NotesFilter(admin.SimpleListFilter):
    """Deliveries of which something was left out or could not be done."""

    title = gettext_lazy("notes")
    parameter_name = "notes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", _("With notes")), ("none", _("Without notes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundDelivery]) -> QuerySet[InboundDelivery]:
        match self.value():
            case "some":
                return queryset.exclude(notes=[])
            case "none":
                return queryset.filter(notes=[])
        return queryset


@admin.register(InboundDelivery)
class DeliveryLogAdmin(JobAdmin):
    list_is_for = gettext_lazy(
        "Every callback from Sinch, every mail and every task of another system is noted here, and what became of it. "
        "The first callback comes when the address of a messaging service is entered there."
    )
    empty_list_leads_to = ("admin:channels_cfg_messagingservice_changelist", gettext_lazy("To the messaging services"))
    list_display = ["received", "through", "what", "service", *JobAdmin.list_of_a_job, "first_note"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        TriggerFilter,
        ("service", RelatedDropdownFilter),
        ("received_at", RangeDateTimeFilter),
        NotesFilter,
    ]
    list_filter_submit = True
    list_select_related = ["service"]
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["nonce__exact", "id__exact"]
    search_help_text = gettext_lazy("The sender's one-time number (nonce), or the number of the delivery")
    # The log of a busy month has millions of rows; counting them would cost more than showing a page.
    paginator = InfinitePaginator
    show_full_result_count = False

    fieldsets = [
        (None, {"fields": ["id", "through", "what", "service", "nonce", "received_at"]}),
        (
            gettext_lazy("What became of it"),
            {
                "description": gettext_lazy(
                    "The body is erased once it is applied or given up. Notes tell what was left out and "
                    "why, never a value."
                ),
                "fields": [*JobAdmin.details_of_a_job, "all_notes"],
            },
        ),
    ]
    readonly_fields = ["through", "what", "all_notes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundDelivery]:
        return super().get_queryset(request).defer("body", "body_digest")

    @display(description=gettext_lazy("Received"), ordering="id")
    def received(self, delivery: InboundDelivery) -> str:
        return moments.in_words(delivery.received_at, moments.TO_THE_SECOND)

    @display(description=gettext_lazy("Through"), ordering="door")
    def through(self, delivery: InboundDelivery) -> str:
        return str(door_named(delivery.door).label)

    @display(description=gettext_lazy("Trigger"), ordering="trigger", empty_value=gettext_lazy("No trigger"))
    def what(self, delivery: InboundDelivery) -> str:
        return str(door_named(delivery.door).triggers.get(delivery.trigger, delivery.trigger))

    @display(description=gettext_lazy("Notes"), empty_value="")
    def first_note(self, delivery: InboundDelivery) -> str:
        more = len(delivery.notes) - 1
        return (
            ngettext("%(note)s (and %(count)d more)", "%(note)s (and %(count)d more)", more)
            % {"note": delivery.notes[0], "count": more}
            if more > 0
            else "".join(delivery.notes)
        )

    @display(description=gettext_lazy("Notes"), empty_value=gettext_lazy("None"))
    def all_notes(self, delivery: InboundDelivery) -> SafeString | str:
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((note,) for note in delivery.notes)))
