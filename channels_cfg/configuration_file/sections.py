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
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.configuration_file.entries import (
    FieldEntry,
    FileEntry,
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
    WebhookSecret,
)

Key = tuple[str, ...]
"""What tells a record from the others of its section: its name, or all that a right says."""


@dataclass(frozen=True)
class Section:
    """One kind of record: which of its settings the file holds, and what tells one record from another."""

    name: str
    model: type[models.Model]
    entries: tuple[FileEntry, ...]
    identity: tuple[str, ...] = ("name",)
    noun: str | Promise = ""
    """What one record is called: ``queue``."""
    any_noun: str | Promise = ""
    """Any record of the kind: ``a queue``."""
    title: Callable[[Values], str] | None = None
    not_in_file: frozenset[str] = frozenset({"id"})
    """Fields that are no settings, or not this section's."""

    @cached_property
    def by_name(self) -> dict[str, FileEntry]:
        return {entry.name: entry for entry in self.entries}

    @property
    def plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def permission(self, verb: str) -> str:
        """``channels_cfg.change_queue``"""
        return f"{self.model._meta.app_label}.{verb}_{self.model._meta.model_name}"

    @property
    def is_single(self) -> bool:
        return not self.identity

    def key(self, values: Values) -> Key:
        return tuple(str(values.get(name) or "") for name in self.identity)

    def called(self, values: Values) -> str:
        """``queue “Chat sales”``, as sentences name the record."""
        if self.is_single:
            return str(self.noun)
        if self.title:
            return self.title(values)
        return _("%(kind)s “%(name)s”") % {"kind": self.noun, "name": values.get(self.identity[0], "")}

    def defaults(self) -> Values:
        return {entry.name: _copied(entry.default) for entry in self.entries if not entry.is_secret}


_LABELS = {"is_staff": gettext_lazy("May open the System Configurator")}
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
            "title": _LABELS.get(field.name) or label_of(field),
            "default": default,
            "hint": field.help_text,
            "field": field,
        }
        if isinstance(field, models.ForeignKey):
            yield LinkEntry(**facts | {"section": (links or {})[field.name], "default": ""})
        else:
            yield ListEntry(**facts) if isinstance(field, ArrayField) else FieldEntry(**facts)


def _right_in_words(values: Values) -> str:
    place = (
        (_("queue “%(name)s”") % {"name": values["queue"]} if values.get("queue") else "")
        or (_("all queues of “%(group)s”") % {"group": values["queue_group"]} if values.get("queue_group") else "")
        or _("direct conversations of “%(group)s”") % {"group": values.get("direct_conversations_of") or ""}
    )
    if values.get("user"):
        holder = _("user “%(name)s”") % {"name": values["user"]}
    else:
        holder = _("group “%(name)s”") % {"name": values.get("group") or ""}
    right = dict(Right.choices).get(str(values.get("right")), values.get("right") or "?")
    return _("%(holder)s: %(right)s on %(place)s") % {"holder": holder, "right": right, "place": place}


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
    "system_settings",
    SystemSettings,
    tuple(_entries(SystemSettings)),
    identity=(),
    noun=gettext_lazy("the system settings"),
    any_noun=gettext_lazy("the system settings"),
)
KEYS = Section(
    "keys",
    AttachedKey,
    (
        *_entries(AttachedKey),
        RowsEntry(
            "aliases",
            gettext_lazy("Other names"),
            hint=gettext_lazy("Other names under which the key comes in. Example: custmerType, customer_type"),
            model=AttachedKeyAlias,
            owner="key",
            column="name",
        ),
    ),
    noun=gettext_lazy("key"),
    any_noun=gettext_lazy("a key"),
)
CHANNELS = Section(
    "channels",
    Channel,
    tuple(_entries(Channel)),
    noun=gettext_lazy("channel"),
    any_noun=gettext_lazy("a channel"),
)
QUEUE_GROUPS = Section(
    "queue_groups",
    QueueGroup,
    tuple(_entries(QueueGroup)),
    noun=gettext_lazy("queue group"),
    any_noun=gettext_lazy("a queue group"),
)
QUEUES = Section(
    "queues",
    Queue,
    (
        *_entries(Queue, links={"channel": "channels"}),
        LinksEntry(
            "groups",
            gettext_lazy("Queue groups"),
            hint=gettext_lazy("A right on the group is a right on this queue. Example: Nordic sales"),
            section="queue_groups",
            through=_GROUPED,
            owner="queue",
            other="queuegroup",
        ),
        RowsEntry(
            "addresses",
            gettext_lazy("Addresses"),
            hint=gettext_lazy("Where customers reach the queue. Example: +358401234567, sales@example.com"),
            model=QueueAddress,
            owner="queue",
            column="address",
        ),
    ),
    noun=gettext_lazy("queue"),
    any_noun=gettext_lazy("a queue"),
)
GROUPS = Section(
    "groups",
    Group,
    (
        *_entries(Group),
        PermissionsEntry(
            "permissions", gettext_lazy("Pages of the System Configurator"), hint="channels_cfg.change_queue"
        ),
    ),
    noun=gettext_lazy("group"),
    any_noun=gettext_lazy("a group"),
)
USERS = Section(
    "users",
    User,
    (
        *_entries(User, without=_PASSWORDS),
        LinksEntry(
            "groups",
            gettext_lazy("Groups"),
            hint=gettext_lazy("Every right of the group is a right of the user. Example: Agent"),
            section="groups",
            through=_MEMBERS,
            owner="user",
            other="group",
        ),
    ),
    identity=("username",),
    not_in_file=frozenset({"id", *_PASSWORDS}),
    noun=gettext_lazy("user"),
    any_noun=gettext_lazy("a user"),
)
ACCESS_RIGHTS = Section(
    "access_rights",
    AccessRight,
    tuple(_entries(AccessRight, links=_OF_RIGHTS)),
    identity=("user", "group", "right", "queue", "queue_group", "direct_conversations_of"),
    noun=gettext_lazy("access right"),
    any_noun=gettext_lazy("an access right"),
    title=_right_in_words,
)
SERVICES = Section(
    "messaging_services",
    MessagingService,
    (
        *_entries(MessagingService, without=["key_secret"], links={"queue": "queues"}),
        SecretsEntry(
            "key_secret",
            gettext_lazy("Access key secret"),
            several=False,
            field=MessagingService._meta.get_field("key_secret"),
        ),
        SecretsEntry(
            "webhook_secrets",
            gettext_lazy("Webhook secrets"),
            field=WebhookSecret._meta.get_field("secret"),
        ),
    ),
    noun=gettext_lazy("messaging service"),
    any_noun=gettext_lazy("a messaging service"),
)

SECTIONS = (SYSTEM, KEYS, CHANNELS, QUEUE_GROUPS, QUEUES, GROUPS, USERS, ACCESS_RIGHTS, SERVICES)
BY_NAME = {section.name: section for section in SECTIONS}
