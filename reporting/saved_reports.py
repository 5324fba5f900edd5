"""Reports that somebody keeps under a name: save, rename, share, delete, list; and which of them use a key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.utils.translation import gettext as _

from channels_cfg.models import User
from reporting.contact_log.asked import KEY
from reporting.contact_log.columns import FIELD
from reporting.contact_log.query import LogQuery
from reporting.models import SavedReport

LONGEST_NAME = 120
MOST_REPORTS = 200
"""Of one owner."""


class NameTaken(Exception):
    """A report of the same owner has the name, and asks something else."""

    def __init__(self, report: SavedReport) -> None:
        super().__init__(report.pk)
        self.report = report


def keys_of(query: LogQuery) -> list[str]:
    """The kept keys that the query shows, groups or filters by, each once."""
    group_by = [*query.groupings, *(by for others in query.others for by in others.group_by)]
    grouped = [by.removeprefix(KEY) for by in group_by if by.startswith(KEY)]
    conditions = [condition.key for condition in query.kept] + [missing.key for missing in query.missing]
    shown = [column for column in query.columns or () if not column.startswith(FIELD)]
    return list(dict.fromkeys([*shown, *grouped, *conditions]))


def reports_of(owner: User) -> QuerySet[SavedReport]:
    """The owner's own reports, by name."""
    return SavedReport.objects.filter(owner=owner)


def shared_with(user: User) -> QuerySet[SavedReport]:
    """The reports that others share, by name."""
    shared = SavedReport.objects.open_to(user).exclude(owner=user)
    return shared.select_related("owner").order_by("name", "pk")


def save_report(*, query: LogQuery, name: str, owner: User, now: datetime, replaced: int | None = None) -> SavedReport:
    """Keep the query. Raises ``NameTaken`` where the owner's report of that name asks something else and is not the
    one that the owner said shall be ``replaced``, by its key."""
    name = _good_name(name)
    facts = {"query": query.as_params(), "keys": keys_of(query), "saved_at": now}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two at once do not go over the limit together
        own = reports_of(owner)
        if own.exclude(name=name).count() >= MOST_REPORTS:
            raise ValidationError(_("You have %(most)d saved reports. Delete one first.") % {"most": MOST_REPORTS})
        report, is_new = own.select_for_update().get_or_create(owner=owner, name=name, defaults=facts)
        if is_new:
            return report
        if report.query != facts["query"] and report.pk != replaced:
            raise NameTaken(report)
        own.filter(pk=report.pk).update(**facts)
        return own.get(pk=report.pk)


def rename_report(report: SavedReport, *, name: str) -> SavedReport:
    """Give the report another name, which no other report of its owner has."""
    report.name = _good_name(name)
    try:
        with transaction.atomic():
            report.save(update_fields=["name"])
    except IntegrityError:
        raise ValidationError(
            _("You have another report called “%(name)s”. Choose another name.") % {"name": report.name}
        ) from None
    return report


def reports_losing(keys: Iterable[str]) -> list[SavedReport]:
    """The reports, of any owner, that use one of the keys or a part of it; with their owners, by name; one query."""
    lost = list(dict.fromkeys(keys))
    if not lost:
        return []
    parts = "|".join(re.escape(key) for key in lost)
    listed = Func(F("keys"), Value(" "), function="array_to_string", output_field=TextField())
    found = SavedReport.objects.alias(listed=listed).filter(
        Q(keys__overlap=lost) | Q(listed__regex=rf"(^| )({parts})\.")
    )
    return list(found.select_related("owner").order_by("name", "pk"))


def _good_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise ValidationError(_("A report needs a name. Example: Gold customers last week"))
    if len(name) > LONGEST_NAME:
        raise ValidationError(
            _("A name has at most %(most)d characters; this one has %(number)d.")
            % {"most": LONGEST_NAME, "number": len(name)}
        )
    return name
