"""Records that the file holds inside another one, in their order: the steps of an IVR definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from channels_cfg.configuration_file.entries import FieldEntry, FileEntry, InvalidValue, LinkEntry, Values, invalid
from channels_cfg.configuration_file.nodes import FileProblem, Node
from channels_cfg.history.record_writing import BATCH, change_in_bulk
from channels_cfg.near_names import did_you_mean

if TYPE_CHECKING:
    from channels_cfg.configuration_file.plan import RecordPlan

POSITION = "position"
"""The column that holds their order; the file tells it by the order itself."""

DISTANCE = 10
"""Between two positions, so that a page has room to put one between them."""


@dataclass(frozen=True)
class PartsEntry(FileEntry):
    """Parts of a record with settings of their own. ``entries`` begin with the name, which tells them apart."""

    default: Any = field(default_factory=list)
    model: type[models.Model] = field(kw_only=True)
    owner: str = field(kw_only=True)
    entries: tuple[FieldEntry, ...] = field(kw_only=True)
    any_noun: str | Promise = field(kw_only=True)

    @cached_property
    def by_name(self) -> dict[str, FieldEntry]:
        return {entry.name: entry for entry in self.entries}

    @property
    def links(self) -> list[LinkEntry]:
        return [entry for entry in self.entries if isinstance(entry, LinkEntry)]

    def defaults(self) -> Values:
        return {
            entry.name: list(value) if isinstance(value := entry.default, list) else value for entry in self.entries
        }

    def read(self, node: Node) -> list[Values]:
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            raise invalid(node, _("A list is expected here, not %(kind)s.") % {"kind": node.kind})
        problems: list[FileProblem] = []
        parts = [self._part(item, problems) for item in node.value]
        if problems:
            raise InvalidValue(*problems)
        return parts

    def _part(self, node: Node, problems: list[FileProblem]) -> Values:
        part = self.defaults()
        if not isinstance(node.value, dict):
            text = _("Settings of %(record)s are expected here, not %(kind)s.")
            problems.append(node.problem(text % {"record": self.any_noun, "kind": node.kind}))
            return part
        for name, written in node.value.items():
            if (entry := self.by_name.get(name)) is None:
                about = {"record": capfirst(str(self.any_noun)), "name": name[:80]}
                about["near"] = did_you_mean(name, self.by_name)
                text = _("%(record)s has no setting “%(name)s”.%(near)s")
                problems.append(written.problem_with_name(text % about))
                continue
            try:
                part[name] = entry.read(written)
            except InvalidValue as unread:
                problems += unread.problems
        problems += self._missing(node, part)
        return part

    def _missing(self, node: Node, part: Values) -> Iterator[FileProblem]:
        for entry in self.entries:
            if not entry.is_optional and entry.name not in (node.value or {}) and part[entry.name] in ("", None, []):
                about = {"record": capfirst(str(self.any_noun)), "setting": entry.name, "hint": ""}
                yield node.problem(_("%(record)s needs “%(setting)s”.%(hint)s") % about)

    def in_words(self, value: list[Values]) -> str:
        return ", ".join(str(part["name"]) for part in value)

    def items_in_words(self, value: list[Values]) -> list[str]:
        """A line for each part: its name, and what it has besides the defaults."""
        return [self._told(part) for part in value]

    def _told(self, part: Values) -> str:
        name, *others = self.entries
        told = (
            f"{entry.label}: {entry.in_words(part[entry.name])}"
            for entry in others
            if part[entry.name] != entry.default and entry.in_words(part[entry.name])
        )
        return f"{part[name.name]} ({'; '.join(told)})"

    def node_of(self, record: RecordPlan, number: int, name: str) -> Node | None:
        """Where the file says this of the part with this number, or the nearest place."""
        node = record.nodes.get(self.name)
        if node is None or not isinstance(node.value, list):
            return node
        part = node.value[number]
        return part.value.get(name, part) if isinstance(part.value, dict) else part

    def stored(self, identity: Callable[[str], str]) -> Iterator[tuple[Any, Values]]:
        """Each with the primary key of its owner, in their order; ``identity`` says by which column a section's records
        are named."""
        columns = {
            entry.name: f"{entry.name}__{identity(entry.section)}" if isinstance(entry, LinkEntry) else entry.name
            for entry in self.entries
        }
        rows = self.model._default_manager.order_by(POSITION, "pk").values_list(f"{self.owner}_id", *columns.values())
        links = {entry.name for entry in self.links}
        for owner, *row in rows:
            part = dict(zip(columns, row, strict=True))
            yield owner, part | {name: part[name] or "" for name in links}

    def write(self, records: Iterable[RecordPlan], pk_of: Callable[[str, str], Any]) -> None:
        """Make the stored parts of these records those that are planned; what keeps its name stays the same row."""
        planned = {record.pk: record.values[self.name] for record in records if record.changed(self.name)}
        rows = self.model._default_manager.filter(**{f"{self.owner}__in": planned}).order_by()
        there: dict[Any, dict[str, Any]] = defaultdict(dict)
        for pk, owner, name in rows.values_list("pk", f"{self.owner}_id", "name"):
            there[owner][name] = pk
        added, changed = [], {}
        for owner, parts in planned.items():
            for number, part in enumerate(parts, start=1):
                columns = self._columns(part, pk_of) | {POSITION: number * DISTANCE}
                if (pk := there[owner].pop(part["name"], None)) is None:
                    added.append(self.model(**columns, **{f"{self.owner}_id": owner}))
                else:
                    changed[pk] = columns
        gone = [pk for names in there.values() for pk in names.values()]
        self.model._default_manager.filter(pk__in=gone).delete()
        change_in_bulk(self.model, changed)
        self.model._default_manager.bulk_create(added, batch_size=BATCH)

    def _columns(self, part: Values, pk_of: Callable[[str, str], Any]) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        for entry in self.entries:
            value = part[entry.name]
            if isinstance(entry, LinkEntry):
                columns[f"{entry.name}_id"] = pk_of(entry.section, value) if value else None
            else:
                columns[entry.name] = value
        return columns
