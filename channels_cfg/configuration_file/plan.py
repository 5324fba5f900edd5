"""What applying a file would do, record by record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.configuration_file.applying import PlanWriter
from channels_cfg.configuration_file.entries import FileEntry, Secret, Values, changed_items
from channels_cfg.configuration_file.nodes import FileProblem, Node
from channels_cfg.configuration_file.section import Key, Section
from channels_cfg.history.change_set import Action, ChangeSet, RecordChange


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One setting of a record, in the terms of the file; ``old`` and ``new`` of secrets are lists of references."""

    entry: FileEntry
    old: Any
    new: Any


@dataclass(slots=True)
class RecordPlan:
    """What becomes of one record. One with problems is refused."""

    section: Section
    key: Key
    action: Action
    values: Values
    """As it will be; of a removed record, as it is."""
    pk: Any = None
    changes: list[EntryChange] = field(default_factory=list)
    """What differs from now; of a new record, from the defaults."""
    node: Node | None = None
    secrets: dict[str, list[Secret]] = field(default_factory=dict)
    misread: dict[str, str] = field(default_factory=dict)
    """What is written where no value could be read."""
    problems: list[FileProblem] = field(default_factory=list)

    takes_along: list[str] = field(default_factory=list)
    """What goes with a removed record: ``3 access rights``."""
    sensitive: list[str] = field(default_factory=list)
    """Sensitive keys that its lists name and did not name before."""
    loses_mark: bool = False
    """Whether it is a key that was sensitive and is no more."""
    left_unmarked: str = ""
    """Of such a key, the lists that name it, in a sentence."""
    look_alikes: list[str] = field(default_factory=list)
    """New names of keys that a person takes for another one, in sentences."""

    @property
    def called(self) -> str:
        return self.section.called(self.values)

    @property
    def nodes(self) -> dict[str, Node]:
        """What is written of it, by the names of the entries."""
        return self.node.value if self.node and isinstance(self.node.value, dict) else {}

    def changed(self, name: str) -> EntryChange | None:
        """What becomes of one of its entries."""
        return next((change for change in self.changes if change.entry.name == name), None)

    def gained(self, name: str) -> list[str]:
        """What one of its lists has that it had not."""
        change = self.changed(name)
        return changed_items(change.old, change.new)[0] if change else []


@dataclass
class Plan(ChangeSet):
    """Records in the order of the file's sections; what is removed comes last in each."""

    records: list[RecordPlan]
    own_problems: list[FileProblem] = field(default_factory=list)
    """Those of the file as a whole."""
    left_alone: list[str] = field(default_factory=list)
    """Sections that the file does not have."""
    kept: list[str] = field(default_factory=list)
    """Records that the file's sections do not name and that stay all the same."""
    renames: dict[str, str] = field(default_factory=dict)
    """Other names of keys that lists outside the file say, each with the key's own name, which they get."""

    @property
    def problems(self) -> list[FileProblem]:
        found = [*self.own_problems, *[problem for record in self.records for problem in record.problems]]
        return sorted(found, key=lambda problem: (problem.position is None, problem.position or ()))

    @property
    def effects(self) -> Iterator[RecordPlan]:
        """The records that something becomes of."""
        return (record for record in self.records if record.action != Action.SAME)

    @property
    def is_empty(self) -> bool:
        return not any(self.effects)

    def count(self, action: Action) -> int:
        return sum(record.action == action for record in self.records)

    @property
    def sensitive(self) -> list[str]:
        """Sensitive keys that are kept, or shown in more places."""
        return sorted({name for record in self.records for name in record.sensitive})

    @property
    def words_to_type(self) -> str:
        """What whoever applies it types first; empty where nothing about it is dangerous."""
        return words_to_type(
            removed=self.count(Action.REMOVE),
            sensitive=bool(self.sensitive),
            unmarked=any(record.loses_mark for record in self.records),
            alike=any(record.look_alikes for record in self.records),
        )

    def record_changes(self) -> Iterator[RecordChange]:
        """Refused records aside."""
        for record in self.effects:
            if not record.problems:
                old, new = (
                    {change.entry.name: _without_secrets(getattr(change, held)) for change in record.changes}
                    for held in ("old", "new")
                )
                name = f"{record.section.name} {record.key}"
                yield RecordChange(record.action, record.section.model, record.pk, old, new, name)

    def sentences(self) -> list[str]:
        return [
            f"{record.key} {record.sensitive} {record.look_alikes}"
            for record in self.effects
            if (record.sensitive or record.look_alikes) and not record.problems
        ]

    def reasons_against(self) -> list[str]:
        return [_("The file is refused.")] if self.problems else []

    def write(self) -> None:
        PlanWriter(self).write()


def words_to_type(*, removed: int, sensitive: bool, unmarked: bool, alike: bool) -> str:
    """What is typed before a plan with these consequences is applied; the gravest one decides."""
    if removed:
        return _("remove %(count)d") % {"count": removed}
    if sensitive:
        return _("show sensitive keys")
    if unmarked:
        return _("not sensitive")
    return _("two keys") if alike else ""


def _without_secrets(value: Any) -> Any:
    return [item.note if isinstance(item, Secret) else item for item in value] if isinstance(value, list) else value
