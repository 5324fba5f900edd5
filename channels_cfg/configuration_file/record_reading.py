"""Reading the records of a section: which values are meant, and what differs from those that are set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.entries import InvalidValue, SecretsEntry, Values
from channels_cfg.configuration_file.plan import EntryChange, RecordPlan
from channels_cfg.configuration_file.section import Section
from channels_cfg.configuration_file.sections import CHANNELS, QUEUES
from channels_cfg.history.change_set import Action
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS, LISTS_OF_KIND
from channels_cfg.near_names import did_you_mean


def read_section(draft: DraftSettings, section: Section) -> None:
    """Add the records of the section to the draft. Keys are read before those whose lists name them, channels before
    queues."""
    node = draft.nodes[section.name]
    items = [node] if section.is_single else node.value or []
    if not isinstance(items, list):
        text = _("A list of %(section)s is expected here, not %(kind)s.")
        draft.add(draft.problems, node.problem(text % {"section": section.plural, "kind": node.kind}))
        return
    for item in items:
        draft.passed()
        record = RecordPlan(section, ("?",), Action.ADD, section.defaults(), node=item)
        draft.records[section.name].append(record)
        if not isinstance(item.value, dict):
            text = _("Settings of %(record)s are expected here, not %(kind)s.")
            draft.refuse(record, text % {"record": section.any_noun, "kind": item.kind})
            continue
        _read(draft, record)
        first = draft.by_key[section.name].setdefault(record.key, record)
        if first is not record and any(record.key):
            twice = {"called": capfirst(record.called), "position": first.node.position if first.node else ""}
            draft.refuse(record, _("%(called)s is here twice, first on %(position)s.") % twice)


def _read(draft: DraftSettings, record: RecordPlan) -> None:
    section, defaults = record.section, record.values
    _refuse_unknown_settings(draft, record)
    written = dict(_written(draft, record))
    record.key = section.key({**defaults, **written})
    stored = draft.stored(record)
    if stored is not None:
        record.pk, record.action = stored.pk, Action.CHANGE
    names = {name: text[:100] for name, text in record.misread.items() if name in section.identity}
    record.values = {**(stored.values if stored and not draft.complete else defaults), **written, **names}
    _empty_lists_of_another_kind(draft, record)
    record.changes = list(_changes(draft, record, stored.values if stored else defaults))
    if stored is not None and not record.changes:
        record.action = Action.SAME


def _refuse_unknown_settings(draft: DraftSettings, record: RecordPlan) -> None:
    known = record.section.by_name
    if record.nodes.keys() <= known.keys():
        return
    labels = {entry.label.lower(): entry.name.upper() for entry in known.values()}
    for name, stray in record.nodes.items():
        if name not in known:
            near = did_you_mean(labels.get(name.lower(), name), known)
            about = {"record": capfirst(str(record.section.any_noun)), "name": name[:80], "near": near}
            text = _("%(record)s has no setting “%(name)s”.%(near)s") % about
            draft.add(record.problems, stray.problem_with_name(text))


def _written(draft: DraftSettings, record: RecordPlan) -> Iterator[tuple[str, Any]]:
    for name, node in record.nodes.items():
        entry = record.section.by_name.get(name)
        if entry is None:
            continue
        try:
            if node.unusable:
                raise InvalidValue(node.problem(node.unusable))
            if isinstance(entry, SecretsEntry):
                record.secrets[name] = entry.resolve(node, draft.environment)
            else:
                value = entry.read(node)
                yield name, _by_own_names(draft, value) if name in EXTRA_DATA_LISTS else value
        except InvalidValue as invalid:
            record.misread[name] = node.value if isinstance(node.value, str) else ""
            draft.add(record.problems, *invalid.problems)


def _by_own_names(draft: DraftSettings, listed: list[str]) -> list[str]:
    """Another name of a key is replaced by its own, as the pages do."""
    return list(dict.fromkeys(draft.own_names.get(name, name) for name in listed))


def _empty_lists_of_another_kind(draft: DraftSettings, record: RecordPlan) -> None:
    """A queue that goes to a channel of another kind leaves the lists behind that say nothing there."""
    if record.section not in (CHANNELS, QUEUES) or draft.complete:
        return
    kind = draft.kind(record.values)
    for name in EXTRA_DATA_LISTS:
        if kind and name not in record.nodes and name not in LISTS_OF_KIND[kind]:
            record.values[name] = []


def _changes(draft: DraftSettings, record: RecordPlan, old: Values) -> Iterator[EntryChange]:
    for entry in record.section.entries:
        if not isinstance(entry, SecretsEntry):
            if record.values[entry.name] != old[entry.name]:
                yield EntryChange(entry, old[entry.name], record.values[entry.name])
        elif (wanted := record.secrets.get(entry.name)) is not None:
            stored = draft.current.secrets(record.section, record.pk, entry.name)
            if Counter(stored) != Counter(wanted):
                yield EntryChange(entry, stored, wanted)
