"""Comparing a file with what is set now: what would be added, changed, removed, refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg.configuration_file.entries import (
    Entry,
    FieldEntry,
    LinkEntry,
    LinksEntry,
    ListEntry,
    PermissionsEntry,
    Refused,
    RowsEntry,
    SecretsEntry,
    Values,
)
from channels_cfg.configuration_file.nodes import Node, Problem, did_you_mean
from channels_cfg.configuration_file.plan import Change, Plan, Step
from channels_cfg.configuration_file.sections import (
    BY_NAME,
    CHANNELS,
    GROUPS,
    KEYS,
    QUEUES,
    SECTIONS,
    SERVICES,
    SYSTEM,
    USERS,
    Key,
    Section,
)
from channels_cfg.configuration_file.state import State
from channels_cfg.history.change_set import Action
from channels_cfg.key_names import look_alikes
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.keys.sensitive import lists_that_lose_the_mark
from channels_cfg.models import Channel, MessagingService, Queue, User
from channels_cfg.models.queue import CHANNEL_IS_FIXED, SERVED_QUEUE_IS_FIXED
from channels_cfg.rights.roles import CONFIGURATOR, DEFAULT_ROLES

VERSION = "1"
HEADER = "keepsake_configuration"
COMPLETE = "complete"
MOST_GUESSES = 100

_NEEDS = {
    Action.ADD: ("add", gettext_lazy("You may not add %(records)s. Ask who administers the groups for that right.")),
    Action.CHANGE: (
        "change",
        gettext_lazy("You may not change %(records)s. Ask who administers the groups for that right."),
    ),
    Action.REMOVE: (
        "delete",
        gettext_lazy("You may not delete %(records)s. Ask who administers the groups for that right."),
    ),
}
"""The permission that a deed takes, and what somebody without it is told."""


class Environment:
    """Where references to secrets are looked up. ``beginning`` limits which variables a file may name."""

    def __init__(self, variables: Mapping[str, str], *, beginning: str = "") -> None:
        self.variables = variables
        self.beginning = beginning
        self.hint = (
            f" {_('Here only names that begin with %(beginning)s are read.') % {'beginning': beginning}}"
            if beginning
            else ""
        )

    def get(self, name: str) -> str:
        return self.variables.get(name, "") if name.startswith(self.beginning) else ""


def plan_file(root: Node, *, environment: Environment, by: User | None = None) -> Plan:
    """What the file would do. ``by`` is who must be allowed to do it; None may do everything."""
    problems = list(_problems_of_header(root))
    entries = root.value if isinstance(root.value, dict) else {}
    complete = False
    if COMPLETE in entries:
        complete = entries[COMPLETE].value == "true"
        if entries[COMPLETE].value not in ("true", "false"):
            problems.append(entries[COMPLETE].problem(_("Write true or false.")))
    sections = {name: node for name, node in entries.items() if name in BY_NAME}
    plan = plan_sections(sections, complete=complete, environment=environment, by=by)
    plan.own_problems[:0] = problems
    return plan


def _problems_of_header(root: Node) -> Iterator[Problem]:
    if not isinstance(root.value, dict):
        yield root.problem(
            _("This is no configuration of Keepsake: it begins with %(header)s: %(version)s")
            % {"header": HEADER, "version": VERSION}
        )
        return
    header = root.value.get(HEADER)
    if header is None:
        yield Problem(
            root.place,
            "",
            _("The first line is missing: %(header)s: %(version)s") % {"header": HEADER, "version": VERSION},
        )
    elif header.value != VERSION:
        yield header.problem(
            _("This version reads %(header)s: %(version)s. A file of a newer Keepsake needs that one.")
            % {"header": HEADER, "version": VERSION}
        )
    known = [HEADER, COMPLETE, *BY_NAME]
    for name, node in root.value.items():
        if name not in known:
            yield Problem(
                node.name_place,
                node.path,
                _("There is no section “%(name)s”.%(did_you_mean)s")
                % {"name": name[:80], "did_you_mean": did_you_mean(name, known)},
            )


def plan_sections(
    sections: Mapping[str, Node], *, complete: bool, environment: Environment, by: User | None = None
) -> Plan:
    """What these sections would do; a fixed number of queries for any number of records.

    Complete sections are all there is: what they leave out is removed, and a setting that a record leaves out has its
    default. Of others, what is left out stays as it is.
    """
    return _Planner(sections, complete=complete, environment=environment, by=by).plan()


class _Planner:
    def __init__(self, nodes: Mapping[str, Node], *, complete: bool, environment: Environment, by: User | None) -> None:
        self.nodes = nodes
        self.complete = complete
        self.environment = environment
        self.by = by
        self.state = State()
        self.steps: dict[str, list[Step]] = {}
        self.problems: list[Problem] = []
        self.kept: list[str] = []
        self.renames: dict[str, str] = {}
        self.guesses = 0
        self.channels: dict[str, Values] = {}
        self._final: dict[str, dict[Key, Values]] = {}

    def plan(self) -> Plan:
        sections = [section for section in SECTIONS if section.name in self.nodes and self._may_see(section)]
        for section in sorted(sections, key=lambda section: section is not KEYS):  # lists say keys by their own names
            self.steps[section.name] = self._read(section, self.nodes[section.name])
            if section is CHANNELS:
                self.channels = {step.key[0]: step.values for step in self.steps[section.name]}
        for section in sections:
            self._plan_removals(section)
        for section in sections:
            for step in self.steps[section.name]:
                if step.deed != Action.REMOVE and step.node and isinstance(step.node.value, dict):
                    self._check(step)
            self._check_unique(section)
            self._check_permissions(section)
        self._check_fixed_channels()
        self._tell_renamed_lists()
        self._tell_sensitive_keys()
        self._tell_lost_marks()
        for section in sections:
            self._check_removals(section)
        return Plan(
            [step for section in sections for step in self.steps[section.name]],
            self.problems,
            [section.name for section in SECTIONS if section.name not in self.nodes],
            self.kept,
            self._look_alikes(),
            self.renames,
        )

    # Reading

    def _read(self, section: Section, node: Node) -> list[Step]:
        if section.is_single:
            return [self._step(section, node)]
        if node.value is not None and not isinstance(node.value, list):
            self.problems.append(
                node.problem(
                    _("A list of %(section)s is expected here, not %(kind)s.")
                    % {"section": _plural(section), "kind": node.kind}
                )
            )
            return []
        steps = [self._step(section, item) for item in node.value or []]
        first: dict[Key, Step] = {}
        for step in steps:
            if step.key in first and any(step.key):
                other = first[step.key].node
                step.refuse(
                    _("%(called)s is here twice, first on %(place)s.")
                    % {"called": _capital(step.called), "place": other.place if other else ""}
                )
            first.setdefault(step.key, step)
        return steps

    def _step(self, section: Section, node: Node) -> Step:
        step = Step(section, ("?",), Action.ADD, section.defaults(), node=node)
        if not isinstance(node.value, dict):
            step.refuse(
                _("Settings of %(record)s are expected here, not %(kind)s.")
                % {"record": section.any_one, "kind": node.kind}
            )
            return step
        step.nodes = {name: entry for name, entry in node.value.items() if name in section.by_name}
        for name, stray in node.value.items():
            if name not in section.by_name:
                near = did_you_mean(_by_label(section, name), section.by_name) or did_you_mean(name, section.by_name)
                text = _("%(record)s has no setting “%(name)s”.%(near)s") % {
                    "record": _capital(section.any_one),
                    "name": name[:80],
                    "near": near,
                }
                step.problems.append(Problem(stray.name_place, stray.path, text))
        written = dict(self._written(step))
        step.key = section.key({**section.defaults(), **written})
        record = self.state.records(section).get(step.key)
        if record is not None:
            step.pk, step.deed = record.pk, Action.CHANGE
        starts_from = record.values if record is not None and not self.complete else section.defaults()
        step.values = {**starts_from, **written}
        step.values |= {name: step.misread[name][:100] for name in section.identity if name in step.misread}
        self._empty_lists_of_another_kind(step)
        step.changes = list(self._changes(step, record.values if record else section.defaults()))
        if record is not None and not step.changes:
            step.deed = Action.SAME
        return step

    def _written(self, step: Step) -> Iterator[tuple[str, Any]]:
        for name, node in step.nodes.items():
            entry = step.section.by_name[name]
            try:
                if node.unusable:
                    raise Refused(node.problem(node.unusable))
                if isinstance(entry, SecretsEntry):
                    step.secrets[name] = entry.resolve(node, self.environment)
                else:
                    value = entry.read(node)
                    yield name, self._by_own_names(value) if name in EXTRA_DATA_LISTS else value
            except Refused as refused:
                step.misread[name] = str(node.value or "")
                step.problems += refused.problems

    def _by_own_names(self, listed: list[str]) -> list[str]:
        """Another name of a key is replaced by its own, as the pages do."""
        return list(dict.fromkeys(self._own_names.get(name, name) for name in listed))

    @cached_property
    def _own_names(self) -> dict[str, str]:
        described = "keys" in self.nodes and self.complete
        names = {} if described else {key: record.values for key, record in self.state.records(KEYS).items()}
        names |= {step.key: step.values for step in self.steps.get("keys", [])}
        return {alias: key[0] for key, values in names.items() for alias in values["aliases"]}

    def _tell_renamed_lists(self) -> None:
        """A new other name that a list outside the file says: the list says the key's own name from then on."""
        keys = {alias: step for step in self.steps.get("keys", []) for alias in _gained(step, "aliases")}
        if not keys:
            return
        for section in (SYSTEM, CHANNELS, QUEUES):
            for values in self.final(section).values():
                listed = {name for field in EXTRA_DATA_LISTS for name in values[field]}
                for alias in sorted(keys.keys() & listed):
                    self.renames[alias] = keys[alias].key[0]
                    keys[alias].takes_along.append(
                        _("%(called)s lists it instead of “%(alias)s”")
                        % {"called": section.called(values), "alias": alias}
                    )

    def _tell_sensitive_keys(self) -> None:
        """What lists show of sensitive keys from then on and did not before, parents of keys included."""
        steps = [step for name in ("system_settings", "channels", "queues") for step in self.steps.get(name, [])]
        gained = {id(step): {name for field in EXTRA_DATA_LISTS for name in _gained(step, field)} for step in steps}
        if not any(gained.values()):
            return
        named: dict[str, set[str]] = {}
        for (key, *_more), values in self.final(KEYS).items():
            parts = key.split(".") if values["sensitive"] else []
            for number in range(1, len(parts) + 1):
                named.setdefault(".".join(parts[:number]), set()).add(key)
        for step in steps:
            step.sensitive = sorted({key for name in gained[id(step)] for key in named.get(name, ())})

    def _tell_lost_marks(self) -> None:
        """Sensitive keys that are removed, or are sensitive no more, and the lists that name them."""
        for step in self.steps.get("keys", []):
            record = self.state.records(KEYS).get(step.key)
            was = record is not None and record.values["sensitive"]
            step.loses_mark = was and (step.deed == Action.REMOVE or not step.values["sensitive"])
        lost = [step for step in self.steps.get("keys", []) if step.loses_mark]
        if lost:
            sentences = lists_that_lose_the_mark(step.key[0] for step in lost)
            for step in lost:
                step.left_unmarked = sentences.get(step.key[0], "")

    def _look_alikes(self) -> list[str]:
        """New names, on lists or in the catalogue, that a person takes for another one, in sentences."""
        new = [step.key[0] for step in self.steps.get("keys", []) if step.deed == Action.ADD]
        lists = [step for name in ("system_settings", "channels", "queues") for step in self.steps.get(name, [])]
        new += [name for step in lists for field in EXTRA_DATA_LISTS for name in _gained(step, field)]
        if not new:
            return []
        fresh = set(new)
        known = [key[0] for key in self.final(KEYS)]
        for section in (SYSTEM, CHANNELS, QUEUES):
            for values in self.final(section).values():
                known += [name for field in EXTRA_DATA_LISTS for name in values[field]]
        return [
            _("“%(name)s” looks like “%(other)s”. They are two different keys.") % {"name": name, "other": other}
            for other, name in look_alikes(new, known=[name for name in known if name not in fresh])
        ]

    def _empty_lists_of_another_kind(self, step: Step) -> None:
        """A queue that goes to a channel of another kind leaves the lists behind that say nothing there."""
        if step.section not in (CHANNELS, QUEUES) or self.complete:
            return
        kind = self._kind(step.values)
        for name in EXTRA_DATA_LISTS:
            if kind and name not in step.nodes and name not in LISTS_OF_KIND[kind]:
                step.values[name] = []

    def _changes(self, step: Step, old: Values) -> Iterator[Change]:
        for entry in step.section.entries:
            if isinstance(entry, SecretsEntry):
                yield from self._changed_secrets(step, entry)
            elif step.values[entry.name] != old[entry.name]:
                yield Change(entry, old[entry.name], step.values[entry.name])

    def _changed_secrets(self, step: Step, entry: SecretsEntry) -> Iterator[Change]:
        wanted = step.secrets.get(entry.name)
        if wanted is None:
            return
        record = self.state.records(step.section).get(step.key)
        stored = self.state.secrets(record)[entry.name] if record else []
        if Counter(stored) != Counter(wanted):
            yield Change(entry, stored, wanted)

    # Checking

    def final(self, section: Section) -> dict[Key, Values]:
        """The records as they would be."""
        if section.name not in self._final:
            final = {key: record.values for key, record in self.state.records(section).items()}
            for step in self.steps.get(section.name, []):
                if step.deed == Action.REMOVE:
                    final.pop(step.key, None)
                else:
                    final[step.key] = step.values
            self._final[section.name] = final
        return self._final[section.name]

    def _kind(self, values: Values) -> str:
        """The kind of a channel, or of a queue's channel, as it would be; empty where that is refused."""
        if "channel" not in values:
            kind = values.get("kind")
        else:
            record = self.state.record("channels", values["channel"])
            channel = self.channels.get(values["channel"]) or (record.values if record else {})
            kind = channel.get("kind")
        return str(kind) if kind in LISTS_OF_KIND else ""

    def _check(self, step: Step) -> None:
        for entry in step.section.entries:
            self._check_needed(step, entry)
            self._check_links(step, entry)
        check = {
            "channels": self._check_kind,
            "groups": self._check_group,
            "users": self._check_user,
            "access_rights": self._check_right,
        }.get(step.section.name)
        if step.deed != Action.SAME and not step.problems:
            self._check_rules(step)
            if check:
                check(step)

    def _check_needed(self, step: Step, entry: Entry) -> None:
        if not isinstance(entry, FieldEntry) or entry.field.blank or isinstance(entry.field, models.BooleanField):
            return
        if step.values[entry.name] in ("", None, []) and entry.name not in step.misread:
            example = entry.help_text.partition(_("Example: "))[2]
            step.refuse(
                _("%(record)s needs “%(setting)s”.%(hint)s")
                % {
                    "record": _capital(step.section.any_one),
                    "setting": entry.name,
                    "hint": f" {_('Example: ')}{example}" if example else "",
                },
                entry=entry.name,
            )

    def _check_links(self, step: Step, entry: Entry) -> None:
        if isinstance(entry, LinkEntry):
            self._check_link(step, entry, step.values[entry.name], node=step.nodes.get(entry.name))
        elif isinstance(entry, LinksEntry):
            for name in step.values[entry.name]:
                self._check_link(step, entry, name, node=_item_node(step, entry, name))
        elif isinstance(entry, PermissionsEntry):
            for name in step.values[entry.name]:
                if name not in self._permissions:
                    near = self._near(name, self._permissions)
                    step.refuse(
                        _("There is no page right “%(name)s”.%(near)s") % {"name": name, "near": near},
                        node=_item_node(step, entry, name),
                    )

    def _check_link(self, step: Step, entry: LinkEntry | LinksEntry, name: str, *, node: Node | None) -> None:
        target = BY_NAME[entry.section]
        if not name or (name,) in self.final(target):
            return
        if (name,) in self.state.records(target):
            step.refuse(
                _("The same file removes %(target)s “%(name)s”.") % {"target": target.one, "name": name},
                entry=entry.name,
                node=node,
            )
        else:
            near = self._near(name, (key[0] for key in self.final(target)))
            step.refuse(
                _("There is no %(target)s “%(name)s”.%(near)s")
                % {"target": target.one, "name": name[:100], "near": near},
                entry=entry.name,
                node=node,
            )

    def _near(self, name: str, known: Iterable[str]) -> str:
        self.guesses += 1
        return did_you_mean(name, known) if self.guesses <= MOST_GUESSES else ""

    @cached_property
    def _permissions(self) -> set[str]:
        names = Permission.objects.order_by().values_list("content_type__app_label", "codename")
        return {f"{app}.{codename}" for app, codename in names}

    def _check_rules(self, step: Step) -> None:
        """What the model says of the record and of what it points to. Its values were checked when they were read; its
        constraints follow for all records at once, since each would ask the database."""
        record = self._record(step.section, step.values)
        if isinstance(record, MessagingService):
            given = step.secrets.get("key_secret")
            record.key_secret = given[0].text if given else self.state.key_secrets.get(step.pk, "")
        _obey(record, step)
        for entry in step.section.entries:
            if isinstance(entry, RowsEntry):
                for item in step.values[entry.name]:
                    row = entry.model(**{entry.owner: record, entry.column: item})
                    _obey(row, step, entry=entry, node=_item_node(step, entry, item))

    def _record(self, section: Section, values: Values) -> models.Model:
        """The record as it would be, with what it points to."""
        facts = {entry.name: values[entry.name] for entry in section.entries if type(entry) in (FieldEntry, ListEntry)}
        for entry in section.entries:
            if isinstance(entry, LinkEntry):
                target = BY_NAME[entry.section]
                linked = self.final(target).get((values[entry.name],))
                facts[entry.name] = self._record(target, linked) if linked else None
        return section.model(**facts)

    def _check_kind(self, step: Step) -> None:
        if any(change.entry.name == "kind" for change in step.changes) and step.pk:
            queues = [
                key[0] for key, record in self.state.records(QUEUES).items() if (record.values["channel"],) == step.key
            ]
            if queues:
                step.refuse(
                    _("The kind is fixed, because the channel has queues (%(queues)s). Make a new channel instead.")
                    % {"queues": _some(queues)},
                    entry="kind",
                )

    def _check_fixed_channels(self) -> None:
        moved = {
            step.pk: step
            for step in self.steps.get("queues", [])
            if step.pk and not step.problems and any(change.entry.name == "channel" for change in step.changes)
        }
        if not moved:
            return
        served = {values["queue"] for values in self.final(SERVICES).values()}
        for step in moved.values():
            if step.key[0] in served and self._kind(step.values) != Channel.Kind.CHAT:
                step.refuse(str(SERVED_QUEUE_IS_FIXED), entry="channel")
        conversations = Queue._meta.get_field("conversations").related_model._base_manager
        used = Queue.objects.filter(pk__in=moved).filter(
            models.Exists(conversations.filter(queue=models.OuterRef("pk")))
        )
        for pk in used.values_list("pk", flat=True):
            moved[pk].refuse(str(CHANNEL_IS_FIXED), entry="channel")

    def _check_group(self, step: Step) -> None:
        if step.values["name"] == CONFIGURATOR and step.values["permissions"]:
            step.refuse(
                _("The pages of this group come with the version of the portal. Leave “permissions” out."),
                entry="permissions",
            )

    def _check_user(self, step: Step) -> None:
        if self.by and step.pk == self.by.pk and not step.values["is_active"]:
            step.refuse(_("This is you. Let another administrator deactivate you."), entry="is_active")

    def _check_right(self, step: Step) -> None:
        holders = [name for name in ("user", "group") if step.values[name]]
        places = [name for name in ("queue", "queue_group", "direct_conversations_of") if step.values[name]]
        if len(holders) != 1:
            step.refuse(_("A right is held by one “user” or one “group”: name one of the two."))
        if len(places) != 1:
            step.refuse(
                _("A right is held on one “queue”, “queue_group” or “direct_conversations_of”: name one of them.")
            )

    def _check_unique(self, section: Section) -> None:
        for entry in section.entries:
            if isinstance(entry, RowsEntry) or (
                isinstance(entry, FieldEntry) and entry.field.unique and (entry.name,) != section.identity
            ):
                self._check_unique_entry(section, entry)

    def _check_unique_entry(self, section: Section, entry: Entry) -> None:
        """No two records have the same: those that stay as they are come first, so that the newcomer is refused."""
        steps = {step.key: step for step in self.steps[section.name] if step.deed in (Action.ADD, Action.CHANGE)}
        owners: dict[str, Key] = {}
        names = {key[0]: key for key in self.final(section)} if section is KEYS else {}
        settled = (key for key in self.final(section) if key not in steps)
        for key in [*settled, *steps]:
            values = self.final(section)[key][entry.name]
            for value in values if isinstance(values, list) else [values]:
                same = value.lower() if entry.name == "addresses" else value
                owner = names.get(value) or owners.setdefault(same, key)
                if (owner != key or value in names) and (step := steps.get(key) or steps.get(owner)):
                    step.refuse(
                        self._clash(section, entry, value, owner if step.key == key else key, own=owner == key),
                        entry=entry.name,
                        node=_item_node(step, entry, value),
                    )

    def _clash(self, section: Section, entry: Entry, value: str, other: Key, *, own: bool) -> str:
        if own:
            return _("“%(value)s” is the key's own name; an alias is another one.") % {"value": value}
        if section is KEYS and other == (value,):
            return _("“%(value)s” is a key of its own. Remove it from the aliases, or remove that key first.") % {
                "value": value
            }
        return _("%(section)s “%(other)s” has “%(value)s” already. It can belong to one only.") % {
            "section": _capital(section.one),
            "other": other[0],
            "value": value,
        }

    # Rights of whoever applies the file

    def _may_see(self, section: Section) -> bool:
        """Nobody learns from a plan what the pages would not show."""
        meta = section.model._meta
        if self.by is None or any(
            self.by.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}") for verb in ("view", "change")
        ):
            return True
        text = _("You may not see %(section)s. Leave the section out.") % {"section": _plural(section)}
        self.problems.append(Problem(self.nodes[section.name].name_place, section.name, text))
        return False

    def _check_permissions(self, section: Section) -> None:
        if self.by is None or self.by.is_superuser:
            return
        for step in self.steps[section.name]:
            if step.deed == Action.SAME:
                continue
            verb, refusal = _NEEDS[step.deed]
            meta = section.model._meta
            if not self.by.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}"):
                step.refuse(str(refusal % {"records": _plural(section)}))
            record = self.state.records(section).get(step.key)
            raised = section is USERS and (
                step.values["is_superuser"] or (record is not None and record.values["is_superuser"])
            )
            if raised:
                step.refuse(_("Superusers are changed by superusers only."), entry="is_superuser")
            if section is GROUPS and any(change.entry.name == "permissions" for change in step.changes):
                step.refuse(_("Which pages a group opens is for superusers to say."), entry="permissions")

    # Removing

    def _plan_removals(self, section: Section) -> None:
        if section.is_single:
            return
        named = {step.key for step in self.steps[section.name]}
        for key, record in self.state.records(section).items():
            if key in named:
                continue
            called = section.called(record.values)
            if not self.complete:
                self.kept.append(called)
            elif section is USERS and record.values["is_superuser"]:
                self.kept.append(_("%(called)s, a superuser, whom no file removes") % {"called": called})
            elif section is GROUPS and record.values["name"] in DEFAULT_ROLES:
                self.kept.append(_("%(called)s, which comes with the portal") % {"called": called})
            else:
                self.steps[section.name].append(Step(section, key, Action.REMOVE, record.values, pk=record.pk))

    def _check_removals(self, section: Section) -> None:
        gone = {step.pk: step for step in self.steps[section.name] if step.deed == Action.REMOVE}
        if not gone:
            return
        if section is USERS and self.by and self.by.pk in gone:
            gone[self.by.pk].refuse(
                _("%(called)s is you. Let another administrator remove you.")
                % {"called": _capital(gone[self.by.pk].called)}
            )
        users: dict[Any, list[str]] = {}
        for relation in section.model._meta.get_fields(include_hidden=True):
            related: Any = relation.related_model
            if not (relation.one_to_many and relation.auto_created) or related._meta.auto_created:
                continue
            target = next((other for other in SECTIONS if other.model is related), None)
            if target and target.name in self.nodes:
                continue  # its steps say what becomes of it
            name = relation.field.name  # type: ignore[union-attr]
            found = related._base_manager.order_by().filter(**{f"{name}__in": list(gone)}).values_list(name)
            on_delete = getattr(relation, "on_delete", None)
            plural = str(related._meta.verbose_name_plural)
            if on_delete is models.PROTECT:
                for (pk,) in found.distinct():
                    users.setdefault(pk, []).append(plural)
            elif on_delete is models.CASCADE and not relation.hidden and not _is_row(section, related):
                one = str(related._meta.verbose_name)
                for pk, count in found.annotate(count=models.Count("pk")):
                    gone[pk].takes_along.append(f"{count} {plural if count > 1 else one}")
        for pk, plurals in users.items():
            what = get_text_list(list(dict.fromkeys(plurals)), _("and"))
            gone[pk].refuse(
                _("%(called)s is used by %(users)s, so it stays. %(instead)s")
                % {"called": _capital(gone[pk].called), "users": what, "instead": _instead(section)}
            )


