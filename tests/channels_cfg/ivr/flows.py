"""Flows that tests go through, and any that may be thought of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from channels_cfg.ivr.call_flow import KEYS, CallFlow, FlowStep

NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class SomeQueue:
    name: str = "Phone sales"
    channel_id: int = 1


@dataclass(frozen=True)
class SomeHours:
    is_now_open: bool = True

    def is_open(self, at: datetime) -> bool:
        return self.is_now_open


@dataclass(frozen=True)
class SomeIvr:
    """As a walk asks for it."""

    call_flow: CallFlow


LANGUAGE = FlowStep(
    "Language",
    "menu",
    prompt="For Finnish press 1, for English press 2.",
    variable="Selected_language",
    keys=("1 = fi > Number", "2 = en > Number", "0 > Office"),
    other_step="Goodbye",
)
NUMBER = FlowStep(
    "Number",
    "digits",
    prompt="Your customer number, please.",
    variable="customerNumber",
    shortest=5,
    longest=7,
    pattern="[1-9][0-9]+",
    back_key="*",
    next_step="Office",
    other_step="Office",
    most_wrong=2,
)
OFFICE = FlowStep("Office", "hours", opening_hours=SomeHours(is_now_open=True), next_step="Sales", other_step="Goodbye")
SALES = FlowStep(
    "Sales",
    "transfer",
    prompt="We connect you.",
    queue=SomeQueue(),
    attached_variables=("Selected_language", "customerNumber"),
)
GOODBYE = FlowStep("Goodbye", "hang_up", prompt="Please call again.")
STEPS = (LANGUAGE, NUMBER, OFFICE, SALES, GOODBYE)


def flow(*steps: FlowStep, variables: tuple[str, ...] = ("Selected_language", "customerNumber")) -> CallFlow:
    return CallFlow(steps or STEPS, variables, channel=1)


def some_ivr(*steps: FlowStep) -> SomeIvr:
    return SomeIvr(flow(*steps))


_NAMES = st.sampled_from(["Language", "Number", "Office", "Sales", "Goodbye", "nowhere", ""])
_VARIABLES = st.sampled_from(["Selected_language", "customerNumber", "2nd", ""])
_LINES = st.builds(
    "{}{}{}".format, st.sampled_from([*KEYS, "11", ""]), st.sampled_from([" = x > ", " > ", "?"]), _NAMES
)
any_steps: st.SearchStrategy[FlowStep] = st.builds(
    FlowStep,
    name=_NAMES,
    kind=st.sampled_from(["say", "menu", "digits", "hours", "assign", "transfer", "hang_up", "none"]),
    prompt=st.sampled_from(["", "Good day {{Selected_language}}", "{{ {{x}}"]),
    variable=_VARIABLES,
    value=st.sampled_from(["", "evening"]),
    keys=st.lists(_LINES, max_size=4),
    back_key=st.sampled_from(["", "*", "#", "1", "x"]),
    shortest=st.none() | st.integers(0, 70),
    longest=st.none() | st.integers(0, 70),
    pattern=st.sampled_from(["", "[0-9]+", "(", "\ud800"]),
    most_wrong=st.integers(0, 12),
    opening_hours=st.sampled_from([None, SomeHours(), SomeHours(is_now_open=False)]),
    next_step=_NAMES,
    other_step=_NAMES,
    queue=st.sampled_from([None, SomeQueue(), SomeQueue("Other", 2)]),
    attached_variables=st.lists(_VARIABLES, max_size=3),
)
any_flows: st.SearchStrategy[CallFlow] = st.builds(
    CallFlow, st.lists(any_steps, max_size=7), st.lists(_VARIABLES, max_size=2), st.just(1)
)
any_entries: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"timed_out": True}),
    st.builds(dict, entered=st.sampled_from([*KEYS, "12345", "1234567#", "²", "x" * 200, ""]) | st.text(max_size=3)),
)
