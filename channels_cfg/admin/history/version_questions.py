"""What may be asked about versions of the settings, and the page of the list that answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from channels_cfg.admin.moment_input import MomentField
from channels_cfg.history.change_log import ChangeHistory
from channels_cfg.history.record_words import InWords, Record, event_models, kind_of
from channels_cfg.history.settings_at import Time
from channels_cfg.models import SettingsVersion, User

VERSIONS_PER_PAGE = 50
PEOPLE_AT_MOST = 200


class VersionFilters:
    """Who, which kind, which record, from which day, to which day: as the address says. What makes no sense is left
    out, so an old link still opens."""

    def __init__(self, request: HttpRequest) -> None:
        self.asked = request.GET
        self.kinds = {str(model._meta.model_name): model for model in event_models()}

    @property
    def by(self) -> int | None:
        text = self.asked.get("by", "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def kind(self) -> type[models.Model] | None:
        return self.kinds.get(self.asked.get("kind", ""))

    @property
    def record(self) -> Record | None:
        """``channel.5``."""
        name, _dot, number = self.asked.get("record", "").partition(".")
        known = name in self.kinds and number.isdecimal() and len(number) < 19
        return (self.kinds[name], int(number)) if known else None

    @cached_property
    def record_in_words(self) -> str:
        if self.record is None:
            return ""
        model, pk = self.record
        events: QuerySet[Any] = QuerySet(event_models()[model])
        event = events.filter(pgh_obj_id=pk).order_by("-pgh_id").first()
        name = f" “{InWords([(None, event)]).name_of(event)}”" if event else ""
        return f"{capfirst(str(kind_of(model).verbose_name))}{name}"

    @property
    def since(self) -> datetime | None:
        """The first moment of the day on the viewer's clock."""
        return _start_of_day(self.asked.get("since", ""))

    @property
    def until(self) -> datetime | None:
        """The first moment after the day."""
        return _start_of_day(self.asked.get("until", ""), days_later=1)

    def history(self) -> ChangeHistory:
        return ChangeHistory.of_everything(kind=self.kind, by=self.by, since=self.since, before=self.until)

    def kind_choices(self) -> list[tuple[str, str]]:
        return sorted((name, str(capfirst(kind_of(model).verbose_name))) for name, model in self.kinds.items())

    def people(self) -> QuerySet[User]:
        return User.objects.filter(is_staff=True)[:PEOPLE_AT_MOST]

    def is_asked(self) -> bool:
        return any(self.asked.get(name) for name in ("by", "kind", "record", "since", "until"))

    def address(self, **place: int) -> str:
        """The same question, at another place of its answer."""
        names = ("by", "kind", "record", "since", "until")
        kept = {name: self.asked[name] for name in names if self.asked.get(name)}
        return f"?{urlencode({**kept, **place})}"

    def query(self) -> str:
        return self.address().removeprefix("?")


def _start_of_day(text: str, *, days_later: int = 0) -> datetime | None:
    try:
        day = parse_date(text)
        day = day and day + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


@dataclass(frozen=True)
class VersionPage:
    """Neighbouring versions, newest first."""

    versions: list[SettingsVersion]
    has_newer: bool
    has_older: bool

    @property
    def newest(self) -> int:
        return self.versions[0].pk

    @property
    def oldest(self) -> int:
        return self.versions[-1].pk


def keyset_page(found: QuerySet[SettingsVersion], request: HttpRequest) -> VersionPage:
    """The page before or after the version that the address names, or the newest."""
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    if after.isdecimal():
        rows = list(found.filter(pk__gt=int(after)).order_by("pk")[: VERSIONS_PER_PAGE + 1])
        page = rows[:VERSIONS_PER_PAGE][::-1]
        return VersionPage(page, has_newer=len(rows) > VERSIONS_PER_PAGE, has_older=bool(page))
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: VERSIONS_PER_PAGE + 1])
    page = rows[:VERSIONS_PER_PAGE]
    return VersionPage(page, has_newer=before.isdecimal() and bool(page), has_older=len(rows) > VERSIONS_PER_PAGE)


def _version(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=0, max_value=2**62, widget=forms.NumberInput(attrs={"min": 0})
    )


class AsOfForm(forms.Form):
    """Which state of the settings: nothing asked is now."""

    at = MomentField(label=_("Date and time"), required=False)
    version = _version(_("or version"))

    def time(self) -> Time:
        return _time(self, "version", "at")


class DifferenceForm(forms.Form):
    """From which state of the settings to which: nothing asked is from the version before the newest to now."""

    from_at = MomentField(label=_("From"), required=False)
    from_version = _version(_("or version"))
    to_at = MomentField(label=_("To"), required=False)
    to_version = _version(_("or version"))

    def times(self) -> tuple[Time, Time]:
        later = _time(self, "to_version", "to_at")
        if not self.is_bound:
            return max((SettingsVersion.current() or 0) - 1, 0), later
        return _time(self, "from_version", "from_at"), later


def _time(form: forms.Form, version: str, moment: str) -> Time:
    form.full_clean()
    asked = getattr(form, "cleaned_data", {})
    number, at = asked.get(version), asked.get(moment)
    return number if number is not None else at or timezone.now()
