"""What is wrong with an IVR definition is told with its step, its field and the way out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from channels_cfg.ivr.call_flow import CallFlow, FlowStep
from channels_cfg.ivr.faults import MOST_STEPS, faults
from tests.channels_cfg.ivr.flows import (
    GOODBYE,
    LANGUAGE,
    NUMBER,
    OFFICE,
    SALES,
    STEPS,
    SomeQueue,
    any_flows,
    flow,
)


def with_step(changed: FlowStep, *more: FlowStep) -> CallFlow:
    """The usual steps, one of them changed."""
    return flow(*[changed if step.name == changed.name else step for step in STEPS], *more)


def test_a_flow_that_calls_find_their_way_through_has_no_faults():
    assert faults(flow()) == []


SAY = FlowStep("Hello", "say", prompt="Hello", next_step="Language")
ROUND = (replace(GOODBYE, kind="say", next_step="Wait"), FlowStep("Wait", "say", prompt="…", next_step="Goodbye"))
FAULTS = [
    # what is wrong, the step and field that are named, what is said
    (with_step(GOODBYE, SAY), "Hello", "name", "No call comes to it"),
    (with_step(replace(LANGUAGE, keys=("1 = fi > number",))), "Language", "keys", "Did you mean “Number”?"),
    (with_step(replace(NUMBER, next_step="Nowhere")), "Number", "next_step", "There is no step “Nowhere”"),
    (with_step(ROUND[0], ROUND[1]), "Goodbye", "next_step", "never leave"),
    (
        flow(
            OFFICE,
            replace(SALES, attached_variables=()),
            replace(GOODBYE, kind="say", next_step="Office"),
            variables=(),
        ),
        "Goodbye",
        "next_step",
        "without being asked",
    ),
    (with_step(replace(SALES, queue=SomeQueue("Chat", 2))), "Sales", "queue", "The queue Chat belongs to another"),
    (with_step(replace(SALES, queue=None)), "Sales", "queue", "Choose the queue"),
    (with_step(replace(SALES, attached_variables=("Language",))), "Sales", "attached_variables", "is not one of"),
    (with_step(replace(LANGUAGE, prompt="Hello {{customerNumber}}")), "Language", "prompt", "No step before this one"),
    (
        with_step(replace(LANGUAGE, variable="", keys=("1 > Number",))),
        "",
        "variables",
        "“Selected_language” is never set",
    ),
    (with_step(replace(LANGUAGE, variable="2nd")), "Language", "variable", "A key starts with a letter"),
    (with_step(replace(LANGUAGE, variable="xmlLanguage")), "Language", "variable", "may not begin with “xml”"),
    (with_step(replace(LANGUAGE, keys=("1 > Number", "1 > Office"))), "Language", "keys", "key 1 is used twice"),
    (with_step(replace(LANGUAGE, keys=("* > Number",), back_key="*")), "Language", "keys", "key * is used twice"),
    (with_step(replace(LANGUAGE, keys=("A > Number",))), "Language", "keys", "No telephone has the key “A”"),
    (with_step(replace(LANGUAGE, keys=("1 = fi",))), "Language", "keys", "cannot be read"),
    (with_step(replace(LANGUAGE, keys=())), "Language", "keys", "Name at least one key"),
    (with_step(replace(LANGUAGE, variable="")), "Language", "keys", "the step names no variable"),
    (with_step(replace(LANGUAGE, other_step="")), "Language", "other_step", "Name the step that follows otherwise"),
    (with_step(replace(LANGUAGE, most_wrong=0)), "Language", "most_wrong", "from 1 to 10"),
    (with_step(replace(NUMBER, pattern="(?=1)")), "Number", "pattern", "no regular expression that can be used here"),
    (with_step(replace(NUMBER, shortest=9)), "Number", "longest", "below the smallest number"),
    (with_step(replace(NUMBER, longest=90)), "Number", "longest", "At most 64 digits"),
    (with_step(replace(NUMBER, back_key="5")), "Number", "back_key", "Choose * or #"),
    (
        with_step(replace(GOODBYE, next_step="Sales")),
        "Goodbye",
        "next_step",
        "It says nothing about a step of this kind",
    ),
    (with_step(GOODBYE, GOODBYE), "Goodbye", "name", "Another step has this name"),
    (CallFlow([]), "", "", "It has no steps"),
    (flow(*[replace(GOODBYE, name=str(number)) for number in range(MOST_STEPS + 1)]), "", "", "Split it into two"),
]


@pytest.mark.parametrize(
    ("broken", "step", "field", "said"), FAULTS, ids=lambda case: case if isinstance(case, str) else ""
)
def test_a_fault_names_the_step_the_field_and_the_way_out(broken: CallFlow, step: str, field: str, said: str):
    found = [fault for fault in faults(broken) if said in fault.text]

    assert (step, field) in {(fault.step, fault.field) for fault in found}, faults(broken)


def test_a_variable_that_only_one_way_sets_may_travel():
    """Pressing 0 passes the customer number by."""
    assert not [fault for fault in faults(flow()) if "customerNumber" in fault.text]


def test_a_way_back_to_an_earlier_menu_is_no_loop_without_a_way_out():
    assert faults(with_step(replace(NUMBER, other_step="Language"))) == []


@settings(max_examples=200)
@given(any_flows)
def test_any_flow_is_judged(broken: CallFlow):
    for fault in faults(broken):
        assert str(fault)
