"""Changes of settings that take effect at a chosen time: planned, cancelled, applied when their time has come."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _

from channels_cfg.history.change_reason import LONGEST_WHY
from channels_cfg.history.change_set import Action, ChangeSet, NotApplied, RecordChange, apply
from channels_cfg.history.record_writing import write_one_by_one
from channels_cfg.models import Channel, IvrDefinition, Queue, ScheduledChange, SystemSettings, User
from channels_cfg.models.versioned import lock_settings

logger = logging.getLogger(__name__)

PLANNABLE: dict[str, type[models.Model]] = {
    model.__name__: model for model in (SystemSettings, Channel, Queue, IvrDefinition)
}


_NAMES = {model: f"{model.lower()}_name" for model in PLANNABLE if model != SystemSettings.__name__}


def plannable_fields(model: type[models.Model]) -> Collection[str]:
    """Fields whose change can be planned: those of the record itself that point to nothing else."""
    return [field.name for field in model._meta.concrete_fields if not field.primary_key and not field.is_relation]


def planned_for(record: models.Model) -> QuerySet[ScheduledChange]:
    """Changes of the record that are still to come, the next one first."""
    return ScheduledChange.objects.filter(
        model=type(record).__name__, object_id=record.pk, state=ScheduledChange.State.PLANNED
    ).select_related("planned_by")


def check_plan(record: models.Model, changes: Mapping[str, Any], *, at: datetime, now: datetime) -> dict[str, Any]:
    """For the fields that would change at that time, what they will hold until then.

    Raises ``ValidationError``, by field where it is about one, where this cannot be planned.
    """
    if at <= now:
        raise ValidationError({"takes_effect_at": _("Choose a time in the future.")})
    if unplannable := sorted(changes.keys() - set(plannable_fields(type(record)))):
        at_once = _("This takes effect at once. Save it by itself, without a time.")
        raise ValidationError(dict.fromkeys(unplannable, at_once))
    changes = _as_it_will_be(record, changes)
    held = {name: getattr(record, name) for name in changes}
    for earlier in planned_for(record).filter(takes_effect_at__lte=at):
        held |= {name: value for name, value in earlier.changes.items() if name in held}
    replaced = {name: value for name, value in held.items() if value != changes[name]}
    if not replaced:
        raise ValidationError({"takes_effect_at": _("Nothing would change then. Change a field first.")})
    return replaced


def _as_it_will_be(record: models.Model, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The new values as the record would hold them; ``ValidationError``, by field, where a rule refuses one."""
    planned = copy(record)
    for name, value in changes.items():
        setattr(planned, name, value)
    planned.full_clean(exclude=_unchanged(record, changes))
    return {name: getattr(planned, name) for name in changes}


def _unchanged(record: models.Model, changes: Mapping[str, Any]) -> set[str]:
    return {field.name for field in record._meta.concrete_fields} - set(changes)


def plan_change(
    record: models.Model, changes: Mapping[str, Any], *, at: datetime, by: User, why: str = "", now: datetime
) -> ScheduledChange:
    """Let the fields of the stored record take these values at that time; those that hold them by then are not noted.

    Raises ``ValidationError`` as ``check_plan`` does, having planned nothing.
    """
    replaced = check_plan(record, changes, at=at, now=now)
    changes = _as_it_will_be(record, changes)
    return ScheduledChange.objects.create(
        model=type(record).__name__,
        object_id=record.pk,
        changes={name: changes[name] for name in replaced},
        replaces=replaced,
        takes_effect_at=at,
        reason=why[:LONGEST_WHY],
        planned_by=by,
        planned_at=now,
    )


def cancel_change(change: ScheduledChange, *, by: User, now: datetime) -> bool:
    """Take the change back; False where it was settled before."""
    return bool(
        ScheduledChange.objects.filter(pk=change.pk, state=ScheduledChange.State.PLANNED).update(
            state=ScheduledChange.State.CANCELLED, cancelled_by=by, settled_at=now
        )
    )


