"""Undoing what versions of the settings changed, as a new version.

Only what those versions touched is set back: fields to what they held before, records that were made are deleted,
records that were deleted come back under their number. Where a later version touched the same, nothing is undone
unless that one is undone with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.db.models.deletion import Collector, ProtectedError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.history.change_log import Change, ChangeHistory
from channels_cfg.history.change_set import Action, ChangeSet, Confirmation, RecordChange
from channels_cfg.history.record_words import InWords, event_models, recorded_fields
from channels_cfg.history.record_writing import write_one_by_one
from channels_cfg.history.settings_at import SettingsAt, as_of
from channels_cfg.key_names import is_listed
from channels_cfg.models import (
    AccessRight,
    ApiKey,
    AttachedKey,
    Authentication,
    Channel,
    DataActionCredential,
    ExtraDataLists,
    GroupMembership,
    MessagingService,
    MetadataDestination,
    Queue,
    QueueGroupMembership,
    SettingsVersion,
    User,
    WebhookSecret,
)
from channels_cfg.models.versioned import lock_settings

WITHOUT_SECRETS = {
    WebhookSecret: gettext_lazy(
        "The secret itself is not in the history. Enter it anew on the page of its messaging service."
    ),
    Authentication: gettext_lazy(
        "The secret itself is not in the history. Enter it anew on the page of its integration."
    ),
    DataActionCredential: gettext_lazy(
        "The secret itself is not in the history. Enter it anew on the page of its connection."
    ),
    ApiKey: gettext_lazy("The key itself is not in the history. Make a new key."),
}
"""Records that are nothing without a secret, and what to do instead."""

ENTERED_ANEW = {
    User: gettext_lazy("Its password is not in the history: set a new one."),
    MetadataDestination: gettext_lazy("Its secret is not in the history: if it had one, enter it anew."),
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
class LaterChange:
    """A later version that stands in the way, and how, in a sentence."""

    version: int
    sentence: str


@dataclass
class Undoing(ChangeSet):
    """What undoing some versions would do, in words. It can be done where ``refused`` is empty."""

    versions: list[int]
    leaves_out_secrets: bool = False
    steps: list[RecordChange] = field(default_factory=list)
    conflicts: list[LaterChange] = field(default_factory=list)
    with_conflicts: list[int] = field(default_factory=list)
    """The same versions and all that must be undone with them; empty where there is no conflict."""
    lost: list[str] = field(default_factory=list)
    """Records that would be deleted along, and are not part of the versions."""
    without_secrets: list[str] = field(default_factory=list)
    """Records that cannot come back, and what to do instead."""
    entered_anew: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    dangers: list[str] = field(default_factory=list)
    """What asks for a typed confirmation; like ``problems`` and ``changes`` found by ``preview`` alone."""
    changes: list[Change] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return any(self.reasons_against()) or not self.changes

    @property
    def in_words(self) -> str:
        """``version 5`` or ``versions 5 and 7``"""
        if len(self.versions) == 1:
            return _("version %(number)s") % {"number": self.versions[0]}
        *first, last = map(str, self.versions)
        return _("versions %(first)s and %(last)s") % {"first": ", ".join(first), "last": last}

    def record_changes(self) -> list[RecordChange]:
        return self.steps

    def reasons_against(self) -> Iterator[str]:
        for conflict in self.conflicts:
            yield conflict.sentence
        for lost in self.lost:
            yield _("It would also delete %(lost)s.") % {"lost": lost}
        if not self.leaves_out_secrets:
            yield from self.without_secrets
        yield from self.problems

    @property
    def confirmation(self) -> Confirmation | None:
        if not self.dangers:
            return None
        title = _("Undo %(versions)s?") % {"versions": self.in_words}
        words = _("undo %(versions)s") % {"versions": self.in_words}
        return Confirmation(title, self.dangers, words, _("Undo %(versions)s") % {"versions": self.in_words})

    def write(self) -> None:
        write_one_by_one(self.steps)
        if SettingsVersion.of_this_transaction() is None:
            raise ValidationError(_("There is nothing left to undo."))


def undoing_of(versions: Iterable[int], *, leave_out_secrets: bool = False) -> Undoing:
    """Undoing exactly what the versions changed, or what stands in the way of that."""
    undoing = Undoing(sorted(set(versions)), leave_out_secrets)
    steps = list(_steps(undoing))
    if undoing.conflicts:
        undoing.with_conflicts = _closed(set(undoing.versions))
    undoing.steps = [step for step in steps if not _is_secret(step, undoing)]
    return undoing


def preview(versions: Iterable[int], *, leave_out_secrets: bool = False) -> Undoing:
    """What undoing would do. Found by doing it and rolling it back, so that every rule has its say."""
    with transaction.atomic():
        lock_settings()
        undoing = undoing_of(versions, leave_out_secrets=leave_out_secrets)
        if not (undoing.conflicts or undoing.lost):
            _try(undoing)
        transaction.set_rollback(True)
    return undoing


def _try(undoing: Undoing) -> None:
    before = SettingsVersion.current() or 0
    try:
        with transaction.atomic():
            write_one_by_one(undoing.steps)
    except ValidationError as refused:
        undoing.problems += refused.messages
        return
    made = SettingsVersion.objects.filter(pk__gt=before).values_list("pk", flat=True)
    undoing.changes = ChangeHistory.of_everything(versions=list(made))[:SHOWN_CHANGES]
    undoing.dangers = [*_taken_away(undoing.steps), *_kept_again(undoing.steps, before)]


SHOWN_CHANGES = 200
"""A preview names at most this many records."""


# What to do


def _steps(undoing: Undoing) -> list[RecordChange]:
    """A step for each record that the versions touched; what stands in the way is noted on ``undoing``."""
    versions = set(undoing.versions)
    steps = [step for model in event_models() for step in _steps_of(model, versions, undoing)]
    _note_what_goes_along(steps, undoing)
    return steps


def _steps_of(model: type[models.Model], versions: set[int], undoing: Undoing) -> Iterator[RecordChange]:
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


def _step(
    undoing: Undoing, versions: set[int], before: Any, events: list[Any], in_words: InWords
) -> Iterator[RecordChange]:
    name = _called(events[0].pgh_tracked_model, in_words.name_of(events[-1]))
    labels = {field.attname: str(field.verbose_name) for field in recorded_fields(events[0])}
    targets: dict[str, Any] = {}
    previous = before
    for event in events:
        fields = _touched(previous, event)
        if event.pgh_version_id in versions:
            held = {field: previous if field == _WHOLE else getattr(previous, field) for field in fields}
            targets = held | targets
        elif sentence := _in_the_way(event, fields, targets, name, labels):
            undoing.conflicts.append(LaterChange(event.pgh_version_id, sentence))
        previous = None if event.pgh_label == "delete" else event
    now = {field: getattr(previous, field) for field in labels} if previous is not None else {}
    change = partial(RecordChange, model=_model_of(events[0]), pk=events[0].pgh_obj_id, name=name)
    if _WHOLE not in targets:
        yield change(Action.CHANGE, old={field: now.get(field) for field in targets}, new=targets)
    elif (whole := targets.pop(_WHOLE)) is not None:  # deleted; where it is back again under its number, it is changed
        action = Action.ADD if previous is None else Action.CHANGE
        yield change(action, old=now, new={field: getattr(whole, field) for field in labels} | targets)
    elif previous is not None:
        yield change(Action.REMOVE, old=now)


def _model_of(event: Any) -> type[models.Model]:
    return event.pgh_tracked_model._meta.concrete_model


def _in_the_way(event: Any, fields: list[str], targets: dict[str, Any], name: str, labels: dict[str, str]) -> str:
    """How a later event touched what would be set back, in a sentence; empty where it did not."""
    if targets and (_WHOLE in fields or _WHOLE in targets):
        return str(_LATER[event.pgh_label] % {"version": event.pgh_version_id, "name": name})
    if both := [labels[field] for field in fields if field in targets]:
        told = {"version": event.pgh_version_id, "what": get_text_list(both, _("and")), "name": name}
        return _("Version %(version)s changed %(what)s of the %(name)s later.") % told
    return ""


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


def _is_secret(step: RecordChange, undoing: Undoing) -> bool:
    """Whether the record cannot come back; notes what has to be entered anew."""
    if step.action != Action.ADD:
        return False
    if instead := WITHOUT_SECRETS.get(step.model):
        undoing.without_secrets.append(
            _("The %(record)s cannot come back. %(instead)s") % {"record": step.name, "instead": instead}
        )
        return True
    if anew := ENTERED_ANEW.get(step.model):
        undoing.entered_anew.append(_("The %(record)s comes back. %(anew)s") % {"record": step.name, "anew": anew})
    return False


def _note_what_goes_along(steps: list[RecordChange], undoing: Undoing) -> None:
    """Note the records that would be deleted with others and were not made by the same versions."""
    going = {(step.model, step.pk): step for step in steps if step.action == Action.REMOVE}
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
        undoing.conflicts.append(LaterChange(number, sentence))
    else:
        undoing.lost.append(name)


# What asks for a typed confirmation


def _taken_away(steps: list[RecordChange]) -> Iterator[str]:
    for step in steps:
        if step.action == Action.REMOVE and step.model in RIGHTS:
            yield _("Taken away: %(record)s.") % {"record": step.name}
        elif step.action == Action.REMOVE and step.model is User:
            yield _("The %(record)s is deleted with its rights.") % {"record": step.name}
        elif step.model is User and step.new.get("is_active") is False:
            yield _("The %(record)s can sign in no more.") % {"record": step.name}
        elif step.model is AttachedKey and (step.action == Action.REMOVE or step.new.get("sensitive") is False):
            yield _("The %(record)s is not marked sensitive any more, if it was.") % {"record": step.name}


def _kept_again(steps: list[RecordChange], before: int) -> Iterator[str]:
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
