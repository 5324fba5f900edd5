"""Writing changes of records: many with few statements, or one by one, each checked by its model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from channels_cfg.history.change_set import Action, RecordChange
from channels_cfg.history.record_words import event_models
from channels_cfg.in_use import used_by
from channels_cfg.models import MetadataDestination, User
from channels_cfg.models.rules import PART_OF, check_with_its_parts_later, in_words
from channels_cfg.models.session_metadata import SessionMetadataSettings, check_listed_destinations

BATCH = 1000


def write_in_bulk(changes: Iterable[RecordChange]) -> None:
    """Statements by model, not by record; the rules of the models were checked before."""
    of_model: dict[type[models.Model], list[RecordChange]] = defaultdict(list)
    for change in changes:
        of_model[change.model].append(change)
    for model, found in of_model.items():
        model._default_manager.filter(pk__in=[change.pk for change in found if change.action == Action.REMOVE]).delete()
        added = [model(**change.new) for change in found if change.action == Action.ADD]
        model._default_manager.bulk_create(added, batch_size=BATCH)
        change_in_bulk(model, {change.pk: change.new for change in found if change.action == Action.CHANGE})


def change_in_bulk(model: type[models.Model], columns: Mapping[Any, Mapping[str, Any]]) -> None:
    """Set these columns of these records, by their primary keys; one event of the history for each record.

    An insert that meets its own row is far faster than Django's ``bulk_update`` with its CASE for each value.
    """
    if not columns:
        return
    records = model._default_manager.in_bulk(list(columns))
    for pk, values in columns.items():
        for name, value in values.items():
            setattr(records[pk], name, value)
    names = {field.attname: field.name for field in model._meta.concrete_fields}
    touched = {names.get(name, name) for values in columns.values() for name in values}
    model._default_manager.bulk_create(
        records.values(), update_conflicts=True, update_fields=sorted(touched), unique_fields=["id"], batch_size=BATCH
    )


def write_one_by_one(changes: Iterable[RecordChange]) -> None:
    """What goes first, from the rows that point to others; then what comes, and what changes.

    Raises ``ValidationError`` where a model or the database refuses one of them.
    """
    order = {model: number for number, model in enumerate(_pointed_to_first())}
    changes = sorted(changes, key=lambda change: order[change.model])
    for change in reversed(changes):
        if change.action == Action.REMOVE:
            _delete(change)
    wholes = set(_wholes(changes))
    for change in changes:
        if change.action != Action.REMOVE:
            _save(change)
    for model, pk in sorted(wholes | set(_wholes(changes)), key=str):
        _check_whole(model, pk)
    if any(issubclass(change.model, (MetadataDestination, SessionMetadataSettings)) for change in changes):
        check_listed_destinations()


@cache
def _pointed_to_first() -> list[type[models.Model]]:
    """The recorded models, each after those it points to."""
    ordered: list[type[models.Model]] = []

    def add(model: type[models.Model]) -> None:
        for target in [own.related_model for own in model._meta.concrete_fields]:
            if isinstance(target, type) and target in event_models() and target is not model and target not in ordered:
                add(target)
        if model not in ordered:
            ordered.append(model)

    for model in event_models():
        add(model)
    return ordered


def _wholes(changes: Iterable[RecordChange]) -> Iterator[tuple[type[models.Model], Any]]:
    """The records that make sense only with their parts, of which these are some."""
    for change in changes:
        if hasattr(change.model, "check_whole"):
            yield change.model, change.pk
        elif name := getattr(change.model, PART_OF, ""):
            field: Any = change.model._meta.get_field(name)
            stored = change.model._base_manager.filter(pk=change.pk).values_list(field.attname, flat=True).first()
            yield from ((field.related_model, pk) for pk in {stored, change.old.get(field.attname)} - {None})


def _check_whole(model: type[models.Model], pk: Any) -> None:
    whole: Any = model._base_manager.filter(pk=pk).first()
    try:
        if whole is not None:
            whole.check_whole()
    except ValidationError as refused:
        name = _("%(kind)s “%(name)s”") % {"kind": model._meta.verbose_name, "name": whole}
        raise _would_not_be_valid(name, refused, model) from refused


def _would_not_be_valid(name: str, refused: ValidationError, model: type[models.Model]) -> ValidationError:
    told = {"record": name, "reasons": in_words(refused, model)}
    return ValidationError(_("The %(record)s would not be valid: %(reasons)s") % told)


def _delete(change: RecordChange) -> None:
    record = change.model._base_manager.get(pk=change.pk)
    try:
        record.delete()
    except ProtectedError as protected:
        users = used_by(record) or [_("other records")]
        raise ValidationError(
            _("The %(record)s was made then and would be deleted, but it is used by %(users)s.")
            % {"record": change.name, "users": get_text_list(users, _("and"))}
        ) from protected


def _save(change: RecordChange) -> None:
    comes = change.action == Action.ADD
    record = _made(change) if comes else _changed(change)
    check_with_its_parts_later(record)
    fields = [field.name for field in record._meta.concrete_fields if field.attname in change.new]
    unchecked = {"password"} if comes else {field.name for field in record._meta.concrete_fields} - set(fields)
    try:
        record.full_clean(exclude=unchecked)
        with transaction.atomic():
            record.save(force_insert=comes, update_fields=None if comes or record._state.adding else fields)
    except ValidationError as refused:
        raise _would_not_be_valid(change.name, refused, change.model) from refused
    except IntegrityError as refused:
        raise ValidationError(
            _("The %(record)s cannot be as it was: it points to a record that is gone, or its name is taken by now.")
            % {"record": change.name}
        ) from refused


def _made(change: RecordChange) -> Any:
    record: Any = change.model(pk=change.pk, **change.new)
    if isinstance(record, User):
        record.set_unusable_password()
    return record


def _changed(change: RecordChange) -> Any:
    found = change.model._base_manager.select_for_update().filter(pk=change.pk)
    record = found.first() or change.model(pk=change.pk)  # the system settings count before they are saved first
    for name, value in change.new.items():
        setattr(record, name, value)
    return record
