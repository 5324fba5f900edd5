"""Writing what a plan says, with statements by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.utils import timezone

from channels_cfg.configuration_file.authentications import write_authentications
from channels_cfg.configuration_file.entries import (
    FieldEntry,
    LinkEntry,
    LinksEntry,
    PermissionsEntry,
    RowsEntry,
    Secret,
    SecretsEntry,
    changed_items,
)
from channels_cfg.configuration_file.parts import PartsEntry
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import BY_NAME, CONNECTIONS, SECTIONS, SERVICES, USERS
from channels_cfg.history.change_set import Action
from channels_cfg.history.record_writing import BATCH, change_in_bulk
from channels_cfg.keys.catalogue import rename_in_lists
from channels_cfg.models import DataActionCredential, SystemSettings, WebhookSecret

if TYPE_CHECKING:
    from channels_cfg.configuration_file.plan import Plan, RecordPlan


class PlanWriter:
    """Statements by section, not by record."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pks: dict[str, dict[str, Any]] = {}

    def records(self, section: Section, *actions: Action) -> list[RecordPlan]:
        return [record for record in self.plan.records if record.section is section and record.action in actions]

    def write(self) -> None:
        """What goes frees its names first, where nothing else needs it; the rest goes last."""
        sections = [section for section in SECTIONS if any(record.section is section for record in self.plan.effects)]
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

    def _fields(self, record: RecordPlan, only: Iterable[str] | None = None) -> dict[str, Any]:
        """The columns of the record's own row."""
        columns = {}
        for entry in record.section.entries:
            if only is not None and entry.name not in only:
                continue
            if isinstance(entry, LinkEntry):
                name = record.values[entry.name]
                columns[f"{entry.name}_id"] = self._pk(entry.section, name) if name else None
            elif isinstance(entry, FieldEntry):
                columns[entry.name] = record.values[entry.name]
            elif isinstance(entry, SecretsEntry) and not entry.several and (found := record.secrets.get(entry.name)):
                columns[entry.name] = found[0].text
        return columns

    def _add(self, section: Section) -> None:
        records = self.records(section, Action.ADD)
        # Nobody signs in with these before a password is set; nobody could know its hash either.
        password = {"password": make_password(None)} if section is USERS and records else {}
        made = [section.model(**self._fields(record), **password) for record in records]
        section.model._default_manager.bulk_create(made, batch_size=BATCH)
        for record, row in zip(records, made, strict=True):
            record.pk = row.pk
        self.pks.pop(section.name, None)

    def _change(self, section: Section) -> None:
        records = self.records(section, Action.CHANGE)
        if section.is_single:
            for record in records:
                settings = SystemSettings.load()
                for name, value in self._fields(record).items():
                    setattr(settings, name, value)
                settings.save()
            return
        changed = {record.pk: {change.entry.name for change in record.changes} for record in records}
        columns = {record.pk: self._fields(record, changed[record.pk]) for record in records}
        change_in_bulk(section.model, {pk: found for pk, found in columns.items() if found})

    def _join(self, section: Section) -> None:
        records = self.records(section, Action.ADD, Action.CHANGE)
        for entry in section.entries:
            if isinstance(entry, RowsEntry):
                self._add_rows(records, entry)
            elif isinstance(entry, PartsEntry):
                entry.write(records, self._pk)
            elif isinstance(entry, LinksEntry):
                pk_of = partial(self._pk, entry.section)
                self._link(records, entry.name, entry.through, entry.owner, entry.other, pk_of)
            elif isinstance(entry, PermissionsEntry):
                self._grant_pages(records, entry)
        for record in records:
            if section is SERVICES:
                self._set_webhook_secrets(record)
            elif section is CONNECTIONS and (change := record.changed("credentials")):
                _set_credentials(record.pk, change.new)
            elif change := record.changed("authentications"):
                write_authentications(record.pk, change.new)

    def _remove_rows(self, section: Section, entry: RowsEntry) -> None:
        """Rows that go, before others may take what they hold."""
        changed = self.records(section, Action.CHANGE)
        lost = {(record.pk, item) for record, _, items in _gained_and_lost(changed, entry.name) for item in items}
        removed = self.records(section, Action.REMOVE)
        lost |= {(record.pk, item) for record in removed for item in record.values[entry.name]}
        _delete(entry.model, entry.owner, entry.column, lost)

    def _add_rows(self, records: list[RecordPlan], entry: RowsEntry) -> None:
        rows = [
            entry.model(**{f"{entry.owner}_id": record.pk, entry.column: item})
            for record, gained, _ in _gained_and_lost(records, entry.name)
            for item in gained
        ]
        entry.model._default_manager.bulk_create(rows, batch_size=BATCH)

    def _link(
        self,
        records: list[RecordPlan],
        name: str,
        through: type[models.Model],
        owner: str,
        other: str,
        pk_of: Callable[[str], Any],
    ) -> None:
        made, gone = [], set()
        for record, gained, lost in _gained_and_lost(records, name):
            made += [through(**{f"{owner}_id": record.pk, f"{other}_id": pk_of(item)}) for item in gained]
            gone |= {(record.pk, pk_of(item)) for item in lost}
        _delete(through, owner, f"{other}_id", gone)
        through._default_manager.bulk_create(made, batch_size=BATCH)

    def _grant_pages(self, records: list[RecordPlan], entry: PermissionsEntry) -> None:
        if not any(record.changed(entry.name) for record in records):
            return
        rows = Permission.objects.order_by().values_list("content_type__app_label", "codename", "pk")
        pks = {f"{app}.{codename}": pk for app, codename, pk in rows}
        self._link(records, entry.name, Group.permissions.through, "group", "permission", pks.__getitem__)

    def _set_webhook_secrets(self, record: RecordPlan) -> None:
        change = record.changed("webhook_secrets")
        if change is None:
            return
        wanted = {(secret.text, secret.note) for secret in change.new}
        for stored in WebhookSecret.objects.filter(service=record.pk):
            if (stored.secret, stored.note) in wanted:
                wanted.remove((stored.secret, stored.note))
            else:
                stored.delete()
        for text, note in sorted(wanted):
            WebhookSecret.objects.create(service_id=record.pk, secret=text, note=note, added_at=timezone.now())

    def _remove(self, section: Section) -> None:
        pks = [record.pk for record in self.records(section, Action.REMOVE)]
        if pks:
            section.model._default_manager.filter(pk__in=pks).delete()


def _set_credentials(connection: Any, wanted: Iterable[Secret]) -> None:
    """Have exactly these, leaving alone those that are so already."""
    missing = {secret.note: secret.text for secret in wanted}
    for stored in DataActionCredential.objects.filter(connection=connection):
        if missing.get(stored.name) == stored.secret:
            del missing[stored.name]
        else:
            stored.delete()
    for name, text in sorted(missing.items()):
        DataActionCredential.objects.create(connection_id=connection, name=name, secret=text)


def _gained_and_lost(records: Iterable[RecordPlan], name: str) -> Iterator[tuple[RecordPlan, list[str], list[str]]]:
    for record in records:
        if change := record.changed(name):
            old = [] if record.action == Action.ADD else change.old
            yield record, *changed_items(old, change.new)


def _delete(model: type[models.Model], owner: str, column: str, pairs: set[tuple[Any, Any]]) -> None:
    """Delete the rows with these owners and values."""
    if not pairs:
        return
    owners = {pk for pk, _ in pairs}
    rows = model._default_manager.order_by().filter(**{f"{owner}__in": owners}).values_list("pk", f"{owner}_id", column)
    gone = [pk for pk, of, value in rows if (of, value) in pairs]
    model._default_manager.filter(pk__in=gone).delete()
