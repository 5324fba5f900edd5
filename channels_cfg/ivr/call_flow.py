"""The steps of an IVR definition as plain data, and which step leads where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

KEYS = "0123456789*#"
"""What a telephone has."""

SAY, MENU, DIGITS, HOURS, ASSIGN, TRANSFER, HANG_UP = "say", "menu", "digits", "hours", "assign", "transfer", "hang_up"

ASKING = (MENU, DIGITS)
"""Steps that wait for the caller."""

ENDING = (TRANSFER, HANG_UP)
"""Steps that leave the IVR."""

FIELDS_OF_KIND: dict[str, tuple[str, ...]] = {
    SAY: ("prompt", "next_step"),
    MENU: ("prompt", "variable", "keys", "back_key", "most_wrong", "other_step"),
    DIGITS: (
        "prompt",
        "variable",
        "shortest",
        "longest",
        "pattern",
        "next_step",
        "back_key",
        "most_wrong",
        "other_step",
    ),
    HOURS: ("opening_hours", "next_step", "other_step"),
    ASSIGN: ("variable", "value", "next_step"),
    TRANSFER: ("prompt", "queue", "attached_variables"),
    HANG_UP: ("prompt",),
}
"""What says anything about a step of this kind."""

NEEDED_OF_KIND: dict[str, tuple[str, ...]] = {
    SAY: ("prompt", "next_step"),
    MENU: ("prompt", "keys", "other_step"),
    DIGITS: ("prompt", "variable", "next_step", "other_step"),
    HOURS: ("opening_hours", "next_step", "other_step"),
    ASSIGN: ("variable", "value", "next_step"),
    TRANSFER: ("queue",),
    HANG_UP: (),
}

PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
"""The place of a variable in a prompt: ``{{customerNumber}}``."""

_KEY_LINE = re.compile(r"(?P<key>\S+?)\s*(?:=\s*(?P<value>[^>]*?)\s*)?(?:->|→|>)\s*(?P<target>\S.*)")


class Hours(Protocol):
    """What tells whether it is open."""

    def is_open(self, at: datetime) -> bool: ...


@dataclass(frozen=True)
class PressedKey:
    """What pressing a key of a menu does: the variable gets ``value``, the call goes to ``target``."""

    key: str
    value: str
    target: str


def read_key_line(line: str) -> PressedKey:
    """``1 = fi > Opening hours`` or ``1 > Opening hours``, which gives the key itself. Raises ``ValueError``."""
    if not (found := _KEY_LINE.fullmatch(line.strip())):
        raise ValueError(line)
    return PressedKey(found["key"], found["value"] or found["key"], found["target"].strip())


def gives_a_value(line: str) -> bool:
    """Whether the line of a menu says a value beside the key."""
    found = _KEY_LINE.fullmatch(line.strip())
    return bool(found and found["value"])


def readable_keys(lines: Iterable[str]) -> Iterator[PressedKey]:
    """The keys of a menu; lines that cannot be read are passed over."""
    for line in lines:
        try:
            yield read_key_line(line)
        except ValueError:
            continue


@dataclass(frozen=True)
class FlowStep:
    """One step. Which of the fields count is decided by its kind, see ``FIELDS_OF_KIND``."""

    name: str
    kind: str
    prompt: str = ""
    variable: str = ""
    value: str = ""
    keys: Sequence[str] = ()
    back_key: str = ""
    shortest: int | None = None
    longest: int | None = None
    pattern: str = ""
    most_wrong: int = 3
    opening_hours: Hours | None = None
    next_step: str = ""
    other_step: str = ""
    queue: Any = None
    """A queue as the models know it; asked for its ``name`` and ``channel_id``."""
    attached_variables: Sequence[str] = ()

    @cached_property
    def pressed(self) -> dict[str, PressedKey]:
        """By key; of two for one key, the first."""
        found: dict[str, PressedKey] = {}
        for pressed in readable_keys(self.keys) if self.kind == MENU else ():
            found.setdefault(pressed.key, pressed)
        return found

    @cached_property
    def used_variables(self) -> list[str]:
        """Those that its prompt says or that it hands over, each once."""
        travelling = self.attached_variables if self.kind == TRANSFER else ()
        return list(dict.fromkeys([*PLACEHOLDER.findall(self.prompt), *travelling]))

    @cached_property
    def branches(self) -> list[Branch]:
        """Where it leads, in the order of its fields; names of steps that there may not be."""
        branches = [Branch(self.name, key.target, "keys", key, bool(self.variable)) for key in self.pressed.values()]
        sets = self.kind in (DIGITS, ASSIGN) and bool(self.variable)
        for name in ("next_step", "other_step"):
            target = getattr(self, name)
            if target and name in FIELDS_OF_KIND.get(self.kind, ()):
                branches.append(Branch(self.name, target, name, None, sets and name == "next_step"))
        return branches


@dataclass(frozen=True)
class Branch:
    """From one step to another; ``field`` says which of its fields leads there, ``sets`` whether the variable is set
    then."""

    step: str
    target: str
    field: str
    pressed: PressedKey | None = None
    sets: bool = False


@dataclass(frozen=True)
class CallFlow:
    """An IVR definition: its steps in their order, the first of which a call begins with."""

    steps: Sequence[FlowStep]
    variables: Sequence[str] = ()
    channel: Any = None
    """The primary key of the channel whose queues calls may be transferred to."""
    by_name: Mapping[str, FlowStep] = field(init=False)

    def __post_init__(self) -> None:
        by_name: dict[str, FlowStep] = {}
        for step in self.steps:
            by_name.setdefault(step.name, step)
        object.__setattr__(self, "by_name", by_name)

    def branches_from(self, name: str) -> list[Branch]:
        """Those that lead to a step that there is."""
        step = self.by_name.get(name)
        return [branch for branch in step.branches if branch.target in self.by_name] if step else []

    def reached_from(self, names: Iterable[str]) -> set[str]:
        """These steps and all that calls come to from them."""
        waiting = [name for name in names if name in self.by_name]
        found = set(waiting)
        while waiting:
            for branch in self.branches_from(waiting.pop()):
                if branch.target not in found:
                    found.add(branch.target)
                    waiting.append(branch.target)
        return found

    @cached_property
    def reached(self) -> set[str]:
        """What calls come to at all."""
        return self.reached_from([self.steps[0].name] if self.steps else [])
