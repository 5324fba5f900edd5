"""A call's way through an IVR definition, one entry after the other.

Nothing here fails: whatever is entered, and whatever was changed in the definition meanwhile, there is an answer, and
after ``MOST_VISITS`` the call ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from channels_cfg.ivr.call_flow import (
    ASKING,
    ASSIGN,
    DIGITS,
    ENDING,
    HOURS,
    MENU,
    PLACEHOLDER,
    TRANSFER,
    CallFlow,
    FlowStep,
)
from channels_cfg.value_rules import matches

MOST_VISITS = 500
"""Steps that a call comes to and entries that it makes; then it is ended, so that no call stays for ever."""

LONGEST_ENTRY = 64


class HasCallFlow(Protocol):
    """An IVR definition."""

    @property
    def call_flow(self) -> CallFlow: ...


@dataclass(frozen=True)
class CallPosition:
    """Where a call is: JSON-able by ``as_json``. ``variables`` is what the caller entered, customer data therefore.

    ``wrong`` counts the wrong entries in this step, ``visits`` all that happened, ``path`` is the way from the first
    step to this one; going back shortens it.
    """

    step: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    wrong: int = 0
    path: list[str] = field(default_factory=list)
    visits: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Any) -> CallPosition:
        """What ``as_json`` told; of anything else, what can be made of it."""
        told: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
        variables, path = told.get("variables"), told.get("path")
        return cls(
            str(told.get("step") or ""),
            {str(name): str(value) for name, value in variables.items()} if isinstance(variables, dict) else {},
            _count(told.get("wrong")),
            [str(name) for name in path[:MOST_VISITS]] if isinstance(path, list) else [],
            _count(told.get("visits")),
        )


def _count(told: Any) -> int:
    return min(told, MOST_VISITS) if isinstance(told, int) and told > 0 else 0


@dataclass(frozen=True)
class Outcome:
    """What the telephone system does next: says the prompt and waits for what is expected, or, where nothing is,
    hands the call to the queue with the attached pairs, or ends it."""

    position: CallPosition
    prompt: str = ""
    expects: str = "nothing"
    """``key``, ``digits`` or ``nothing``."""
    queue: Any = None
    """The queue that the call is transferred to, None as long as it is not."""
    attached: dict[str, str] = field(default_factory=dict)
    ended: bool = False


def begin(definition: HasCallFlow, *, at: datetime) -> Outcome:
    """The call comes in."""
    flow = definition.call_flow
    return _arrive(flow, CallPosition(), flow.steps[0].name if flow.steps else "", at)


def go_on(
    definition: HasCallFlow,
    position: CallPosition,
    *,
    entered: str | None = None,
    timed_out: bool = False,
    at: datetime,
) -> Outcome:
    """What follows the entry; with neither an entry nor a time-out, the same is said again.

    A step that has been removed meanwhile leads to the first one; what was entered before stays.
    """
    flow = definition.call_flow
    step = flow.by_name.get(position.step)
    if step is None:
        return _arrive(flow, replace(position, wrong=0), flow.steps[0].name if flow.steps else "", at)
    if step.kind not in ASKING:
        return _told(step, position, "") if step.kind in ENDING else _arrive(flow, position, step.name, at)
    if entered is None and not timed_out:
        return _told(step, position, _spoken(step, position.variables))
    position = replace(position, visits=position.visits + 1)
    if position.visits >= MOST_VISITS:
        return Outcome(position, ended=True)
    return _answered(flow, step, position, _tidied(step, entered), at)


def _answered(flow: CallFlow, step: FlowStep, position: CallPosition, entered: str, at: datetime) -> Outcome:
    if entered and entered == step.back_key and (earlier := _asked_before(flow, position)):
        path = position.path[: earlier - 1]
        return _arrive(flow, replace(position, path=path), position.path[earlier - 1], at)
    value, target = _meant(step, entered)
    if target:
        variables = position.variables | ({step.variable: value} if step.variable else {})
        return _arrive(flow, replace(position, variables=variables), target, at)
    position = replace(position, wrong=position.wrong + 1)
    if position.wrong >= step.most_wrong:
        return _arrive(flow, position, step.other_step, at)
    return _told(step, position, _spoken(step, position.variables))


def _tidied(step: FlowStep, entered: str | None) -> str:
    """Digits may be ended with #, which is none of them."""
    text = (entered or "").strip()[: LONGEST_ENTRY + 1]
    return text.removesuffix("#") if step.kind == DIGITS and text != step.back_key else text


def _meant(step: FlowStep, entered: str) -> tuple[str, str]:
    """The value and the step that an entry leads to; no step where it is wrong."""
    if step.kind == MENU:
        pressed = step.pressed.get(entered)
        return (pressed.value, pressed.target) if pressed else ("", "")
    fits = (
        entered.isascii()
        and entered.isdecimal()
        and (step.shortest or 1) <= len(entered) <= (step.longest or LONGEST_ENTRY)
        and matches(step.pattern, entered)
    )
    return (entered, step.next_step) if fits else ("", "")


def _asked_before(flow: CallFlow, position: CallPosition) -> int:
    """The place on the path, counted from 1, of the step that asked before this one; 0 where none did."""
    for place in range(len(position.path) - 1, 0, -1):
        step = flow.by_name.get(position.path[place - 1])
        if step and step.kind in ASKING:
            return place
    return 0


def _arrive(flow: CallFlow, position: CallPosition, name: str, at: datetime) -> Outcome:
    """Go on from step to step until one asks or the IVR is left."""
    said: list[str] = []
    variables, path, visits = dict(position.variables), list(position.path), position.visits
    while (step := flow.by_name.get(name)) and visits < MOST_VISITS:
        path.append(name)
        visits += 1
        said.append(_spoken(step, variables))
        if step.kind in ASKING or step.kind in ENDING:
            here = CallPosition(name, variables, 0, path[-MOST_VISITS:], visits)
            return _told(step, here, "\n".join(filter(None, said)))
        if step.kind == ASSIGN:
            variables[step.variable] = step.value
        is_closed = step.kind == HOURS and not (step.opening_hours and step.opening_hours.is_open(at))
        name = step.other_step if is_closed else step.next_step
    last = path[-1] if path else ""
    return Outcome(
        CallPosition(last, variables, 0, path[-MOST_VISITS:], visits), "\n".join(filter(None, said)), ended=True
    )


def _told(step: FlowStep, position: CallPosition, prompt: str) -> Outcome:
    if step.kind in ASKING:
        return Outcome(position, prompt, "key" if step.kind == MENU else "digits")
    if step.kind == TRANSFER and step.queue is not None:
        known = position.variables
        attached = {name: known[name] for name in step.attached_variables if name in known}
        return Outcome(position, prompt, queue=step.queue, attached=attached)
    return Outcome(position, prompt, ended=True)


def _spoken(step: FlowStep, variables: Mapping[str, str]) -> str:
    """The prompt with the variables in their places; of what is not set, nothing."""
    return PLACEHOLDER.sub(lambda found: variables.get(found[1], ""), step.prompt)
