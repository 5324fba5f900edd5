"""What is wrong with an IVR definition: the step, its field, and the way out, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_cfg.ivr.call_flow import (
    ASKING,
    DIGITS,
    ENDING,
    FIELDS_OF_KIND,
    KEYS,
    MENU,
    NEEDED_OF_KIND,
    TRANSFER,
    CallFlow,
    FlowStep,
    gives_a_value,
    read_key_line,
)
from channels_cfg.ivr.walk import LONGEST_ENTRY
from channels_cfg.key_names import BadKeyName, check_key_name
from channels_cfg.near_names import did_you_mean
from channels_cfg.value_rules import problem_with_pattern

MOST_STEPS = 50
"""What a page shows, sends and draws in a moment."""

EXAMPLE_OF_KEYS = "1 = fi > Sales hours"

_NEEDED: dict[str, str | Promise] = {
    "prompt": gettext_lazy("Say what the caller hears."),
    "keys": gettext_lazy("Name at least one key and the step that it leads to. Example: 1 = fi > Sales hours"),
    "variable": gettext_lazy("Name the variable that the value goes to."),
    "value": gettext_lazy("Say the value that the variable gets."),
    "opening_hours": gettext_lazy("Choose the opening hours that decide."),
    "next_step": gettext_lazy("Name the step that follows."),
    "other_step": gettext_lazy(
        "Name the step that follows otherwise: when it is closed, or after too many wrong entries."
    ),
    "queue": gettext_lazy("Choose the queue that the call is transferred to."),
}
_NOTHING: dict[str, Any] = {"keys": [], "attached_variables": [], "shortest": None, "longest": None}


@dataclass(frozen=True)
class Fault:
    """One reason for a refusal. ``step`` is empty where it is about the whole, ``field`` where it is about the step."""

    step: str
    field: str
    text: str

    def __str__(self) -> str:
        return _("Step “%(step)s”: %(text)s") % {"step": self.step, "text": self.text} if self.step else self.text


def faults(flow: CallFlow) -> list[Fault]:
    """Everything that is wrong with the definition; empty where calls may go through it.

    What is wrong with the ways is told once they all lead somewhere: before that, it would be told of each step.
    """
    found = [*_faults_of_size(flow), *(fault for step in flow.steps for fault in faults_of_step(step))]
    found += _faults_of_names(flow)
    found += _faults_of_targets(flow)
    found += _faults_of_channel(flow)
    found += _faults_of_declared(flow)
    if not found:
        found += [*_unreachable(flow), *_no_way_out(flow), *_rounds_without_asking(flow)]
        found += _used_before_set(flow)
    return found


# One step by itself


def faults_of_step(step: FlowStep) -> Iterator[Fault]:
    """What can be told of a step without the others."""
    for name, text in _faults_of_fields(step):
        yield Fault(step.name, name, text)


def _faults_of_fields(step: FlowStep) -> Iterator[tuple[str, str]]:
    for name in NEEDED_OF_KIND.get(step.kind, ()):
        if not getattr(step, name):
            yield name, str(_NEEDED[name])
    for name in says_nothing(step.kind):
        if getattr(step, name) not in (_NOTHING.get(name, ""), (), None):
            yield name, _("It says nothing about a step of this kind. Leave it empty.")
    if step.variable and (why := _why_no_name(step.variable)):
        yield "variable", why
    if step.kind == MENU:
        yield from _faults_of_keys(step)
    if step.kind == DIGITS:
        yield from _faults_of_digits(step)
    if step.back_key and step.back_key not in KEYS:
        yield "back_key", _("No telephone has this key. Choose a digit, * or #.")
    if step.kind in ASKING and not 1 <= step.most_wrong <= 10:
        yield "most_wrong", _("Allow from 1 to 10 wrong entries.")


def says_nothing(kind: str) -> list[str]:
    """The fields that say nothing about a step of this kind."""
    if kind not in FIELDS_OF_KIND:
        return []
    told = dict.fromkeys(name for fields in FIELDS_OF_KIND.values() for name in fields if name != "most_wrong")
    return [name for name in told if name not in FIELDS_OF_KIND[kind]]


def _why_no_name(name: str) -> str:
    try:
        check_key_name(name)
    except BadKeyName as bad:
        return str(bad.messages[0])
    return ""


def _faults_of_keys(step: FlowStep) -> Iterator[tuple[str, str]]:
    used = Counter([step.back_key] if step.back_key else [])
    for line in step.keys:
        try:
            pressed = read_key_line(line)
        except ValueError:
            about = {"line": line[:80], "example": EXAMPLE_OF_KEYS}
            yield "keys", _("“%(line)s” cannot be read. Write a key, a value, and a step: %(example)s") % about
            continue
        used[pressed.key] += 1
        if len(pressed.key) != 1 or pressed.key not in KEYS:
            yield "keys", _("No telephone has the key “%(key)s”. Use a digit, * or #.") % {"key": pressed.key[:20]}
        elif used[pressed.key] == 2:
            yield "keys", _("The key %(key)s is used twice. Give one of the two another key.") % {"key": pressed.key}
        if gives_a_value(line) and not step.variable:
            text = _("The key %(key)s gives a value, but the step names no variable. Name one, or leave the value out.")
            yield "keys", text % {"key": pressed.key[:20]}


def _faults_of_digits(step: FlowStep) -> Iterator[tuple[str, str]]:
    shortest, longest = step.shortest or 1, step.longest or LONGEST_ENTRY
    if longest > LONGEST_ENTRY:
        yield "longest", _("At most %(most)d digits.") % {"most": LONGEST_ENTRY}
    if shortest > longest:
        yield "longest", _("It is below the smallest number of digits, so that no entry would do. Exchange the two.")
    if step.pattern and (why := problem_with_pattern(step.pattern)):
        yield "pattern", why
    if step.back_key and step.back_key.isdecimal():
        yield "back_key", _("A digit is part of the number. Choose * or # for the way back.")


# The steps beside each other


def _faults_of_size(flow: CallFlow) -> Iterator[Fault]:
    if not flow.steps:
        yield Fault("", "", _("It has no steps. Add the step that a call begins with."))
    if len(flow.steps) > MOST_STEPS:
        yield Fault("", "", _("It has more than %(most)d steps. Split it into two.") % {"most": MOST_STEPS})


def _faults_of_names(flow: CallFlow) -> Iterator[Fault]:
    for name, count in Counter(step.name for step in flow.steps).items():
        if count > 1:
            yield Fault(name, "name", _("Another step has this name already. Give it another one."))


def _faults_of_targets(flow: CallFlow) -> Iterator[Fault]:
    for step in flow.steps:
        for branch in step.branches:
            if branch.target not in flow.by_name:
                near = did_you_mean(branch.target, list(flow.by_name)) or " " + _("Add it, or name another one.")
                text = _("There is no step “%(target)s”.%(near)s") % {"target": branch.target[:80], "near": near}
                yield Fault(step.name, branch.field, text)


def _faults_of_channel(flow: CallFlow) -> Iterator[Fault]:
    for step in flow.steps:
        if step.kind == TRANSFER and step.queue is not None and step.queue.channel_id != flow.channel:
            text = _("The queue %(queue)s belongs to another channel. Choose one of the IVR's own channel.")
            yield Fault(step.name, "queue", text % {"queue": step.queue.name})


def _faults_of_declared(flow: CallFlow) -> Iterator[Fault]:
    """Variables are named once for the whole, so that a slip of the pen is not a second variable."""
    declared, set_somewhere = set(flow.variables), {step.variable for step in flow.steps if step.variable}
    for step in flow.steps:
        named = [("variable", step.variable)] if step.variable else []
        named += [_place_of(step, name) for name in step.used_variables]
        for field, name in named:
            if name not in declared:
                text = _("“%(name)s” is not one of the variables. Add it to them, or name one of them.")
                yield Fault(step.name, field, text % {"name": name[:80]})
    for name in flow.variables:
        if name not in set_somewhere:
            text = _("The variable “%(name)s” is never set. Let a step set it, or take it off the variables.")
            yield Fault("", "variables", text % {"name": name})


def _place_of(step: FlowStep, name: str) -> tuple[str, str]:
    travels = step.kind == TRANSFER and name in step.attached_variables
    return ("attached_variables" if travels else "prompt"), name


# The ways


def _unreachable(flow: CallFlow) -> Iterator[Fault]:
    for step in flow.steps:
        if step.name not in flow.reached:
            yield Fault(step.name, "name", _("No call comes to it. Let another step lead to it, or remove it."))


def _no_way_out(flow: CallFlow) -> Iterator[Fault]:
    """Steps from which a call comes neither to a queue nor to its end."""
    for step in flow.steps:
        if step.name in flow.reached and not any(
            flow.by_name[name].kind in ENDING for name in flow.reached_from([step.name])
        ):
            text = _("Calls go round from here and never leave. Let a way lead to a transfer or to hanging up.")
            yield Fault(step.name, _last_field(step), text)


def _rounds_without_asking(flow: CallFlow) -> Iterator[Fault]:
    """Steps that a call comes back to without the caller having been asked anything: it would go round for ever."""
    for step in flow.steps:
        if step.kind in ASKING or step.name not in flow.reached:
            continue
        found: set[str] = set()
        waiting = [step.name]
        while waiting:
            for branch in flow.branches_from(waiting.pop()):
                if branch.target not in found and flow.by_name[branch.target].kind not in ASKING:
                    found.add(branch.target)
                    waiting.append(branch.target)
        if step.name in found:
            text = _("Calls come back to it without being asked anything. Let one of its ways lead elsewhere.")
            yield Fault(step.name, _last_field(step), text)


def _last_field(step: FlowStep) -> str:
    return step.branches[-1].field if step.branches else "name"


def _used_before_set(flow: CallFlow) -> Iterator[Fault]:
    """A prompt says, or a transfer hands over, what no step before it sets."""
    known_at: dict[str, set[str]] = {}
    for name in flow.variables:
        setting = [
            branch.target
            for step in flow.steps
            if step.variable == name
            for branch in flow.branches_from(step.name)
            if branch.sets
        ]
        known_at[name] = flow.reached_from(setting)
    for step in flow.steps:
        for name in step.used_variables:
            if step.name not in known_at[name]:
                text = _("No step before this one sets “%(name)s”. Let one do so, or leave the variable out here.")
                yield Fault(step.name, _place_of(step, name)[0], text % {"name": name})
