"""One change set: proposed from the settings as they are, previewed, confirmed, and applied as one settings version.

Whatever changes many settings at once (a matrix, a file, an undoing, a scheduled change) translates what it was given
into a ``ChangeSet``. Agreeing to one is agreeing to its fingerprint: it is applied only while it still does the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.dispatch import Signal
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_cfg.history.change_reason import changing_settings
from channels_cfg.keys.configured import parents_of
from channels_cfg.models import (
    ExtraDataLists,
    GroupMembership,
    IntegrationQueue,
    Queue,
    QueueGroupMembership,
    SettingsVersion,
    SystemSettings,
    User,
)
from channels_cfg.models.versioned import lock_settings

LOCK_TIMEOUT = "10s"
KEPT = "statistics_keys"
REPORTS_NAMED = 5

keys_lost = Signal()
"""Asks the floors above, with ``keys`` that are kept no longer in some place, which saved reports lose a column.

Receivers return those, each with a ``name`` and an ``owner``."""


class Action(StrEnum):
    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    SAME = "same"


@dataclass(frozen=True)
class RecordChange:
    """What becomes of one record. ``old`` and ``new`` hold the fields it is about, by the names of their columns;
    ``name`` is what people call the record, with its kind."""

    action: Action
    model: type[models.Model]
    pk: Any = None
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def permission(self) -> str:
        """What it takes to do the same by hand: ``channels_cfg.delete_queue``."""
        verb = "delete" if self.action == Action.REMOVE else self.action
        return _PERMISSIONS.get(self.model) or f"{self.model._meta.app_label}.{verb}_{self.model._meta.model_name}"


_PERMISSIONS = {
    GroupMembership._meta.concrete_model: "auth.change_group",
    QueueGroupMembership._meta.concrete_model: "channels_cfg.change_queuegroup",
    IntegrationQueue._meta.concrete_model: "channels_cfg.change_integration",
}


@dataclass(frozen=True)
class Confirmation:
    """What is asked before something dangerous is done: what it leads to, the ``words`` that are typed to have it done,
    and the ``button`` that does it."""

    title: str
    consequences: Sequence[str | Promise]
    words: str
    button: str


class ChangeSet:
    """Proposed changes of settings. Nothing is changed before it is applied."""

    version: int | None = None
    """The settings version it became; None before, and where nothing changed."""
    warnings: Sequence[str] = ()
    """What to beware of once it is applied."""

    def record_changes(self) -> Iterable[RecordChange]:
        raise NotImplementedError

    def reasons_against(self) -> Iterable[str]:
        """Why it cannot be applied, in sentences."""
        return ()

    def sentences(self) -> Iterable[str]:
        """What else its preview says it does; part of what is agreed to."""
        return ()

    @property
    def confirmation(self) -> Confirmation | None:
        """What asks for typed words, or None."""
        return None

    def write(self) -> None:
        """Make the changes, within a transaction that holds the lock on the settings. Raises ``ValidationError``."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        return not any(change.action != Action.SAME for change in self.record_changes())

    @property
    def fingerprint(self) -> str:
        """The same for what does the same to the same settings; tells whether somebody changed them in between."""
        made_of = [
            [change.model._meta.label, change.pk, change.action, {**change.old}, {**change.new}, change.name]
            for change in self.record_changes()
        ]
        told = json.dumps([made_of, list(self.sentences())], default=str, sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def may_be_applied_by(self, user: User) -> bool:
        """Whether the user could do the same by hand; superusers are changed by superusers alone."""
        if user.is_superuser:
            return True
        changes = list(self.record_changes())
        return user.has_perms({change.permission for change in changes}) and not _is_about_superusers(changes)

    @cached_property
    def lost_reports(self) -> list[Any]:
        """The saved reports that use a key which is kept no longer in some place."""
        lost = list(dict.fromkeys(_no_longer_kept(list(self.record_changes()))))
        answers: Any = keys_lost.send(type(self), keys=lost) if lost else []
        return [report for _receiver, found in answers for report in found]

    def lost_columns_in_words(self) -> str:
        """``2 saved reports lose a column: Gold (Anna Ek), Ids (Bo Berg).``; empty where none does."""
        count = len(self.lost_reports)
        if not count:
            return ""
        names = ", ".join(f"{report.name} ({report.owner})" for report in self.lost_reports[:REPORTS_NAMED])
        return ngettext(
            "%(count)d saved report loses a column: %(names)s.",
            "%(count)d saved reports lose a column: %(names)s.",
            count,
        ) % {"count": count, "names": names + (", …" if count > REPORTS_NAMED else "")}


S = TypeVar("S", bound=ChangeSet)


class NotApplied(Exception):
    """Nothing was changed. ``change_set`` is what would be done now; ``reason`` says why it was not done."""

    def __init__(self, reason: str, change_set: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.change_set = change_set


class StalePreview(NotApplied):
    """What was agreed to is no longer what would happen. Show ``change_set`` and ask again."""

    def __init__(self, change_set: Any) -> None:
        super().__init__(_("Somebody changed settings in between. This is what would be done now."), change_set)


def apply(
    propose: Callable[[], S],
    *,
    agreed_to: str | None = None,
    by: User | None = None,
    why: str = "",
    command: str = "",
    **facts: Any,
) -> S:
    """Propose anew while nobody else can change settings, and do it: all of it, or nothing, as one version.

    ``agreed_to`` is the fingerprint of the preview that was confirmed. ``by`` answers for it and must be allowed to do
    it; None may do everything. Returns what was done, or raises ``StalePreview``, ``NotApplied`` or
    ``PermissionDenied``, having changed nothing.
    """
    proposed: S | None = None
    try:
        with transaction.atomic(), changing_settings(by=by, why=why, command=command, **facts):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            lock_settings()
            proposed = propose()
            if reasons := list(proposed.reasons_against()):
                raise NotApplied(" ".join(reasons), proposed)
            if agreed_to is not None and proposed.fingerprint != agreed_to:
                raise StalePreview(proposed)
            if by is not None and not proposed.may_be_applied_by(by):
                raise PermissionDenied
            proposed.write()
            proposed.version = SettingsVersion.of_this_transaction()
    except ValidationError as refused:
        raise NotApplied(" ".join(refused.messages), proposed) from refused
    except IntegrityError as error:
        raise NotApplied(_refusal(error), proposed) from error
    except OperationalError as error:
        if "lock timeout" not in str(error):
            raise
        raise NotApplied(_("Somebody is changing settings at this moment. Try again."), proposed) from error
    return proposed


def _refusal(error: IntegrityError) -> str:
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or _("a constraint")
    return _("The database refused it (%(constraint)s). Apply it in two steps.") % {"constraint": constraint}


def _is_about_superusers(changes: Iterable[RecordChange]) -> bool:
    """Whether one of them makes or unmakes a superuser, or changes one."""
    of_users = [change for change in changes if change.model is User]
    raised = any(change.old.get("is_superuser") or change.new.get("is_superuser") for change in of_users)
    there = [change.pk for change in of_users if change.pk]
    return raised or (bool(there) and User.objects.filter(pk__in=there, is_superuser=True).exists())


def _no_longer_kept(changes: Sequence[RecordChange]) -> Iterator[str]:
    """Keys that system, a channel or a queue keeps no longer, except what a parent on its list still includes."""
    kept = [change for change in changes if issubclass(change.model, ExtraDataLists) and KEPT in change.new]
    changed = [change for change in kept if change.action == Action.CHANGE]
    if not changed:
        return
    queues = [change.pk for change in changed if change.model is Queue]
    of_channels = dict(Queue.objects.filter(pk__in=queues).values_list("pk", f"channel__{KEPT}")) if queues else {}
    system = getattr(SystemSettings.load(), KEPT)
    for change in changed:
        above = [] if change.model is SystemSettings else system
        if change.model is Queue:
            above = of_channels.get(change.pk) or system
        after = set(change.new[KEPT] or above)
        gone = (key for key in change.old[KEPT] or above if key not in after)
        yield from (key for key in gone if not after.intersection(parents_of(key)))
