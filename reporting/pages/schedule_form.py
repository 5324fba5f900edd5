"""The form of a schedule: when in words or as cron, which report, in which formats, for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_cfg.models import OpeningHours, User
from channels_cfg.time_zones import check_time_zone, zone_named
from conversations.filters import is_id
from reporting.models import ReportFile, ReportSchedule, SavedReport
from reporting.saved_reports import reports_of
from reporting.schedule_times import LAST_DAY, WEEKDAYS, PlainTimes, check_cron
from reporting.schedules.planning import refusal, save_schedule
from reporting.viewing import opening_hours_known_to

CRON = "cron"
EVERY = [
    ("day", _("Every day")),
    ("weekday", _("Every day from Monday to Friday")),
    ("week", _("Every week")),
    ("month", _("Every month")),
    (CRON, _("Other times, as a cron expression")),
]
DAYS = [*((str(day), str(day)) for day in range(1, 32)), (LAST_DAY, _("Last day"))]
EXAMPLE = "0 7 * * 1-5"


class ReportField(forms.ModelChoiceField):
    def label_from_instance(self, report: SavedReport) -> str:
        """Of a report of somebody else, whose it is."""
        if report.owner_id == self.viewer.pk:
            return report.name
        return gettext("%(report)s, of %(owner)s") % {"report": report.name, "owner": report.owner}

    viewer: User


class TimesForm(forms.Form):
    """When it runs; enough to say the next times while they are typed."""

    every = forms.ChoiceField(label=_("Runs"), choices=EVERY, widget=forms.RadioSelect)
    at = forms.CharField(label=_("Time"), required=False, max_length=8, widget=forms.TimeInput(attrs={"type": "time"}))
    weekdays = forms.MultipleChoiceField(
        label=_("On"), required=False, choices=list(WEEKDAYS.items()), widget=forms.CheckboxSelectMultiple
    )
    day = forms.ChoiceField(
        label=_("On day"),
        required=False,
        choices=DAYS,
        help_text=_("A month that does not have this day is passed over."),
    )
    cron = forms.CharField(
        label=_("Cron expression"),
        required=False,
        max_length=100,
        help_text=_("Minute, hour, day of the month, month, day of the week. Example: 0 7 * * 1-5"),
        widget=forms.TextInput(attrs={"placeholder": EXAMPLE, "spellcheck": "false", "class": "mono"}),
    )
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        help_text=_("07:00 stays 07:00 on this zone's clock, in summer and winter."),
        widget=forms.TextInput(attrs={"placeholder": "Europe/Helsinki", "spellcheck": "false"}),
    )

    opening_hours = forms.ModelChoiceField(
        OpeningHours.objects.none(),
        label=_("Not on days when closed"),
        required=False,
        empty_label=_("Runs on all days"),
        help_text=_("On days on which these opening hours are closed all day, such as holidays, it does not run."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, viewer: User, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["opening_hours"].queryset = opening_hours_known_to(viewer)  # type: ignore[attr-defined]

    def expression(self) -> str:
        """The cron expression that was typed or chosen. Raises ``ValidationError`` by field."""
        facts = self.cleaned_data
        if facts["every"] == CRON:
            return " ".join(facts["cron"].split())
        return PlainTimes(facts["every"], facts["at"][:5], tuple(facts["weekdays"]), facts["day"]).as_cron()

    def times(self) -> tuple[str, str]:
        """The expression and the zone. Raises ``ValidationError``."""
        if not self.is_valid():
            raise ValidationError([message for messages in self.errors.values() for message in messages])
        expression, zone = self.expression(), self.cleaned_data["zone"]
        check_cron(expression)
        check_time_zone(zone)
        return expression, zone


class ScheduleForm(TimesForm):
    """The rules are those of the schedule; what it complains of stands at its field."""

    name = forms.CharField(label=_("Name"), max_length=120)
    report = ReportField(
        SavedReport.objects.none(),
        label=_("Saved report"),
        empty_label=None,
        help_text=_("Your own, and those that others share: what they change in one changes the files."),
    )
    formats = forms.MultipleChoiceField(
        label=_("Formats"),
        error_messages={"required": _("Choose at least one format.")},
        choices=ReportFile.Format.choices,
        help_text=_("Counts are the table of the report's page; all others have its rows."),
        widget=forms.CheckboxSelectMultiple,
    )
    recipients = forms.CharField(
        label=_("Recipients"),
        required=False,
        max_length=10_000,
        help_text=_("User names, with commas or lines between them. Each gets files of what their own rights show."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    quiet_when_empty = forms.BooleanField(
        label=_("Quiet when empty"),
        required=False,
        help_text=_("Whoever would get a file without rows gets none, and no e-mail."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, schedule: ReportSchedule) -> None:
        super().__init__(data, viewer=schedule.owner, initial=_initial(schedule), label_suffix="")
        self.schedule = schedule
        field = cast(ReportField, self.fields["report"])
        field.viewer = schedule.owner
        field.queryset = SavedReport.objects.open_to(schedule.owner).select_related("owner").order_by("name", "pk")
        if schedule.pk and refusal(schedule):
            field.empty_label = gettext("Choose another")

    def save(self, *, origin: str, now: datetime) -> bool:
        """Keep the schedule, and say whether that was possible; what was wrong is in ``errors``."""
        if not self.is_valid():
            return False
        facts = self.cleaned_data
        for name in ("name", "report", "zone", "opening_hours", "formats", "quiet_when_empty"):
            setattr(self.schedule, name, facts[name])
        self.schedule.origin = origin
        names = dict.fromkeys(name for name in re.split(r"[\s,;]+", facts["recipients"]) if name)
        try:
            self.schedule.cron = self.expression()
            save_schedule(self.schedule, recipients=list(names), now=now)
        except ValidationError as bad:
            for name, messages in bad.message_dict.items():
                self.add_error(name if name in self.fields else None, messages)
            return False
        return True


def new_schedule(owner: User, report: str) -> ReportSchedule:
    """What a new schedule begins with; ``report`` is the id of a saved report, or anything."""
    schedule = ReportSchedule(owner=owner, formats=[ReportFile.Format.XLSX], cron="0 7 * * 1")
    chosen = (
        SavedReport.objects.open_to(owner).filter(pk=report).first() if is_id(report) else reports_of(owner).first()
    )
    if chosen:
        schedule.report, schedule.name = chosen, chosen.name
        schedule.zone = str(zone_named((chosen.query.get("zone") or [owner.time_zone])[0]))
    return schedule


def _initial(schedule: ReportSchedule) -> dict[str, Any]:
    plain = PlainTimes.of(schedule.cron)
    recipients = [user.username for user in schedule.recipients.all()] if schedule.pk else [schedule.owner.username]
    return {
        "name": schedule.name,
        "report": schedule.report_id,
        "every": plain.every if plain else CRON,
        "at": plain.at if plain else "07:00",
        "weekdays": (plain and plain.weekdays) or ("1",),
        "day": (plain and plain.day) or "1",
        "cron": schedule.cron,
        "zone": schedule.zone,
        "opening_hours": schedule.opening_hours_id,
        "formats": schedule.formats,
        "recipients": ", ".join(recipients),
        "quiet_when_empty": schedule.quiet_when_empty,
    }
