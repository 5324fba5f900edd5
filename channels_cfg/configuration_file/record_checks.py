"""What is wrong with records as they would be: a missing value, a link to nothing, a broken rule of the model."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.authentications import KnownAuthentication
from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.entries import (
    FieldEntry,
    FileEntry,
    LinkEntry,
    LinksEntry,
    ListEntry,
    OrderedLinksEntry,
    PermissionsEntry,
    RowsEntry,
    SecretsEntry,
    first_ones,
)
from channels_cfg.configuration_file.nodes import Node
from channels_cfg.configuration_file.parts import PartsEntry
from channels_cfg.configuration_file.plan import RecordPlan
from channels_cfg.configuration_file.section import Key, Section
from channels_cfg.configuration_file.sections import (
    ACCESS_RIGHTS,
    BY_NAME,
    CHANNELS,
    DATA_ACTIONS,
    GROUPS,
    IVRS,
    QUEUES,
    SERVICES,
    USERS,
)
from channels_cfg.history.change_set import Action
from channels_cfg.integrations.action_calls import KnownAction
from channels_cfg.models import (
    PLACES,
    Channel,
    DataAction,
    Integration,
    IvrDefinition,
    IvrStep,
    MetadataDestination,
    Queue,
)
from channels_cfg.models.called_actions import known_action
from channels_cfg.models.channel import KIND_IS_FIXED
from channels_cfg.models.queue import CHANNEL_IS_FIXED, LED_TO_BY_IVR, SERVED_QUEUE_IS_FIXED
from channels_cfg.rights.roles import CONFIGURATOR


class RecordChecks:
    """Refuses records of a draft. Their constraints are checked for all of them at once, since each would ask the
    database; the rest, record by record."""

    def __init__(self, draft: DraftSettings) -> None:
        self.draft = draft
        self._made: dict[tuple[str, Key], models.Model] = {}

    def check(self, section: Section) -> None:
        for record in self.draft.of(section):
            self.draft.passed()
            if record.action != Action.REMOVE and record.node and isinstance(record.node.value, dict):
                self._check(record)

    def _check(self, record: RecordPlan) -> None:
        for entry in record.section.entries:
            self._check_needed(record, entry)
            self._check_links(record, entry)
        if record.action != Action.SAME:
            self._check_rules(record)
            self._check_fixed(record)

    def _check_needed(self, record: RecordPlan, entry: FileEntry) -> None:
        if not isinstance(entry, FieldEntry) or entry.is_optional:
            return
        if record.values[entry.name] in ("", None, []) and entry.name not in record.misread:
            _before, example, what = entry.help_text.partition(_("Example: "))
            hint = f" {example}{what}" if what else ""
            about = {"record": capfirst(str(record.section.any_noun)), "setting": entry.name, "hint": hint}
            self.draft.refuse(record, _("%(record)s needs “%(setting)s”.%(hint)s") % about, entry=entry.name)

    def _check_links(self, record: RecordPlan, entry: FileEntry) -> None:
        if isinstance(entry, PartsEntry):
            self._check_links_of_parts(record, entry)
        if not isinstance(entry, LinkEntry | LinksEntry | OrderedLinksEntry | PermissionsEntry):
            return
        value = record.values[entry.name]
        for name in value if isinstance(value, list) else [value]:
            if name and (why := self._no_such(entry, name)):
                self.draft.refuse(record, why, entry=entry.name, node=node_of_item(record, entry, name))

    def _check_links_of_parts(self, record: RecordPlan, entry: PartsEntry) -> None:
        for number, part in enumerate(record.values[entry.name]):
            for link in entry.links:
                if part[link.name] and (why := self._no_such(link, part[link.name])):
                    self.draft.refuse(record, why, node=entry.node_of(record, number, link.name))

    def _no_such(self, entry: LinkEntry | LinksEntry | OrderedLinksEntry | PermissionsEntry, name: str) -> str:
        if isinstance(entry, PermissionsEntry):
            if name in self._permissions:
                return ""
            about = {"name": name, "near": self.draft.near(name, self._permissions)}
            return _("There is no page right “%(name)s”.%(near)s") % about
        target = BY_NAME[entry.section]
        if (name,) in self.draft.final(target):
            return ""
        if (name,) in self.draft.current.records(target):
            return _("The same file removes %(target)s “%(name)s”.") % {"target": target.noun, "name": name}
        near = self.draft.near(name, (key[0] for key in self.draft.final(target)))
        about = {"target": str(target.noun), "name": name[:100], "near": near}
        return _("There is no %(target)s “%(name)s”.%(near)s") % about

    @cached_property
    def _permissions(self) -> set[str]:
        names = Permission.objects.order_by().values_list("content_type__app_label", "codename")
        return {f"{app}.{codename}" for app, codename in names}

    def _check_rules(self, record: RecordPlan) -> None:
        """What the model says of the record and of what it points to. Its values were checked when they were read;
        where the one could not be read that decides which rules there are, there are none."""
        entries = record.section.by_name
        if any(isinstance(entry := entries[name], FieldEntry) and entry.field.choices for name in record.misread):
            return
        made = self._model_of(record.section, record.values)
        self._have_secrets(made, record)
        if isinstance(made, MetadataDestination):
            made.pk = record.pk
            made.secret_is_new = "secret" in record.secrets
        if isinstance(made, Integration):
            if "authentications" in record.misread:
                return
            made.pk = record.pk
            made.kept_secrets = [] if "authentications" in record.secrets else None
            given = record.secrets.get("authentications", self.draft.current.authentications[record.pk])
            made.given_authentications = {one.note: one.kind for one in given if isinstance(one, KnownAuthentication)}
            made.given_actions = self._callable_actions
        self._obey(made, record)
        for entry in record.section.entries:
            if isinstance(entry, RowsEntry):
                for item in record.values[entry.name]:
                    row = entry.model(**{entry.owner: made, entry.column: item})
                    self._obey(row, record, entry=entry, node=node_of_item(record, entry, item))
            elif isinstance(entry, PartsEntry) and not record.misread and isinstance(made, IvrDefinition):
                self._check_steps(record, entry, made)

    def _have_secrets(self, made: models.Model, record: RecordPlan) -> None:
        """Of its own secrets those that the file gives, else those that are stored."""
        for entry in record.section.entries:
            if isinstance(entry, SecretsEntry) and not entry.several:
                given = record.secrets.get(entry.name)
                stored = self.draft.current.own_secret(record.section, record.pk, entry.name)
                setattr(made, entry.name, given[0].text if given else stored)

    @cached_property
    def _callable_actions(self) -> dict[str, KnownAction]:
        """The published data actions as they would be, by name."""
        return {
            values["name"]: known_action(values["request_type"], values["input_schema"])
            for values in self.draft.final(DATA_ACTIONS).values()
            if values["state"] == DataAction.State.PUBLISHED
            and values["action_type"] != DataAction.ActionType.CUSTOM_AUTH
        }

    def _check_steps(self, record: RecordPlan, entry: PartsEntry, ivr: IvrDefinition) -> None:
        """What is wrong with the steps, where nothing else is wrong."""
        if record.problems:
            return
        steps: list[IvrStep] = []
        for position, part in enumerate(record.values[entry.name]):
            linked = {link.name: self._linked(BY_NAME[link.section], (part[link.name],)) for link in entry.links}
            steps.append(IvrStep(**part | linked, position=position))
        numbers = {step.name: step.position for step in reversed(steps)}
        for fault in ivr.faults(steps):
            if fault.step in numbers:
                node = entry.node_of(record, numbers[fault.step], fault.field)
                self.draft.refuse(record, fault.text, node=node)
            else:
                self.draft.refuse(record, fault.text, entry=fault.field or entry.name)

    def _obey(
        self, made: models.Model, record: RecordPlan, *, entry: FileEntry | None = None, node: Node | None = None
    ) -> None:
        """Refuse the record for what the model refuses; of a row of the record, for its entry. What could not be read
        is refused already."""
        try:
            made.clean()
        except ValidationError as refused:
            for name, messages in refused.message_dict.items():
                name = entry.name if entry else name
                if name not in record.misread:
                    self.draft.refuse(record, " ".join(messages), entry=name, node=node)

    def _model_of(self, section: Section, values: dict[str, Any]) -> models.Model:
        """The record as it would be, with what it points to."""
        facts = {
            entry.name: values[entry.name]
            for entry in section.entries
            if type(entry) in (FieldEntry, ListEntry, OrderedLinksEntry)
        }
        for entry in section.entries:
            if isinstance(entry, LinkEntry):
                facts[entry.name] = self._linked(BY_NAME[entry.section], (values[entry.name],))
        return section.model(**facts)

    def _linked(self, section: Section, key: Key) -> models.Model | None:
        values = self.draft.final(section).get(key)
        if values is None:
            return None
        if (section.name, key) not in self._made:
            made = self._made[section.name, key] = self._model_of(section, values)
            made.pk = -len(self._made)  # no stored record's, and for each another one
        return self._made[section.name, key]

    # What is fixed, or for others to say

    def _check_fixed(self, record: RecordPlan) -> None:
        values, refuse = record.values, self.draft.refuse
        if record.section is CHANNELS and record.pk and record.changed("kind"):
            self._check_kind(record)
        elif record.section is GROUPS and values["name"] == CONFIGURATOR and values["permissions"]:
            text = _("The pages of this group come with the version of the portal. Leave “permissions” out.")
            refuse(record, text, entry="permissions")
        elif record.section is USERS and self.draft.by and record.pk == self.draft.by.pk and not values["is_active"]:
            refuse(record, _("This is you. Let another administrator deactivate you."), entry="is_active")
        elif record.section is ACCESS_RIGHTS:
            self._check_right(record)

    def _check_right(self, record: RecordPlan) -> None:
        named = {name for name in ACCESS_RIGHTS.identity if record.values[name] or name in record.misread}
        if len(named & {"user", "group"}) != 1:
            self.draft.refuse(record, _("A right is held by one “user” or one “group”: name one of the two."))
        if len(named.intersection(PLACES)) != 1:
            text = _("A right is held on one %(places)s: name one of them.")
            places = get_text_list([f"“{place}”" for place in PLACES], _("or"))
            self.draft.refuse(record, text % {"places": places})

    def _check_kind(self, record: RecordPlan) -> None:
        stored = self.draft.current.records(QUEUES)
        queues = [key[0] for key, queue in stored.items() if (queue.values["channel"],) == record.key]
        if queues:
            text = _("The kind is fixed, because the channel has queues (%(queues)s). Make a new channel instead.")
            self.draft.refuse(record, text % {"queues": first_ones(queues, most=3)}, entry="kind")
        elif any((ivr.values["channel"],) == record.key for ivr in self.draft.current.records(IVRS).values()):
            self.draft.refuse(record, str(KIND_IS_FIXED), entry="kind")


def check_channels_of_queues(draft: DraftSettings) -> None:
    """Queues with conversations keep their channel, those that messaging services lead to stay with a chat, and those
    that an IVR leads to with its channel."""
    moved = {
        record.pk: record
        for record in draft.of(QUEUES)
        if record.pk and not record.problems and record.action == Action.CHANGE and record.changed("channel")
    }
    if not moved:
        return
    served = {values["queue"] for values in draft.final(SERVICES).values()}
    for record in moved.values():
        if record.key[0] in served and draft.kind(record.values) != Channel.Kind.CHAT:
            draft.refuse(record, str(SERVED_QUEUE_IS_FIXED), entry="channel")
    led_to = {(step["queue"], values["channel"]) for values in draft.final(IVRS).values() for step in values["steps"]}
    for record in moved.values():
        if any(queue == record.key[0] and channel != record.values["channel"] for queue, channel in led_to):
            draft.refuse(record, str(LED_TO_BY_IVR), entry="channel")
    conversations = Queue._meta.get_field("conversations").related_model._base_manager
    used = models.Exists(conversations.filter(queue=models.OuterRef("pk")))
    for pk in Queue.objects.filter(pk__in=moved).filter(used).values_list("pk", flat=True):
        draft.refuse(moved[pk], str(CHANNEL_IS_FIXED), entry="channel")


def node_of_item(record: RecordPlan, entry: FileEntry, item: str) -> Node | None:
    """Where the file names the item of a list; otherwise where the entry stands."""
    node = record.nodes.get(entry.name)
    if node and isinstance(node.value, list):
        return next((below for below in node.value if _written_for(entry, below) == item), node)
    return node


def _written_for(entry: FileEntry, node: Node) -> str:
    text = node.value.strip() if isinstance(node.value, str) else ""
    tidy = getattr(entry.model._meta.get_field(entry.column), "tidy", None) if isinstance(entry, RowsEntry) else None
    return tidy(text) if tidy and text else text
