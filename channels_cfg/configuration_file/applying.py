"""Writing what a plan says, with statements by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.utils import timezone

from channels_cfg.configuration_file.entries import LinkEntry, LinksEntry, PermissionsEntry, RowsEntry
from channels_cfg.configuration_file.sections import BY_NAME, SECTIONS, SERVICES, USERS, Section
from channels_cfg.history.change_set import Action
from channels_cfg.history.record_writing import BATCH, change_in_bulk
from channels_cfg.keys.catalogue import rename_in_lists
from channels_cfg.models import MessagingService, SystemSettings, WebhookSecret

if TYPE_CHECKING:
    from channels_cfg.configuration_file.plan import Plan, Step


class PlanWriter:
    """Statements by section, not by record."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pks: dict[str, dict[str, Any]] = {}

    def steps(self, section: Section, *actions: Action) -> list[Step]:
        return [step for step in self.plan.steps if step.section is section and step.deed in actions]

    def write(self) -> None:
        """What goes frees its names first, where nothing else needs it; the rest goes last."""
        sections = [section for section in SECTIONS if any(step.section is section for step in self.plan.effects)]
        loose = ("access_rights", "messaging_services", "keys")
        for section in sections:
            if section.name in loose:
                self._remove(section)
            for entry in section.entries:
                if isinstance(entry, RowsEntry):
                    self._remove_rows(section, entry)
        for section in sections:
            self._add(section)
            self._change(section)
            self._join(section)
        rename_in_lists(self.plan.renames)
        for section in reversed(sections):
            if section.name not in loose:
                self._remove(section)

    def _pk(self, section_name: str, name: str) -> Any:
        """The key of a record by its name, those just added included."""
        if section_name not in self.pks:
            section = BY_NAME[section_name]
            rows = section.model._default_manager.order_by().values_list(section.identity[0], "pk")
            self.pks[section_name] = dict(rows)
        return self.pks[section_name][name]

    def _fields(self, step: Step, only: Iterable[str] | None = None) -> dict[str, Any]:
        """The columns of the record's own row."""
        columns = {}
        for entry in step.section.entries:
            if only is not None and entry.name not in only:
                continue
            if isinstance(entry, LinkEntry):
                name = step.values[entry.name]
                columns[f"{entry.name}_id"] = self._pk(entry.section, name) if name else None
            elif entry.name == "key_secret":
                if found := step.secrets.get("key_secret"):
                    columns["key_secret"] = found[0].text
            elif not isinstance(entry, LinksEntry | RowsEntry | PermissionsEntry) and not entry.is_secret:
                columns[entry.name] = step.values[entry.name]
        return columns

    def _add(self, section: Section) -> None:
        steps = self.steps(section, Action.ADD)
        if section is USERS:
            # Nobody signs in with these before a password is set; nobody could know its hash either.
            made: list[models.Model] = [
                section.model(**self._fields(step), password=make_password(None)) for step in steps
            ]
        else:
            made = [section.model(**self._fields(step)) for step in steps]
        section.model._default_manager.bulk_create(made, batch_size=BATCH)
        for step, record in zip(steps, made, strict=True):
            step.pk = record.pk
        self.pks.pop(section.name, None)

    def _change(self, section: Section) -> None:
        steps = self.steps(section, Action.CHANGE)
        if section.is_single:
            for step in steps:
                settings = SystemSettings.load()
                for name, value in self._fields(step).items():
                    setattr(settings, name, value)
                settings.save()
            return
        columns = {step.pk: self._fields(step, {change.entry.name for change in step.changes}) for step in steps}
        change_in_bulk(section.model, {pk: found for pk, found in columns.items() if found})

    def _join(self, section: Section) -> None:
        steps = self.steps(section, Action.ADD, Action.CHANGE)
        for entry in section.entries:
            if isinstance(entry, RowsEntry):
                self._add_rows(steps, entry)
            elif isinstance(entry, LinksEntry):
                pk_of = partial(self._pk, entry.section)
                self._link(steps, entry.name, entry.through, entry.owner, entry.other, pk_of)
            elif isinstance(entry, PermissionsEntry):
                self._grant_pages(steps, entry)
        if section is SERVICES:
            for step in steps:
                self._set_webhook_secrets(step)

    def _remove_rows(self, section: Section, entry: RowsEntry) -> None:
        """Rows that go, before others may take what they hold."""
        lost = {
            (step.pk, item)
            for step, old, new in _changed(self.steps(section, Action.CHANGE), entry.name)
            for item in old
            if item not in new
        }
        lost |= {(step.pk, item) for step in self.steps(section, Action.REMOVE) for item in step.values[entry.name]}
        _delete(entry.model, entry.owner, entry.column, lost)

    def _add_rows(self, steps: list[Step], entry: RowsEntry) -> None:
        rows = [
            entry.model(**{f"{entry.owner}_id": step.pk, entry.column: item})
            for step, old, new in _changed(steps, entry.name)
            for item in new
            if item not in old
        ]
        entry.model._default_manager.bulk_create(rows, batch_size=BATCH)

    def _link(
        self,
        steps: list[Step],
        name: str,
        through: type[models.Model],
        owner: str,
        other: str,
        pk_of: Callable[[str], Any],
    ) -> None:
        gained, lost = [], set()
        for step, old, new in _changed(steps, name):
            gained += [
                through(**{f"{owner}_id": step.pk, f"{other}_id": pk_of(item)}) for item in new if item not in old
            ]
            lost |= {(step.pk, pk_of(item)) for item in old if item not in new}
        _delete(through, owner, f"{other}_id", lost)
        through._default_manager.bulk_create(gained, batch_size=BATCH)

    def _grant_pages(self, steps: list[Step], entry: PermissionsEntry) -> None:
        if not any(_changed(steps, entry.name)):
            return
        rows = Permission.objects.order_by().values_list("content_type__app_label", "codename", "pk")
        pks = {f"{app}.{codename}": pk for app, codename, pk in rows}
        self._link(steps, entry.name, Group.permissions.through, "group", "permission", pks.__getitem__)

    def _set_webhook_secrets(self, step: Step) -> None:
        for change in step.changes:
            if change.entry.name != "webhook_secrets":
                continue
            service = MessagingService.objects.get(pk=step.pk)
            wanted = list(change.new)
            for stored in WebhookSecret.objects.filter(service=service):
                match = next(
                    (secret for secret in wanted if (secret.text, secret.note) == (stored.secret, stored.note)), None
                )
                if match is None:
                    stored.delete()
                else:
                    wanted.remove(match)
            for secret in wanted:
                WebhookSecret.objects.create(
                    service=service, secret=secret.text, note=secret.note, added_at=timezone.now()
                )

    def _remove(self, section: Section) -> None:
        pks = [step.pk for step in self.steps(section, Action.REMOVE)]
        if pks:
            section.model._default_manager.filter(pk__in=pks).delete()


def _changed(steps: Iterable[Step], name: str) -> Iterator[tuple[Step, list[str], list[str]]]:
    for step in steps:
        for change in step.changes:
            if change.entry.name == name:
                yield step, ([] if step.deed == Action.ADD else change.old), change.new


def _delete(model: type[models.Model], owner: str, column: str, pairs: set[tuple[Any, Any]]) -> None:
    """Delete the rows with these owners and values."""
    if not pairs:
        return
    owners = {pk for pk, _ in pairs}
    rows = model._default_manager.order_by().filter(**{f"{owner}__in": owners}).values_list("pk", f"{owner}_id", column)
    gone = [pk for pk, of, value in rows if (of, value) in pairs]
    model._default_manager.filter(pk__in=gone).delete()