@dataclass
class DueChange(ChangeSet):
    """A planned change whose time has come, and why it does not fit the settings any more."""

    planned: ScheduledChange
    problems: list[str]

    def record_changes(self) -> list[RecordChange]:
        model, kind = PLANNABLE[self.planned.model], _kind(self.planned)
        replaces, changes = self.planned.replaces, self.planned.changes
        return [RecordChange(Action.CHANGE, model, self.planned.object_id, replaces, changes, kind)]

    def reasons_against(self) -> list[str]:
        return self.problems

    def write(self) -> None:
        write_one_by_one(self.record_changes())


def due_changes(*, now: datetime) -> QuerySet[ScheduledChange]:
    return ScheduledChange.objects.filter(state=ScheduledChange.State.PLANNED, takes_effect_at__lte=now)


@transaction.atomic
def apply_change(number: int, *, now: datetime) -> ScheduledChange | None:
    """Settle the change if it is due and nobody else does: everything in one transaction, so a worker that dies leaves
    it planned. None where there is nothing to do."""
    change = due_changes(now=now).select_for_update(skip_locked=True, of=("self",)).filter(pk=number).first()
    if change is None:
        return None
    lock_settings()  # however long that takes
    try:
        apply(partial(_due, change), by=change.planned_by, why=change.reason, planned=change.pk)
    except NotApplied as refused:
        change.state, change.problem = ScheduledChange.State.FAILED, refused.reason[:500]
        logger.warning("Planned change %s does not fit the settings any more", change.pk)
    else:
        change.state = ScheduledChange.State.APPLIED
    change.settled_at = now
    change.save(update_fields=["state", "settled_at", "problem"])
    return change


def _due(change: ScheduledChange) -> DueChange:
    due = DueChange(change, [])
    by = change.planned_by
    if by is None or not (by.is_active and due.may_be_applied_by(by)):
        due.problems = [
            _("Who scheduled it may not change a %(kind)s any more. Schedule it anew.") % {"kind": _kind(change)}
        ]
        return due
    model = PLANNABLE[change.model]
    record = model._base_manager.filter(pk=change.object_id).first()
    if record is None and model is SystemSettings:
        record = SystemSettings()
    if record is None:
        due.problems = [_("The %(kind)s has been deleted.") % {"kind": _kind(change)}]
    elif other := [name for name, value in change.replaces.items() if getattr(record, name) != value]:
        fields: list[Any] = [model._meta.get_field(name) for name in other]
        names = get_text_list([capfirst(str(field.verbose_name)) for field in fields], _("and"))
        due.problems = [
            _("Changed by somebody in the meantime: %(names)s. Schedule it anew if it is still wanted.")
            % {"names": names}
        ]
    return due


def _kind(change: ScheduledChange) -> str:
    return str(PLANNABLE[change.model]._meta.verbose_name)


def with_names(changes: QuerySet[ScheduledChange]) -> QuerySet[ScheduledChange]:
    """With the names of the records they are about, for ``name_of``."""
    named = {
        name: Subquery(PLANNABLE[model]._base_manager.filter(pk=OuterRef("object_id")).values("name")[:1])
        for model, name in _NAMES.items()
    }
    return changes.select_related("planned_by").annotate(**named)


def name_of(change: Any) -> str:
    """``Channel “Customer chat”``, for a change ``with_names``; of a deleted record its number."""
    model = PLANNABLE[change.model]
    kind = str(capfirst(str(model._meta.verbose_name)))
    if model is SystemSettings:
        return kind
    name = getattr(change, _NAMES[change.model])
    return (
        f"{kind} “{name}”"
        if name
        else _("%(kind)s number %(number)s, which was deleted") % {"kind": kind, "number": change.object_id}
    )


@dataclass(frozen=True)
class FieldInWords:
    """One field of a planned change; ``old`` or ``new`` is empty where there is nothing."""

    label: str
    old: str
    new: str


def values_in_words(change: ScheduledChange) -> list[FieldInWords]:
    """What becomes what."""
    fields: list[tuple[Any, str]] = [(PLANNABLE[change.model]._meta.get_field(name), name) for name in change.changes]
    return [
        FieldInWords(
            str(capfirst(str(field.verbose_name))),
            _in_words(field, change.replaces.get(name)),
            _in_words(field, change.changes[name]),
        )
        for field, name in fields
    ]


def _in_words(field: Any, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(dict(field.flatchoices).get(value, value))
