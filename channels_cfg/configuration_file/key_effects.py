"""What a plan does to keys beyond their own records: lists that name them, marks of sensitive ones, names that look
alike."""

from __future__ import annotations

from collections import defaultdict

from django.utils.translation import gettext as _

from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.entries import Values
from channels_cfg.configuration_file.plan import RecordPlan
from channels_cfg.configuration_file.sections import CHANNELS, KEYS, QUEUES, SYSTEM
from channels_cfg.history.change_set import Action
from channels_cfg.key_names import look_alikes
from channels_cfg.keys.effective_settings import EXTRA_DATA_LISTS
from channels_cfg.keys.sensitive import lists_that_lose_the_mark

_WITH_LISTS = (SYSTEM, CHANNELS, QUEUES)


def tell_key_effects(draft: DraftSettings) -> None:
    """Say on each record of the draft what it does to keys."""
    _tell_renamed_lists(draft)
    _tell_sensitive_keys(draft)
    _tell_lost_marks(draft)
    _tell_look_alikes(draft)


def _listed(values: Values) -> set[str]:
    return {name for field in EXTRA_DATA_LISTS for name in values[field]}


def _newly_listed(record: RecordPlan) -> set[str]:
    return {name for field in EXTRA_DATA_LISTS for name in record.gained(field)}


def _tell_renamed_lists(draft: DraftSettings) -> None:
    """A new other name that a list outside the file says: the list says the key's own name from then on."""
    keys = {alias: record for record in draft.of(KEYS) for alias in record.gained("aliases")}
    if not keys:
        return
    for section in _WITH_LISTS:
        for values in draft.final(section).values():
            for alias in sorted(keys.keys() & _listed(values)):
                draft.renames[alias] = keys[alias].key[0]
                about = {"called": section.called(values), "alias": alias}
                keys[alias].takes_along.append(_("%(called)s lists it instead of “%(alias)s”") % about)


def _tell_sensitive_keys(draft: DraftSettings) -> None:
    """What lists show of sensitive keys from then on and did not before, parents of keys included."""
    gained = [(record, names) for record in draft.of(*_WITH_LISTS) if (names := _newly_listed(record))]
    if not gained:
        return
    named: dict[str, set[str]] = defaultdict(set)
    for (key, *_more), values in draft.final(KEYS).items():
        parts = key.split(".") if values["sensitive"] else []
        for number in range(1, len(parts) + 1):
            named[".".join(parts[:number])].add(key)
    for record, names in gained:
        record.sensitive = sorted({key for name in names & named.keys() for key in named[name]})


def _tell_lost_marks(draft: DraftSettings) -> None:
    """Sensitive keys that are removed, or are sensitive no more, and the lists that name them."""
    lost = {}
    for record in draft.of(KEYS):
        stored = draft.stored(record)
        was = stored is not None and stored.values["sensitive"]
        if was and (record.action == Action.REMOVE or not record.values["sensitive"]):
            record.loses_mark = True
            lost[record.key[0]] = record
    sentences = lists_that_lose_the_mark(lost) if lost else {}
    for name, record in lost.items():
        record.left_unmarked = sentences.get(name, "")


def _tell_look_alikes(draft: DraftSettings) -> None:
    """New names, on lists or in the catalogue, that a person takes for another one."""
    new: dict[str, RecordPlan] = {}
    for record in draft.of(KEYS):
        own = [record.key[0]] if record.action == Action.ADD else []
        new |= dict.fromkeys([*own, *record.gained("aliases")], record)
    for record in draft.of(*_WITH_LISTS):
        new |= {name: record for name in _newly_listed(record) if name not in new}
    if not new:
        return
    keys = {key[0]: key[0] for key in draft.final(KEYS)}
    keys |= {alias: key[0] for key, values in draft.final(KEYS).items() for alias in values["aliases"]}
    known = dict.fromkeys(keys)
    for section in _WITH_LISTS:
        for values in draft.final(section).values():
            known |= dict.fromkeys(_listed(values))
    for other, name in look_alikes(new, known=[name for name in known if name not in new]):
        if name in new and (name not in keys or keys[name] != keys.get(other)):
            text = _("“%(name)s” looks like “%(other)s”. They are two different keys.")
            new[name].look_alikes.append(text % {"name": name, "other": other})
