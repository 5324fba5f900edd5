"""The sections of the file, in the order in which one needs the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from channels_cfg.configuration_file.entries import (
    Entry,
    FieldEntry,
    LinkEntry,
    LinksEntry,
    ListEntry,
    PermissionsEntry,
    RowsEntry,
    SecretsEntry,
    Values,
    label_of,
)
from channels_cfg.models import (
    AccessRight,
    AttachedKey,
    AttachedKeyAlias,
    Channel,
    MessagingService,
    Queue,
    QueueAddress,
    QueueGroup,
    Right,
    SystemSettings,
    User,
)

Key = tuple[str, ...]
"""What tells a record from the others of its section: its name, or all that a right says."""


@dataclass(frozen=True)
class Section:
    """One kind of record: which of its settings the file holds, and what tells one record from another."""

    name: str
    model: type[models.Model]
    entries: tuple[Entry, ...]
    identity: tuple[str, ...] = ("name",)
    one: str = ""
    """What one record is called: ``queue``."""
    title: Callable[[Values], str] | None = None
    not_in_file: frozenset[str] = frozenset({"id"})
    """Fields that are no settings, or not this section's."""

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.entries}

    @property
    def is_single(self) -> bool:
        return not self.identity

    def key(self, values: Values) -> Key:
        return tuple(str(values.get(name) or "") for name in self.identity)

    def called(self, values: Values) -> str:
        """``queue “Chat sales”``, as sentences name the record."""
        if self.is_single:
            return self.one
        if self.title:
            return self.title(values)
        return f"{self.one} “{values.get(self.identity[0], '')}”"

    def defaults(self) -> Values:
        return {entry.name: _copied(entry.default) for entry in self.entries if not entry.is_secret}


_LABELS = {"is_staff": "May open the System Configurator"}
"""What the pages call a setting otherwise than its model."""


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _entries(model: type[models.Model], *, without: Iterable[str] = (), links: dict[str, str] | None = None) -> Any:
    """An entry for each field of the model, in its order, lists last."""
    for field in sorted(model._meta.concrete_fields, key=lambda field: isinstance(field, ArrayField)):
        if field.primary_key or field.name in without:
            continue
        default = field.get_default() if field.default is not NOT_PROVIDED else None if field.null else ""
        facts: dict[str, Any] = {
            "name": field.name,
            "label": _LABELS.get(field.name) or label_of(field),
            "default": default,
            "help_text": str(field.help_text),
            "field": field,
        }
        if isinstance(field, models.ForeignKey):
            yield LinkEntry(**facts | {"section": (links or {})[field.name], "default": ""})
        else:
            yield ListEntry(**facts) if isinstance(field, ArrayField) else FieldEntry(**facts)


def _right_in_words(values: Values) -> str:
    place = (
        (f"queue “{values['queue']}”" if values.get("queue") else "")
        or (f"all queues of “{values['queue_group']}”" if values.get("queue_group") else "")
        or f"direct conversations of “{values.get('direct_conversations_of') or ''}”"
    )
    holder = f"user “{values['user']}”" if values.get("user") else f"group “{values.get('group') or ''}”"
    right = dict(Right.choices).get(str(values.get("right")), values.get("right") or "?")
    return f"{holder}: {right} on {place}"


_PASSWORDS = ("password", "last_login", "date_joined")
_OF_RIGHTS = {
    "user": "users",
    "group": "groups",
    "queue": "queues",
    "queue_group": "queue_groups",
    "direct_conversations_of": "groups",
}
_MEMBERS: type[models.Model] = User.groups.through
_GROUPED: type[models.Model] = Queue.groups.through

SYSTEM = Section(
    "system_settings", SystemSettings, tuple(_entries(SystemSettings)), identity=(), one="the system settings"
)
KEYS = Section(
    "keys",
    AttachedKey,
    (
        *_entries(AttachedKey),
        RowsEntry(
            "aliases",
            "Other names",
            help_text="Other names under which the key comes in. Example: custmerType, customer_type",
            model=AttachedKeyAlias,
            owner="key",
            column="name",
        ),
    ),
    one="key",
)
CHANNELS = Section("channels", Channel, tuple(_entries(Channel)), one="channel")
QUEUE_GROUPS = Section("queue_groups", QueueGroup, tuple(_entries(QueueGroup)), one="queue group")
QUEUES = Section(
    "queues",
    Queue,
    (
        *_entries(Queue, links={"channel": "channels"}),
        LinksEntry(
            "groups",
            "Queue groups",
            help_text="A right on the group is a right on this queue. Example: Nordic sales",
            section="queue_groups",
            through=_GROUPED,
            owner="queue",
            other="queuegroup",
        ),
        RowsEntry(
            "addresses",
            "Addresses",
            help_text="Where customers reach the queue. Example: +358401234567, sales@example.com",
            model=QueueAddress,
            owner="queue",
            column="address",
        ),
    ),
    one="queue",
)
GROUPS = Section(
    "groups",
    Group,
    (
        *_entries(Group),
        PermissionsEntry("permissions", "Pages of the System Configurator", help_text="channels_cfg.change_queue"),
    ),
    one="group",
)
USERS = Section(
    "users",
    User,
    (
        *_entries(User, without=_PASSWORDS),
        LinksEntry(
            "groups",
            "Groups",
            help_text="Every right of the group is a right of the user. Example: Agent",
            section="groups",
            through=_MEMBERS,
            owner="user",
            other="group",
        ),
    ),
    identity=("username",),
    one="user",
    not_in_file=frozenset({"id", *_PASSWORDS}),
)
ACCESS_RIGHTS = Section(
    "access_rights",
    AccessRight,
    tuple(_entries(AccessRight, links=_OF_RIGHTS)),
    identity=("user", "group", "right", "queue", "queue_group", "direct_conversations_of"),
    one="access right",
    title=_right_in_words,
)
SERVICES = Section(
    "messaging_services",
    MessagingService,
    (
        *_entries(MessagingService, without=["key_secret"], links={"queue": "queues"}),
        SecretsEntry("key_secret", "Access key secret", several=False),
        SecretsEntry("webhook_secrets", "Webhook secrets"),
    ),
    one="messaging service",
    not_in_file=frozenset({"id"}),
)

SECTIONS = (SYSTEM, KEYS, CHANNELS, QUEUE_GROUPS, QUEUES, GROUPS, USERS, ACCESS_RIGHTS, SERVICES)
BY_NAME = {section.name: section for section in SECTIONS}
