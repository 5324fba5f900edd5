"""The list of versions: who made which, when and why, and what it changed in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.history.change_log import Change, ChangeHistory, who
from channels_cfg.history.record_words import Record, event_models
from channels_cfg.models import SettingsVersion, User

CHANGES_IN_A_LINE = 3


@dataclass(frozen=True)
class VersionLine:
    """One version as a row of the list. ``reverts`` are the versions it undid."""

    number: int
    made_at: datetime
    by: str
    why: str
    what: str
    reverts: list[int]


def versions(
    *,
    by: int | None = None,
    kind: type[models.Model] | None = None,
    record: Record | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
) -> QuerySet[SettingsVersion]:
    """Versions by one user, that changed some record of a kind, or that record, of a period; newest first."""
    conditions: dict[str, Any] = {"context__metadata__user": by, "made_at__gte": since, "made_at__lt": before}
    found = SettingsVersion.objects.filter(**{name: value for name, value in conditions.items() if value is not None})
    if kind is not None:
        found = found.filter(pk__in=QuerySet(event_models()[kind]).values("pgh_version"))
    if record is not None:
        found = found.filter(_changed(record))
    return found.select_related("context").order_by("-pk")


def _changed(record: Record) -> Q:
    """Versions that changed the record or a row that points to it."""
    model, pk = record
    own: QuerySet[Any] = QuerySet(event_models()[model]).filter(pgh_obj_id=pk)
    condition = Q(pk__in=own.values("pgh_version"))
    for part, event_model in event_models().items():
        for field in part._meta.concrete_fields:
            target: Any = field.remote_field
            if field.related_model is model and part is not model and target.on_delete is models.CASCADE:
                rows: QuerySet[Any] = QuerySet(event_model).filter(**{field.name: pk})
                condition |= Q(pk__in=rows.values("pgh_version"))
    return condition


def in_lines(page: Sequence[SettingsVersion]) -> list[VersionLine]:
    """The versions in words; a constant number of queries."""
    first = ChangeHistory.of_everything().first_of_each_version(
        [version.pk for version in page], most=CHANGES_IN_A_LINE
    )
    names = _names(page)
    return [_line(version, *first.get(version.pk, ([], 0)), names=names) for version in page]


def how_made(version: SettingsVersion) -> VersionLine:
    """The version in words."""
    return in_lines([version])[0]


def _line(version: SettingsVersion, changes: Sequence[Change], total: int, *, names: Mapping[Any, str]) -> VersionLine:
    metadata = version.context.metadata if version.context else {}
    said = [_in_short(change) for change in changes]
    if total > len(said):
        more = total - len(said)
        said.append(ngettext("%(count)d more", "%(count)d more", more) % {"count": more})
    return VersionLine(
        number=version.pk,
        made_at=version.made_at,
        by=who(metadata, names=names),
        why=metadata.get("why", ""),
        what=get_text_list(said, _("and")) if said else _("Nothing that is recorded"),
        reverts=metadata.get("reverts", []),
    )


def _names(page: Sequence[SettingsVersion]) -> dict[Any, str]:
    people = {version.context.metadata.get("user") for version in page if version.context}
    return {(User, pk): str(user) for pk, user in User.objects.in_bulk(people - {None}).items()}


def _in_short(change: Change) -> str:
    """``Channel “Customer chat”: Extra Data Included in Statistics`` or ``Queue “Sales” created``."""
    kind = capfirst(change.kind)
    name = _("%(kind)s “%(name)s”") % {"kind": kind, "name": change.name} if change.name else kind
    if change.action != "changed" or not change.fields:
        return _IN_SHORT[change.action] % {"record": name}
    fields = get_text_list([field.field for field in change.fields], _("and"))
    return _("%(record)s: %(fields)s") % {"record": name, "fields": fields}


_IN_SHORT = {
    "created": gettext_lazy("%(record)s created"),
    "changed": gettext_lazy("%(record)s changed"),
    "deleted": gettext_lazy("%(record)s deleted"),
}
