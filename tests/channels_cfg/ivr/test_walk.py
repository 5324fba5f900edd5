"""A call's way through an IVR definition."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_cfg.ivr.call_flow import CallFlow
from channels_cfg.ivr.walk import MOST_VISITS, CallPosition, Outcome, begin, go_on
from tests.channels_cfg.ivr.flows import (
    GOODBYE,
    LANGUAGE,
    NOW,
    NUMBER,
    OFFICE,
    SALES,
    SomeHours,
    SomeIvr,
    any_entries,
    any_flows,
    some_ivr,
)
from tests.factories import IvrDefinitionFactory, QueueFactory


def walked(ivr: Any, *entries: str | None) -> Outcome:
    """Where the entries lead; None is a time-out."""
    outcome = begin(ivr, at=NOW)
    for entered in entries:
        outcome = go_on(ivr, outcome.position, entered=entered, timed_out=entered is None, at=NOW)
    return outcome


def test_a_call_begins_with_the_prompt_of_the_first_step_and_waits_for_a_key():
    outcome = walked(some_ivr())

    assert (outcome.prompt, outcome.expects, outcome.position.step) == (LANGUAGE.prompt, "key", "Language")
    assert (outcome.queue, outcome.ended, outcome.attached) == (None, False, {})


def test_what_is_pressed_and_entered_travels_to_the_queue_as_attached_data():
    outcome = walked(some_ivr(), "1", "1234567#")

    assert outcome.queue is SALES.queue
    assert outcome.attached == {"Selected_language": "fi", "customerNumber": "1234567"}
    assert (outcome.expects, outcome.ended, outcome.prompt) == ("nothing", False, "We connect you.")
    assert outcome.position.path == ["Language", "Number", "Office", "Sales"]


def test_a_variable_that_was_not_set_on_the_way_does_not_travel():
    assert walked(some_ivr(), "0").attached == {"Selected_language": "0"}


@pytest.mark.parametrize("entered", ["3", "12", "", "ä", "1 2"])
def test_a_wrong_key_is_asked_for_again(entered: str):
    outcome = walked(some_ivr(), entered)

    assert (outcome.position.step, outcome.position.wrong, outcome.prompt) == ("Language", 1, LANGUAGE.prompt)


@pytest.mark.parametrize("entered", ["1234", "12345678", "01234", "12a45", "١٢٣٤٥", "²3456"])
def test_digits_that_are_too_few_too_many_or_do_not_match_are_asked_for_again(entered: str):
    outcome = walked(some_ivr(), "1", entered)

    assert (outcome.position.step, outcome.position.wrong, outcome.expects) == ("Number", 1, "digits")


def test_too_many_wrong_entries_and_time_outs_lead_elsewhere():
    outcome = walked(some_ivr(), "9", None, "9")

    assert (outcome.ended, outcome.prompt, outcome.queue) == (True, "Please call again.", None)


def test_the_way_back_leads_to_what_was_asked_before_and_forgets_the_wrong_entries():
    outcome = walked(some_ivr(), "1", "1", "*")

    assert (outcome.position.step, outcome.position.wrong, outcome.position.path) == ("Language", 0, ["Language"])
    assert walked(some_ivr(), "1", "*", "2", "12345").attached["Selected_language"] == "en"


def test_where_nothing_was_asked_before_the_way_back_is_a_wrong_entry():
    first = replace(NUMBER, name="Language")

    assert walked(some_ivr(first, OFFICE, SALES, GOODBYE), "*").position.wrong == 1


def test_closed_hours_lead_elsewhere():
    closed = replace(OFFICE, opening_hours=SomeHours(is_now_open=False))

    assert walked(some_ivr(LANGUAGE, NUMBER, closed, SALES, GOODBYE), "0").ended


def test_asking_what_now_changes_nothing():
    outcome = walked(some_ivr(), "1", "1")

    again = go_on(some_ivr(), outcome.position, at=NOW)

    assert again.position == outcome.position
    assert again.prompt == NUMBER.prompt


def test_a_call_that_has_left_stays_where_it_went():
    transferred, ended = walked(some_ivr(), "0"), walked(some_ivr(), None, None, None)

    assert go_on(some_ivr(), transferred.position, entered="1", at=NOW).queue is SALES.queue
    assert go_on(some_ivr(), ended.position, entered="1", at=NOW).ended


def test_a_step_that_was_removed_meanwhile_leads_to_the_beginning_with_what_was_entered():
    outcome = walked(some_ivr(), "1")

    later = go_on(some_ivr(replace(LANGUAGE, name="Greeting"), SALES, GOODBYE), outcome.position, entered="7", at=NOW)

    assert (later.position.step, later.position.variables) == ("Greeting", {"Selected_language": "fi"})


def test_a_prompt_says_what_a_variable_holds():
    said = replace(SALES, prompt="Number {{customerNumber}}, {{unknown}}one moment.")

    assert walked(some_ivr(LANGUAGE, NUMBER, OFFICE, said, GOODBYE), "1", "12345").prompt == "Number 12345, one moment."


@settings(max_examples=200)
@given(any_flows, st.lists(any_entries, max_size=30))
def test_whatever_is_defined_and_entered_there_is_an_answer(flow: CallFlow, entries: list[dict[str, Any]]):
    ivr = SomeIvr(flow)
    outcome = begin(ivr, at=NOW)
    for entry in entries:
        stored = json.loads(json.dumps(outcome.position.as_json()))
        outcome = go_on(ivr, CallPosition.from_json(stored), **entry, at=NOW)

        assert outcome.expects == "nothing" or not (outcome.ended or outcome.queue)
        assert outcome.ended or outcome.queue or outcome.expects in ("key", "digits")
        assert outcome.position.visits <= MOST_VISITS
        assert len(outcome.position.path) <= MOST_VISITS


@settings(max_examples=50)
@given(any_flows, any_entries.filter(bool))
def test_whoever_goes_on_entering_leaves_in_the_end(flow: CallFlow, entry: dict[str, Any]):
    ivr = SomeIvr(flow)
    outcome = begin(ivr, at=NOW)

    for _again in range(MOST_VISITS):
        outcome = go_on(ivr, outcome.position, **entry, at=NOW)

    assert outcome.ended or outcome.queue


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_stored_position_can_be_read(stored: Any):
    position = CallPosition.from_json(stored)

    assert go_on(some_ivr(), position, at=NOW).position.step


@pytest.mark.django_db
def test_a_stored_definition_is_walked_through_as_it_stands(django_assert_num_queries: Any):
    queue = QueueFactory(channel__kind="voice")
    ivr = IvrDefinitionFactory(channel=queue.channel, steps__queue=queue)

    with django_assert_num_queries(2):
        outcome = walked(ivr, "2")

    assert (outcome.queue, outcome.attached) == (queue, {"Selected_language": "en"})
