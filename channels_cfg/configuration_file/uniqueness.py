"""No two records of a section have the same: an address, an alias, an app."""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.draft import DraftSettings
from channels_cfg.configuration_file.entries import FieldEntry, FileEntry, RowsEntry
from channels_cfg.configuration_file.record_checks import node_of_item
from channels_cfg.configuration_file.section import Key, Section
from channels_cfg.configuration_file.sections import IVRS, KEYS, QUEUES
from channels_cfg.history.change_set import Action
from channels_cfg.models.ivr import HAS_A_QUEUE
from channels_cfg.models.queue import HAS_AN_IVR


def check_unique(draft: DraftSettings, section: Section) -> None:
    for entry in section.entries:
        is_unique = isinstance(entry, FieldEntry) and entry.field.unique and (entry.name,) != section.identity
        if is_unique or isinstance(entry, RowsEntry):
            _check_entry(draft, section, entry)


def check_addresses(draft: DraftSettings) -> None:
    """An address leads to a queue or to an IVR; the one that the file adds it to is refused."""
    if not {QUEUES.name, IVRS.name} & draft.nodes.keys():
        return
    for section, others, why in ((IVRS, QUEUES, HAS_A_QUEUE), (QUEUES, IVRS, HAS_AN_IVR)):
        taken = {address.lower() for values in draft.final(others).values() for address in values["addresses"]}
        for record in draft.of(section):
            for address in record.gained("addresses") if record.action in (Action.ADD, Action.CHANGE) else ():
                if address.lower() in taken:
                    entry = section.by_name["addresses"]
                    node = node_of_item(record, entry, address)
                    draft.refuse(record, str(why), entry=entry.name, node=node)


def _check_entry(draft: DraftSettings, section: Section, entry: FileEntry) -> None:
    """Records that stay as they are come first, so that the newcomer is refused."""
    final = draft.final(section)
    records = {record.key: record for record in draft.of(section) if record.action in (Action.ADD, Action.CHANGE)}
    owners: dict[str, Key] = {}
    names = {key[0]: key for key in final} if section is KEYS else {}
    for key in [*(key for key in final if key not in records), *records]:
        value = final[key][entry.name]
        for item in value if isinstance(value, list) else [value]:
            owner = names.get(item) or owners.setdefault(item.lower() if entry.name == "addresses" else item, key)
            if (owner != key or item in names) and (record := records.get(key) or records.get(owner)):
                other = owner if record.key == key else key
                text = _taken(section, item, other, is_own=owner == key)
                draft.refuse(record, text, entry=entry.name, node=node_of_item(record, entry, item))


def _taken(section: Section, value: str, other: Key, *, is_own: bool) -> str:
    if is_own:
        return _("“%(value)s” is the key's own name; an alias is another one.") % {"value": value}
    if section is KEYS and other == (value,):
        text = _("“%(value)s” is a key of its own. Remove it from the aliases, or remove that key first.")
        return text % {"value": value}
    about = {"section": capfirst(str(section.noun)), "other": other[0], "value": value}
    return _("%(section)s “%(other)s” has “%(value)s” already. It can belong to one only.") % about