def _instead(section: Section) -> str:
    if section is USERS:
        return _("Keep the user in the file and set is_active to false.")
    return _("Keep it in the file.")


def _gained(step: Step, name: str) -> list[str]:
    """What a list of the record has that it had not."""
    changes = [change for change in step.changes if change.entry.name == name]
    return [item for change in changes for item in change.new if item not in change.old]


def _is_row(section: Section, model: type[models.Model]) -> bool:
    return any(isinstance(entry, RowsEntry) and entry.model is model for entry in section.entries)


def _obey(record: models.Model, step: Step, *, entry: Entry | None = None, node: Node | None = None) -> None:
    """Refuse the step for what the model refuses; of a row of the record, for its entry."""
    try:
        record.clean()
    except ValidationError as refused:
        for name, messages in refused.message_dict.items():
            step.refuse(" ".join(messages), entry=entry.name if entry else name, node=node)


def _item_node(step: Step, entry: Entry, item: str) -> Node | None:
    """Where the file names the item."""
    node = step.nodes.get(entry.name)
    if node and isinstance(node.value, list):
        return next((below for below in node.value if _written_for(entry, below) == item), node)
    return node


def _written_for(entry: Entry, node: Node) -> str:
    text = str(node.value or "").strip()
    tidy = getattr(entry.model._meta.get_field(entry.column), "tidy", None) if isinstance(entry, RowsEntry) else None
    return tidy(text) if tidy and text else text


def _by_label(section: Section, label: str) -> str:
    """The setting that the pages call so, told as a near miss of its name; or the label itself."""
    return next((entry.name.upper() for entry in section.entries if entry.label.lower() == label.lower()), label)


def _plural(section: Section) -> str:
    return str(section.model._meta.verbose_name_plural)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _some(names: list[str]) -> str:
    named, more = ", ".join(names[:3]), len(names) - 3
    if more <= 0:
        return named
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": named,
        "count": more,
    }
