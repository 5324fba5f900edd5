"""Opening hours in the System Configurator."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from channels_cfg.admin.configurator import ConfiguratorAdmin
from channels_cfg.admin.numbers import number_of
from channels_cfg.models import OpeningHours, Queue
from channels_cfg.models.opening_hours import check_exceptions, check_weekly, tidied_lines


class LinesField(forms.Field):
    """A text in each line; commas are taken for the end of one."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        return value if isinstance(value, list) else tidied_lines(re.split(r"[,;\n]", value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class OpeningHoursForm(forms.ModelForm):
    weekly = LinesField(
        label=_("Weekly times"),
        required=False,
        validators=[check_weekly],
        help_text=_(
            "One in a line: days in English and times, as often as needed; until midnight is 24:00. Empty: closed. "
            "Example: Mon-Fri 08:00-16:00"
        ),
    )
    exceptions = LinesField(
        label=_("Exceptions"),
        required=False,
        validators=[check_exceptions],
        help_text=_("One in a line: a date that is different. Example: 2026-12-24 closed, or 2026-12-31 09:00-12:00"),
    )


@admin.register(OpeningHours)
class OpeningHoursAdmin(ConfiguratorAdmin):
    form = OpeningHoursForm
    list_is_for = _("Opening hours say when queues take conversations. Several queues may follow the same.")
    list_display = ["name", "time_zone", "now", "queue_count"]
    search_fields = ["name", "time_zone", "queues__name"]
    search_help_text = _("Name, time zone or a queue that follows them")
    ordering = ["name"]
    fields = ["name", "time_zone", "weekly", "exceptions"]
    instead_of_deleting = _("Take them off the queues first.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpeningHours]:
        return super().get_queryset(request).annotate(number_of_queues=number_of(Queue.objects, "opening_hours"))

    @display(description=_("Now"))
    def now(self, hours: OpeningHours) -> str:
        now = timezone.now()
        if hours.is_open(now):
            return gettext("open")
        opens = hours.next_opening(now)
        if opens is None:
            return gettext("closed")
        return gettext("closed until %(opens)s") % {"opens": date_format(opens, "DATETIME_FORMAT")}

    @display(description=_("Queues"), ordering="number_of_queues")
    def queue_count(self, hours: Any) -> int:
        return hours.number_of_queues
