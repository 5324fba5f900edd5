"""What applying a file would do: a step for each record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from channels_cfg.configuration_file.applying import PlanWriter
from channels_cfg.configuration_file.entries import Entry, Secret, Values
from channels_cfg.configuration_file.nodes import Node, Problem
from channels_cfg.configuration_file.sections import Key, Section
from channels_cfg.history.change_set import Action, ChangeSet, RecordChange


@dataclass(frozen=True)
class Change:
    """One setting of a record, in the terms of the file; ``old`` and ``new`` of secrets are lists of references."""

    entry: Entry
    old: Any
    new: Any


@dataclass
class Step:
    """What becomes of one record. One with problems is refused."""

    section: Section
    key: Key
    deed: Action
    values: Values
    """As it will be; of a removed record, as it is."""
    pk: Any = None
    changes: list[Change] = field(default_factory=list)
    """What differs from now; of a new record, from the defaults."""
    node: Node | None = None
    nodes: dict[str, Node] = field(default_factory=dict)
    secrets: dict[str, list[Secret]] = field(default_factory=dict)
    misread: dict[str, str] = field(default_factory=dict)
    """What is written where no value could be read."""
    problems: list[Problem] = field(default_factory=list)
    takes_along: list[str] = field(default_factory=list)
    """What goes with a removed record: ``3 access rights``."""

    sensitive: list[str] = field(default_factory=list)
    """Sensitive keys that its lists name and did not name before."""

    loses_mark: bool = False
    """Whether it is a key that was sensitive and is no more."""

    left_unmarked: str = ""
    """Of such a key, the lists that name it, in a sentence."""

    @property
    def called(self) -> str:
        return self.section.called(self.values)

    def refuse(self, text: str, *, entry: str = "", node: Node | None = None) -> None:
        """Refuse the record because of one of its entries, or as a whole."""
        node = node or self.nodes.get(entry) or self.node
        self.problems.append(node.problem(text) if node else Problem(None, self.section.name, text))


@dataclass
class Plan(ChangeSet):
    """Steps in the order of the file's sections; what is removed comes last in each."""

    steps: list[Step]
    own_problems: list[Problem] = field(default_factory=list)
    """Those of the file as a whole."""
    left_alone: list[str] = field(default_factory=list)
    """Sections that the file does not have."""
    kept: list[str] = field(default_factory=list)
    """Records that the file's sections do not name and that stay all the same."""
    look_alikes: list[str] = field(default_factory=list)
    """New names of keys that a person takes for another, in sentences."""
    renames: dict[str, str] = field(default_factory=dict)
    """Other names of keys that lists outside the file say, each with the key's own name, which they get."""

    @property
    def problems(self) -> list[Problem]:
        found = [*self.own_problems, *[problem for step in self.steps for problem in step.problems]]
        return sorted(found, key=lambda problem: (problem.place is None, problem.place or ()))

    @property
    def effects(self) -> Iterator[Step]:
        """The steps that do something."""
        return (step for step in self.steps if step.deed != Action.SAME)

    @property
    def is_empty(self) -> bool:
        return not any(self.effects)

    def count(self, deed: Action) -> int:
        return sum(step.deed == deed for step in self.steps)

    @property
    def removes(self) -> int:
        return self.count(Action.REMOVE)

    @property
    def sensitive(self) -> list[str]:
        """Sensitive keys that are kept, or shown in more places."""
        return sorted({name for step in self.steps for name in step.sensitive})

    @property
    def no_longer_sensitive(self) -> list[str]:
        return sorted(step.key[0] for step in self.steps if step.loses_mark)

    def record_changes(self) -> Iterator[RecordChange]:
        """Refused records aside."""
        for step in self.effects:
            if not step.problems:
                old, new = (
                    {change.entry.name: _told(getattr(change, held)) for change in step.changes}
                    for held in ("old", "new")
                )
                yield RecordChange(step.deed, step.section.model, step.pk, old, new, f"{step.section.name} {step.key}")

    def sentences(self) -> list[str]:
        return [f"{step.key} {step.sensitive}" for step in self.effects if step.sensitive and not step.problems]

    def reasons_against(self) -> list[str]:
        return [_("The file is refused.")] if self.problems else []

    def write(self) -> None:
        PlanWriter(self).write()


def _told(value: Any) -> Any:
    """Without the text of secrets."""
    return [item.note if isinstance(item, Secret) else item for item in value] if isinstance(value, list) else value
