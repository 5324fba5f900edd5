"""Who signed in, failed to, or signed out, and what became of second factors: when, from where, and how."""

from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter, RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from channels_cfg.admin.read_only import ReadOnlyAdmin
from channels_cfg.models import SignInEvent

Result = SignInEvent.Result


@admin.register(SignInEvent)
class SignInEventAdmin(ReadOnlyAdmin):
    list_is_for = gettext_lazy(
        "Every sign-in, failure and sign-out is noted here; so is each token that a program gets, and each second "
        "factor that comes or goes."
    )
    empty_list_leads_to = ("admin:channels_cfg_user_changelist", gettext_lazy("To the users"))
    list_display = ["when", "who", "address", "method", "what_became_of_it"]
    list_filter = [
        ("account", FieldTextFilter),
        ("address", FieldTextFilter),
        ("method", ChoicesDropdownFilter),
        ("result", ChoicesDropdownFilter),
        ("at", RangeDateTimeFilter),
    ]
    list_filter_submit = True
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["account", "address"]
    search_help_text = gettext_lazy("User name, or address")
    paginator = InfinitePaginator
    show_full_result_count = False
    fieldsets = [
        (
            None,
            {
                "description": gettext_lazy(
                    "A name that is no user's is not kept: it may be a password. After a failure too many nothing more "
                    "is noted until the wait is over. A program that shows a right key is noted at the key."
                ),
                "fields": ["when", "who", "address", "method", "result", "by"],
            },
        )
    ]
    readonly_fields = ["when", "who"]

    @display(description=gettext_lazy("When"), ordering="id")
    def when(self, event: SignInEvent) -> str:
        return f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}"

    @display(description=gettext_lazy("Who"), ordering="account")
    def who(self, event: SignInEvent) -> str:
        return event.account or _("Unknown")

    @display(
        description=gettext_lazy("Result"),
        ordering="result",
        label={
            Result.SIGNED_IN: "success",
            Result.FAILED: "warning",
            Result.BLOCKED: "danger",
            Result.SIGNED_OUT: "default",
            Result.ADDED: "info",
            Result.REMOVED: "warning",
        },
    )
    def what_became_of_it(self, event: SignInEvent) -> tuple[str, str]:
        return event.result, event.get_result_display()
