"""Undoing what versions of the settings changed, as a new version.

Only what those versions touched is set back: fields to what they held before, records that were made are deleted,
records that were deleted come back under their number. Where a later version touched the same, nothing is undone
unless that one is undone with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.db.models.deletion import Collector, ProtectedError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.history.change_log import Change, ChangeHistory
from channels_cfg.history.change_reason import changing_settings
from channels_cfg.history.record_words import InWords, event_models, recorded_fields
from channels_cfg.history.settings_at import SettingsAt, as_of, record_from
from channels_cfg.in_use import used_by
from channels_cfg.key_names import is_listed
from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    Channel,
    ExtraDataLists,
    GroupMembership,
    MessagingService,
    Queue,
    QueueGroupMembership,
    SettingsVersion,
    User,
    WebhookSecret,
)
from channels_cfg.models.rules import in_words
from channels_cfg.models.versioned import lock_settings

WITHOUT_SECRETS = {
    WebhookSecret: gettext_lazy(
        "The secret itself is not in the history. Enter it anew on the page of its messaging service."
    ),
    ApiKey: gettext_lazy("The key itself is not in the history. Make a new key."),
}
"""Records that are nothing without a secret, and what to do instead."""

ENTERED_ANEW = {
    User: gettext_lazy("Its password is not in the history: set a new one."),
    MessagingService: gettext_lazy("Its access key secret is not in the history: if it had one, enter it anew."),
}
"""Records that come back without a secret they may have had."""

_LATER = {
    "insert": gettext_lazy("Version %(version)s made the %(name)s later."),
    "update": gettext_lazy("Version %(version)s changed the %(name)s later."),
    "delete": gettext_lazy("Version %(version)s deleted the %(name)s later."),
}

RIGHTS = (AccessRight, GroupMembership._meta.concrete_model, QueueGroupMembership._meta.concrete_model)

_WHOLE = "the whole record"


@dataclass(frozen=True)
class Conflict:
    """A later version that stands in the way, and how, in a sentence."""

    version: int
    sentence: str


@dataclass
class _Step:
    """What becomes of one record: it comes back, or it goes, or it stays; ``fields`` are set in any case."""

    model: type[models.Model]
    pk: Any
    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    comes_back: Any = None
    goes: bool = False


@dataclass
class Undoing:
    """What undoing some versions would do, in words. It can be done where ``refused`` is empty."""

    versions: list[int]
    conflicts: list[Conflict] = field(default_factory=list)
    with_conflicts: list[int] = field(default_factory=list)
    """The same versions and all that must be undone with them; empty where there is no conflict."""
    lost: list[str] = field(default_factory=list)
    """Records that would be deleted along, and are not part of the versions."""
    without_secrets: list[str] = field(default_factory=list)
    """Records that cannot come back, and what to do instead."""
    entered_anew: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    dangers: list[str] = field(default_factory=list)
    """What asks for a typed confirmation."""
    changes: list[Change] = field(default_factory=list)
    permissions: set[str] = field(default_factory=set)
    """What it takes to do the same by hand: ``channels_cfg.delete_queue``."""
    takes_a_superuser: bool = False
    leaves_out_secrets: bool = False

    @property
    def refused(self) -> bool:
        secrets = self.without_secrets and not self.leaves_out_secrets
        return bool(self.conflicts or self.lost or secrets or self.problems or not self.changes)


class NotUndone(ValidationError):
    """Nothing was changed; ``undoing`` says why."""

    def __init__(self, undoing: Undoing) -> None:
        self.undoing = undoing
        super().__init__(list(_reasons(undoing)) or [_("There is nothing left to undo.")])


def _reasons(undoing: Undoing) -> Iterator[str]:
    for conflict in undoing.conflicts:
        yield conflict.sentence
    for lost in undoing.lost:
        yield _("It would also delete %(lost)s.") % {"lost": lost}
    if not undoing.leaves_out_secrets:
        yield from undoing.without_secrets
    yield from undoing.problems


def preview(versions: Iterable[int], *, leave_out_secrets: bool = False) -> Undoing:
    """What undoing would do. Found by doing it and rolling it back, so that every rule has its say."""
    with transaction.atomic():
        undoing = _undo(sorted(set(versions)), leave_out_secrets=leave_out_secrets)
        transaction.set_rollback(True)
    return undoing


@transaction.atomic
def revert(versions: Iterable[int], *, by: User, why: str = "", leave_out_secrets: bool = False) -> SettingsVersion:
    """Undo exactly what the versions changed, as a new version. Raises ``NotUndone``, having changed nothing."""
    numbers = sorted(set(versions))
    with changing_settings(by=by, why=why, reverts=numbers):
        undoing = _undo(numbers, leave_out_secrets=leave_out_secrets)
    if undoing.refused:
        raise NotUndone(undoing)
    return SettingsVersion.objects.latest("pk")


def _undo(versions: list[int], *, leave_out_secrets: bool) -> Undoing:
    lock_settings()
    undoing = Undoing(versions, leaves_out_secrets=leave_out_secrets)
    steps = list(_steps(undoing))
    if undoing.conflicts:
        undoing.with_conflicts = _closed(set(versions))
    steps = [step for step in steps if not _is_secret(step, undoing)]
    if undoing.conflicts or undoing.lost:
        return undoing
    undoing.permissions = {_permission(step) for step in steps}
    undoing.takes_a_superuser = any(_is_about_a_superuser(step) for step in steps)
    before = SettingsVersion.current() or 0
    try:
        with transaction.atomic():
            _take(steps)
    except ValidationError as refused:
        undoing.problems += refused.messages
        return undoing
    made = SettingsVersion.objects.filter(pk__gt=before).values_list("pk", flat=True)
    undoing.changes = ChangeHistory.of_everything(versions=list(made))[:SHOWN_CHANGES]
    undoing.dangers = [*_taken_away(steps), *_kept_again(steps, before)]
    return undoing


SHOWN_CHANGES = 200
"""A preview names at most this many records."""


# What to do


def _steps(undoing: Undoing) -> list[_Step]:
    """A step for each record that the versions touched; what stands in the way is noted on ``undoing``."""
    versions = set(undoing.versions)
    steps = [step for model in event_models() for step in _steps_of(model, versions, undoing)]
    _note_what_goes_along(steps, undoing)
    return steps


def _steps_of(model: type[models.Model], versions: set[int], undoing: Undoing) -> Iterator[_Step]:
    recorded: QuerySet[Any] = QuerySet(event_models()[model])
    touched = recorded.filter(pgh_version__in=versions).values("pgh_obj_id")
    events = list(
        recorded.filter(pgh_obj_id__in=touched, pgh_version__gte=min(versions)).order_by("pgh_obj_id", "pgh_id")
    )
    if not events:
        return
    earlier = recorded.filter(pgh_obj_id__in=[event.pgh_obj_id for event in events], pgh_version__lt=min(versions))
    before = {
        event.pgh_obj_id: event
        for event in earlier.order_by("pgh_obj_id", "-pgh_id").distinct("pgh_obj_id")
        if event.pgh_label != "delete"
    }
    in_words = InWords([(None, event) for event in events])
    for pk, of_record in groupby(events, key=lambda event: event.pgh_obj_id):
        yield from _step(undoing, versions, before.get(pk), list(of_record), in_words)


def _step(undoing: Undoing, versions: set[int], before: Any, events: list[Any], in_words: InWords) -> Iterator[_Step]:
    model = events[0].pgh_tracked_model._meta.concrete_model
    name = _called(events[0].pgh_tracked_model, in_words.name_of(events[-1]))
    labels = {field.attname: str(field.verbose_name) for field in recorded_fields(events[0])}
    targets: dict[str, Any] = {}
    previous = before
    for event in events:
        fields = _touched(previous, event)
        if event.pgh_version_id in versions:
            held = {field: previous if field == _WHOLE else getattr(previous, field) for field in fields}
            targets = held | targets
        elif targets and (_WHOLE in fields or _WHOLE in targets):
            undoing.conflicts.append(
                Conflict(
                    event.pgh_version_id,
                    str(_LATER[event.pgh_label] % {"version": event.pgh_version_id, "name": name}),
                )
            )
        elif both := [labels[field] for field in fields if field in targets]:
            what = get_text_list(both, _("and"))
            undoing.conflicts.append(
                Conflict(
                    event.pgh_version_id,
                    _("Version %(version)s changed %(what)s of the %(name)s later.")
                    % {"version": event.pgh_version_id, "what": what, "name": name},
                )
            )
        previous = None if event.pgh_label == "delete" else event

    if _WHOLE not in targets:
        yield _Step(model, events[0].pgh_obj_id, name, fields=targets)
        return
    whole = targets.pop(_WHOLE)
    if whole is not None and previous is not None:  # deleted, and back again under its number
        yield _Step(model, events[0].pgh_obj_id, name, {field: getattr(whole, field) for field in labels} | targets)
    elif whole is not None:
        yield _Step(model, events[0].pgh_obj_id, name, targets, comes_back=whole)
    elif previous is not None:
        yield _Step(model, events[0].pgh_obj_id, name, goes=True)


def _called(model: type[models.Model], name: str) -> str:
    """``queue “Chat sales”``"""
    return _("%(kind)s “%(name)s”") % {"kind": model._meta.verbose_name, "name": name}


def _touched(previous: Any, event: Any) -> list[str]:
    """The fields that the event changed; one that made or deleted the record touched the whole."""
    if previous is None or event.pgh_label != "update":
        return [_WHOLE]
    return [
        field.attname
        for field in recorded_fields(event)
        if getattr(previous, field.attname) != getattr(event, field.attname)
    ]


def _closed(versions: set[int]) -> list[int]:
    """The versions and all later ones that touched the same, and those that touched the same as these."""
    while True:
        trial = Undoing(sorted(versions))
        _steps(trial)
        more = {conflict.version for conflict in trial.conflicts} - versions
        if not more:
            return sorted(versions)
        versions = versions | more


def _is_secret(step: _Step, undoing: Undoing) -> bool:
    """Whether the record cannot come back; notes what has to be entered anew."""
    if step.comes_back is None:
        return False
    if instead := WITHOUT_SECRETS.get(step.model):
        undoing.without_secrets.append(
            _("The %(record)s cannot come back. %(instead)s") % {"record": step.name, "instead": instead}
        )
        return True
    if anew := ENTERED_ANEW.get(step.model):
        undoing.entered_anew.append(_("The %(record)s comes back. %(anew)s") % {"record": step.name, "anew": anew})
    return False


def _note_what_goes_along(steps: list[_Step], undoing: Undoing) -> None:
    """Note the records that would be deleted with others and were not made by the same versions."""
    going = {(step.model, step.pk): step for step in steps if step.goes}
    for model in {model for model, _pk in going}:
        collector = Collector(using="default", origin=None)
        try:
            collector.collect(list(model._base_manager.filter(pk__in=[pk for kind, pk in going if kind is model])))
        except ProtectedError:
            continue  # said in words when it is deleted
        collected = [*collector.data.values(), *collector.fast_deletes]
        for row in (row for rows in collected for row in rows):
            if (row._meta.concrete_model, row.pk) not in going and row._meta.app_label != "admin":
                _note_lost(row, undoing)


def _note_lost(row: models.Model, undoing: Undoing) -> None:
    name = _called(type(row), str(row))
    event_model = event_models().get(row._meta.concrete_model or type(row))
    made: Any = event_model and QuerySet(event_model).filter(pgh_obj_id=row.pk).order_by("pgh_id").first()
    if made:
        number = made.pgh_version_id
        sentence = _("Version %(number)s made the %(name)s later, which would be deleted along.") % {
            "number": number,
            "name": name,
        }
        undoing.conflicts.append(Conflict(number, sentence))
    else:
        undoing.lost.append(name)


# What it takes

_MEMBERSHIPS = {
    GroupMembership._meta.concrete_model: "auth.change_group",
    QueueGroupMembership._meta.concrete_model: "channels_cfg.change_queuegroup",
}


def _permission(step: _Step) -> str:
    if step.model in _MEMBERSHIPS:
        return _MEMBERSHIPS[step.model]
    deed = "delete" if step.goes else "add" if step.comes_back is not None else "change"
    return f"{step.model._meta.app_label}.{deed}_{step.model._meta.model_name}"


def _is_about_a_superuser(step: _Step) -> bool:
    """Whether it makes or unmakes a superuser, or changes one."""
    if step.model is not User:
        return False
    becomes_one = "is_superuser" in step.fields or getattr(step.comes_back, "is_superuser", False)
    return becomes_one or User.objects.filter(pk=step.pk, is_superuser=True).exists()


# What asks for a typed confirmation


def _taken_away(steps: list[_Step]) -> Iterator[str]:
    for step in steps:
        if step.goes and step.model in RIGHTS:
            yield _("Taken away: %(record)s.") % {"record": step.name}
        elif step.goes and step.model is User:
            yield _("The %(record)s is deleted with its rights.") % {"record": step.name}
        elif step.fields.get("is_active") is False:
            yield _("The %(record)s can sign in no more.") % {"record": step.name}
        elif step.model is AttachedKey and (step.goes or step.fields.get("sensitive") is False):
            yield _("The %(record)s is not marked sensitive any more, if it was.") % {"record": step.name}


def _kept_again(steps: list[_Step], before: int) -> Iterator[str]:
    """Where sensitive keys are kept that were not."""
    if not any(issubclass(step.model, ExtraDataLists) for step in steps):
        return
    then, now = as_of(before), as_of(SettingsVersion.current() or 0)
    sensitive = {event.name for state in (then, now) for event in state.events(AttachedKey).filter(sensitive=True)}
    kept_then = _kept(then) if sensitive else {}
    for place, (name, keys) in (_kept(now) if sensitive else {}).items():
        _name, already = kept_then.get(place, ("", []))
        widened = [key for key in sorted(sensitive) if is_listed(key, keys) and not is_listed(key, already)]
        if widened:
            yield _("Sensitive keys are kept on %(name)s: %(keys)s.") % {"name": name, "keys": ", ".join(widened)}


def _kept(state: SettingsAt) -> dict[tuple[type[models.Model], Any], tuple[str, list[str]]]:
    """Name and effective statistics list of each channel and queue."""
    channels, queues = state.records(Channel).values(), state.records(Queue).values()
    places = [*channels, *queues]
    effective = state.effective(channels, queues)
    return {
        (type(place), place.pk): (_called(type(place), str(place)), found.statistics_keys.value)
        for place, found in zip(places, effective, strict=True)
    }


# Doing it


def _take(steps: list[_Step]) -> None:
    """Take every step: what goes first, from the rows that point to others; then what comes back, and what changes."""
    order = {model: number for number, model in enumerate(_pointed_to_first())}
    steps = sorted(steps, key=lambda step: order[step.model])
    for step in reversed(steps):
        if step.goes:
            _delete(step)
    for step in steps:
        if not step.goes:
            _save(step)


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


def _delete(step: _Step) -> None:
    record = step.model._base_manager.get(pk=step.pk)
    try:
        record.delete()
    except ProtectedError as protected:
        users = used_by(record) or [_("other records")]
        raise ValidationError(
            _("The %(record)s was made then and would be deleted, but it is used by %(users)s.")
            % {"record": step.name, "users": get_text_list(users, _("and"))}
        ) from protected


def _save(step: _Step) -> None:
    if step.comes_back is not None:
        record = record_from(step.comes_back, step.model)
        if isinstance(record, User):
            record.set_unusable_password()
    else:
        record = step.model._base_manager.select_for_update().get(pk=step.pk)
    for name, value in step.fields.items():
        setattr(record, name, value)
    comes_back = step.comes_back is not None
    fields = [field.name for field in record._meta.concrete_fields if field.attname in step.fields]
    unchecked = {"password"} if comes_back else {field.name for field in record._meta.concrete_fields} - set(fields)
    try:
        record.full_clean(exclude=unchecked)
        with transaction.atomic():
            record.save(force_insert=comes_back, update_fields=None if comes_back else fields)
    except ValidationError as refused:
        reasons = in_words(refused, step.model)
        raise ValidationError(
            _("The %(record)s cannot be as it was: %(reasons)s") % {"record": step.name, "reasons": reasons}
        ) from refused
    except IntegrityError as refused:
        raise ValidationError(
            _("The %(record)s cannot be as it was: it points to a record that is gone, or its name is taken by now.")
            % {"record": step.name}
        ) from refused
