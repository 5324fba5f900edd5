"""What is set now, in the terms of the file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import Group

from channels_cfg.configuration_file.authentications import KnownAuthentication
from channels_cfg.configuration_file.entries import (
    FieldEntry,
    LinkEntry,
    LinksEntry,
    PermissionsEntry,
    RowsEntry,
    Secret,
    Values,
)
from channels_cfg.configuration_file.parts import PartsEntry
from channels_cfg.configuration_file.section import Key, Section
from channels_cfg.configuration_file.sections import BY_NAME, CHANNELS, QUEUES
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.models import Authentication, DataActionCredential, WebhookSecret
from channels_cfg.rights.roles import CONFIGURATOR


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One row with its settings; ``pk`` is None of system settings that nobody has saved yet."""

    pk: Any
    values: Values


class CurrentSettings:
    """The settings as they stand, read section by section when first asked for; a constant number of queries each."""

    def __init__(self) -> None:
        self._records: dict[str, dict[Key, StoredRecord]] = {}
        self._own_secrets: dict[tuple[str, str], dict[Any, str]] = {}

    def records(self, section: Section) -> dict[Key, StoredRecord]:
        """The records of a section by their key, sorted by it."""
        if section.name not in self._records:
            found = {section.key(record.values): record for record in self._read(section)}
            self._records[section.name] = dict(sorted(found.items()))
        return self._records[section.name]

    def _read(self, section: Section) -> list[StoredRecord]:
        columns = {
            entry.name: f"{entry.name}__{BY_NAME[entry.section].identity[0]}"
            if isinstance(entry, LinkEntry)
            else entry.name
            for entry in section.entries
            if isinstance(entry, FieldEntry)
        }
        rows = section.model._default_manager.order_by().values_list("pk", *columns.values())
        links = {entry.name for entry in section.entries if isinstance(entry, LinkEntry)}
        records = [StoredRecord(pk, dict(zip(columns, row, strict=True))) for pk, *row in rows]
        for record in records:
            for name in links:
                record.values[name] = record.values[name] or ""
        if section.is_single and not records:
            records = [StoredRecord(None, section.defaults())]
        by_pk = {record.pk: record for record in records}
        for entry in section.entries:
            self._join(section, entry, by_pk)
        if section in (CHANNELS, QUEUES):
            self._drop_lists_that_say_nothing(records)
        return records

    def _join(self, section: Section, entry: Any, by_pk: dict[Any, StoredRecord]) -> None:
        """Add what stands in other tables."""
        if isinstance(entry, PartsEntry):
            for record in by_pk.values():
                record.values[entry.name] = []
            for owner, part in entry.stored(lambda section: BY_NAME[section].identity[0]):
                by_pk[owner].values[entry.name].append(part)
            return
        if isinstance(entry, LinksEntry):
            identity = BY_NAME[entry.section].identity[0]
            pairs: Any = entry.through._default_manager.values_list(f"{entry.owner}_id", f"{entry.other}__{identity}")
        elif isinstance(entry, RowsEntry):
            pairs = entry.model._default_manager.order_by().values_list(f"{entry.owner}_id", entry.column)
        elif isinstance(entry, PermissionsEntry):
            granted = Group.permissions.through._default_manager.exclude(group__name=CONFIGURATOR)
            pairs = [
                (group, f"{app}.{codename}")
                for group, app, codename in granted.values_list(
                    "group_id", "permission__content_type__app_label", "permission__codename"
                )
            ]
        else:
            return
        for record in by_pk.values():
            record.values[entry.name] = []
        for owner, name in pairs:
            by_pk[owner].values[entry.name].append(name)
        for record in by_pk.values():
            record.values[entry.name].sort()

    def _drop_lists_that_say_nothing(self, records: list[StoredRecord]) -> None:
        """A chat has no list for connecting; what may stand there all the same counts for nothing."""
        for record in records:
            kind = self._kind(record.values)
            for name in EXTRA_DATA_LISTS:
                if kind and name not in LISTS_OF_KIND[kind]:
                    record.values[name] = []

    def _kind(self, values: Values) -> str:
        """The kind of a channel, or of a queue's channel."""
        if "kind" in values:
            return str(values["kind"])
        channel = self.records(CHANNELS).get((values["channel"],))
        return str(channel.values["kind"]) if channel else ""

    def own_secret(self, section: Section, pk: Any, name: str) -> str:
        """The stored secret in a field of the record itself, for checking and comparing only; empty where none is."""
        if (section.name, name) not in self._own_secrets:
            stored = section.model._default_manager.exclude(**{name: ""}).values_list("pk", name)
            self._own_secrets[section.name, name] = dict(stored)
        return self._own_secrets[section.name, name].get(pk, "")

    @cached_property
    def webhook_secrets(self) -> dict[Any, list[Secret]]:
        """The stored webhook secrets by messaging service, for comparing only."""
        stored: dict[Any, list[Secret]] = defaultdict(list)
        for secret in WebhookSecret.objects.all():
            stored[secret.service_id].append(Secret(secret.secret, secret.note))
        return stored

    @cached_property
    def authentications(self) -> dict[Any, list[Secret]]:
        """The stored authentications by integration, for checking and comparing only."""
        stored: dict[Any, list[Secret]] = defaultdict(list)
        for authentication in Authentication.objects.all():
            stored[authentication.integration_id].append(KnownAuthentication.of(authentication))
        return stored

    @cached_property
    def credentials(self) -> dict[Any, list[Secret]]:
        """The stored credentials by connection of data actions, for comparing only."""
        stored: dict[Any, list[Secret]] = defaultdict(list)
        for credential in DataActionCredential.objects.all():
            stored[credential.connection_id].append(Secret(credential.secret, credential.name))
        return stored

    def secrets(self, section: Section, pk: Any, name: str) -> list[Secret]:
        """Those stored of a record, by its primary key, for one of its entries."""
        if name == "authentications":
            return self.authentications[pk]
        if name == "webhook_secrets":
            return self.webhook_secrets[pk]
        if name == "credentials":
            return self.credentials[pk]
        own = self.own_secret(section, pk, name)
        return [Secret(own)] if own else []
