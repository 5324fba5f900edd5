"""Records that a complete section leaves out: which are removed, which stay all the same, and what goes with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.entries import RowsEntry, Values
from channels_cfg.configuration_file.parts import PartsEntry
from channels_cfg.configuration_file.plan import RecordPlan
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import (
    BY_NAME,
    CHANNELS,
    GROUPS,
    METADATA_DESTINATIONS,
    QUEUES,
    SYSTEM,
    USERS,
)
from channels_cfg.history.change_set import Action
from channels_cfg.in_use import ivrs_in_words
from channels_cfg.models import IvrStep
from channels_cfg.rights.roles import DEFAULT_ROLES


def plan_removals(draft: DraftSettings, section: Section) -> None:
    """Add the records to remove to the draft, and name those that stay."""
    if section.is_single:
        return
    for key, stored in draft.current.records(section).items():
        if key in draft.by_key[section.name]:
            continue
        if why := _stays(draft, section, stored.values):
            draft.kept.append(why % {"called": section.called(stored.values)})
        else:
            draft.records[section.name].append(RecordPlan(section, key, Action.REMOVE, stored.values, pk=stored.pk))


def _stays(draft: DraftSettings, section: Section, values: Values) -> str:
    """What is told of a record that stays all the same; empty where it goes."""
    if not draft.complete:
        return "%(called)s"
    if section is USERS and values["is_superuser"]:
        return _("%(called)s, a superuser, whom no file removes")
    if section is GROUPS and values["name"] in DEFAULT_ROLES:
        return _("%(called)s, which comes with the portal")
    return ""


def check_removals(draft: DraftSettings, section: Section) -> None:
    """Refuse to remove what is in use, and tell what goes with the rest."""
    gone = {record.pk: record for record in draft.of(section) if record.action == Action.REMOVE}
    if not gone:
        return
    if section is USERS and draft.by and draft.by.pk in gone:
        record = gone[draft.by.pk]
        text = _("%(called)s is you. Let another administrator remove you.")
        draft.refuse(record, text % {"called": capfirst(record.called)})
    users: dict[Any, dict[str, None]] = defaultdict(dict)
    if section is METADATA_DESTINATIONS:
        for record in gone.values():
            users[record.pk] |= dict.fromkeys(_listing(draft, record.key[0]))
    for relation in _pointing_to(draft, section):
        rows = relation.related_model._base_manager.order_by()
        meta, name = relation.related_model._meta, relation.field.name
        if relation.on_delete is models.PROTECT:
            used = models.Exists(rows.filter(**{name: models.OuterRef("pk")}))
            for pk in section.model._base_manager.order_by().filter(used, pk__in=gone).values_list("pk", flat=True):
                is_of_ivr = relation.related_model is IvrStep
                kind = ivrs_in_words(rows.filter(**{name: pk})) if is_of_ivr else str(meta.verbose_name_plural)
                users[pk][kind] = None
        elif relation.on_delete is models.CASCADE and not relation.hidden and not _is_row(section, relation):
            counted = rows.filter(**{f"{name}__in": list(gone)}).values_list(name).annotate(models.Count("pk"))
            for pk, count in counted:
                gone[pk].takes_along.append(f"{count} {meta.verbose_name_plural if count > 1 else meta.verbose_name}")
    for pk, kinds in users.items():
        if not kinds:
            continue
        stay = _("Keep the user in the file and set is_active to false.")
        text = _("%(called)s is used by %(users)s, so it stays. %(instead)s") % {
            "called": capfirst(gone[pk].called),
            "users": get_text_list(list(kinds), _("and")),
            "instead": stay if section is USERS else _("Keep it in the file."),
        }
        draft.refuse(gone[pk], text)


def _listing(draft: DraftSettings, destination: str) -> Iterator[str]:
    """Records that the file does not hold and whose lists name the destination; those of the file are told there."""
    for section in (SYSTEM, CHANNELS, QUEUES):
        told = draft.by_key[section.name]
        for key, values in draft.final(section).items():
            if key not in told and destination in values["metadata_destinations"]:
                yield section.called(values)


def _pointing_to(draft: DraftSettings, section: Section) -> Iterator[Any]:
    """Foreign keys of other models to the section's; the file's own sections say themselves what becomes of them."""
    sections = [BY_NAME[name] for name in draft.nodes]
    described = [described.model for described in sections]
    described += [entry.model for each in sections for entry in each.entries if isinstance(entry, PartsEntry)]
    for relation in section.model._meta.get_fields(include_hidden=True):
        related: Any = relation.related_model
        is_foreign_key = relation.one_to_many and relation.auto_created and not related._meta.auto_created
        if is_foreign_key and related not in described:
            yield relation


def _is_row(section: Section, relation: Any) -> bool:
    return any(
        isinstance(entry, RowsEntry | PartsEntry) and entry.model is relation.related_model for entry in section.entries
    )
