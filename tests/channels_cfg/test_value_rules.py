"""Values of catalogued keys: what is stored of them, what is refused, and in which words."""

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.value_rules import (
    CONSTRAINTS_OF_KIND,
    MAX_RULE_LENGTH,
    BrokenRule,
    ValueRules,
    rules_without_what_says_nothing,
)

RULES = [
    ValueRules("text"),
    ValueRules("text", longest=5),
    ValueRules("text", pattern="[A-Z]{2}[0-9]{6}", example="FI123456"),
    ValueRules("integer"),
    ValueRules("integer", minimum="0", maximum="100"),
    ValueRules("decimal"),
    ValueRules("decimal", minimum="-0.5", decimals=2),
    ValueRules("boolean"),
    ValueRules("date"),
    ValueRules("date", maximum="2030-12-31"),
    ValueRules("datetime"),
    ValueRules("datetime", minimum="2020-01-01T00:00:00Z"),
    ValueRules("choice", choices=("gold", "silver", "1", "Ärger")),
    ValueRules("url"),
    ValueRules("phone"),
    ValueRules("email"),
]

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.integers(min_value=10**400),
    st.text(alphabet="+-.0123456789eE:TZ ,", max_size=40),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.emails(),
    st.sampled_from(
        ["gold", " SILVER ", "ärger", "yes", "OFF", "http://crm/x?y=[1]", "https://[::1]:99999/", "tel:+358 40"]
    ),
    st.text(alphabet="http:/[]@.%x0123\t ", max_size=30),
)


@given(rules=st.sampled_from(RULES), value=SCALARS)
def test_any_value_is_answered_and_what_is_stored_is_stored_again(rules: ValueRules, value: Any):
    try:
        stored = rules.parse(value)
    except BrokenRule as broken:
        assert broken.rule == rules.in_words()
        return

    again = rules.parse(stored)
    assert (again, type(again)) == (stored, type(stored))


@given(value=st.text(min_size=4, alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)))
def test_a_complaint_never_repeats_the_value(value: str):
    for rules in RULES:
        try:
            rules.parse(value)
        except BrokenRule as broken:
            assert value not in f"{broken.messages[0]} {broken.rule}"


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("text", "  as it is ", "  as it is "),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", "", ""),
        ("integer", "5", 5),
        ("integer", " +05 ", 5),
        ("integer", 5.0, 5),
        ("integer", "", None),
        ("decimal", "12.50", 12.5),
        ("decimal", 5.0, 5),
        ("decimal", ".5", 0.5),
        ("boolean", "yes", True),
        ("boolean", "FALSE", False),
        ("boolean", 0, False),
        ("date", " 2026-11-21 ", "2026-11-21"),
        ("datetime", "2026-11-21T14:30:00+02:00", "2026-11-21T12:30:00Z"),
        ("datetime", "2026-11-21 14:30Z", "2026-11-21T14:30:00Z"),
        ("url", "HTTPS://Example.com/a?b=ä", "https://Example.com/a?b=ä"),
        ("url", "http://crm/ticket/7", "http://crm/ticket/7"),
        ("phone", "+358 (0)40-123 45 67", "+358401234567"),
        ("phone", "00358401234567", "+358401234567"),
        ("email", "Aino@Example.COM", "Aino@example.com"),
        ("email", None, None),
    ],
)
def test_a_good_value_is_stored_in_one_form(kind: str, value: Any, stored: Any):
    parsed = ValueRules(kind).parse(value)

    assert (parsed, type(parsed)) == (stored, type(stored))


def test_a_choice_is_stored_as_it_is_configured():
    rules = ValueRules("choice", choices=["Gold", "silver", "1"])

    assert [rules.parse(value) for value in ("gold ", "silver", 1)] == ["Gold", "silver", "1"]


def test_choices_that_differ_in_case_alone_are_told_apart():
    rules = ValueRules("choice", choices=["a", "A"])

    assert (rules.parse("a"), rules.parse("A")) == ("a", "A")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", True),
        ("integer", 5.5),
        ("integer", "five"),
        ("integer", "٥"),
        ("integer", "1e3"),
        ("decimal", "12,50"),
        ("decimal", "nan"),
        ("decimal", float("inf")),
        ("decimal", "1234567890.12345678901"),
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("date", "2026-02-30"),
        ("date", "20261121"),
        ("date", 20261121),
        ("datetime", "2026-11-21T14:30:00"),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("url", "javascript:alert(1)"),
        ("url", "ftp://example.com/"),
        ("url", "https://aino:secret@example.com/"),
        ("url", "https:///path"),
        ("url", "https://example.com/a b"),
        ("phone", "0401234567"),
        ("phone", 358401234567),
        ("email", "aino"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any):
    with pytest.raises(BrokenRule):
        ValueRules(kind).parse(value)


@pytest.mark.parametrize(
    ("rules", "value", "complaint"),
    [
        (
            ValueRules("integer", minimum="0", maximum="100", example="42"),
            "101",
            "It should be a whole number from 0 to 100. A good value is 42.",
        ),
        (
            ValueRules("decimal", minimum="0", decimals=2),
            "1.234",
            "It should be a number, 0 or more, with at most 2 digits after the point. A good value is 0.",
        ),
        (
            ValueRules("date", maximum="2030-12-31"),
            "2031-01-01",
            "It should be a date as year-month-day, 2030-12-31 or earlier. A good value is 2030-12-31.",
        ),
        (
            ValueRules("text", pattern="[A-Z]{2}[0-9]{6}", example="FI123456"),
            "fi123456",
            "It should be a text that matches [A-Z]{2}[0-9]{6}. A good value is FI123456.",
        ),
        (ValueRules("text", longest=3), "four", "It should be a text of at most 3 characters."),
        (
            ValueRules("choice", choices=["gold", "silver"]),
            "tin",
            "It should be one of gold, silver. A good value is gold.",
        ),
    ],
)
def test_a_complaint_tells_the_rule_and_a_good_example(rules: ValueRules, value: Any, complaint: str):
    with pytest.raises(BrokenRule) as broken:
        rules.parse(value)

    assert broken.value.messages == [complaint]


def test_a_rule_fits_into_a_flag_however_much_there_is_to_say():
    rules = ValueRules("choice", choices=[f"{'x' * 199}{number}" for number in range(10)])

    assert len(rules.in_words()) <= MAX_RULE_LENGTH


@pytest.mark.parametrize(
    ("rules", "field", "words"),
    [
        (ValueRules("choice"), "choices", "something to choose from"),
        (ValueRules("choice", choices=["a", "a"]), "choices", "twice"),
        (ValueRules("choice", choices=[" "]), "choices", "empty"),
        (ValueRules("integer", minimum="low"), "minimum", "a whole number"),
        (ValueRules("integer", minimum="2.5"), "minimum", "a whole number"),
        (ValueRules("integer", minimum="9", maximum="10"), None, ""),
        (ValueRules("integer", minimum="10", maximum="9"), "maximum", "below the minimum"),
        (ValueRules("date", minimum="2026-12-01", maximum="2026-11-30"), "maximum", "below the minimum"),
        (ValueRules("datetime", minimum="2026-12-01"), "minimum", "offset from UTC"),
        (ValueRules("text", minimum="1"), "minimum", "Leave it empty"),
        (ValueRules("boolean", pattern="x"), "pattern", "Leave it empty"),
        (ValueRules("text", pattern="[", example="x"), "pattern", "no regular expression"),
        (ValueRules("text", pattern="(?=a)", example="a"), "pattern", "Look-around"),
        (ValueRules("text", pattern="(((((a{30}){30}){30}){30}){30})"), "pattern", "repetition"),
        (ValueRules("text", pattern=r"\pL{1,999}"), "pattern", "smaller repetitions"),
        (ValueRules("text", pattern="[0-9]+"), "example", "Give a value that matches"),
        (ValueRules("text", pattern="[0-9]+", example="a"), "example", "breaks the rules"),
        (ValueRules("text", longest=0), "longest", "at least 1"),
        (ValueRules("text", pattern="[0-9]+", example="7"), None, ""),
    ],
)
def test_rules_that_make_no_sense_are_told_by_field(rules: ValueRules, field: str | None, words: str):
    problems = rules.problems()

    assert list(problems) == ([field] if field else [])
    assert words in problems.get(field or "", "")


@given(pattern=st.text(max_size=200), kind=st.sampled_from(sorted(CONSTRAINTS_OF_KIND)))
def test_any_text_typed_as_rules_is_answered(pattern: str, kind: str):
    ValueRules(kind, pattern=pattern, minimum=pattern, maximum="1", example=pattern, choices=[pattern]).problems()


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a.{99}){1,9}x", "((a{1,9}){1,9}){1,9}x"])
def test_no_pattern_hangs_the_server(pattern: str):
    started = time.monotonic()

    with pytest.raises(BrokenRule):
        ValueRules("text", pattern=pattern, example="x").parse("a" * 4095 + "!")

    assert time.monotonic() - started < 1


def test_constraints_that_say_nothing_about_a_type_are_emptied():
    facts = {"kind": "date", "minimum": "2026-01-01", "choices": ["a"], "longest": 5, "pattern": "x", "name": "due"}

    assert rules_without_what_says_nothing(facts) == {
        "kind": "date", "minimum": "2026-01-01", "choices": [], "longest": None, "pattern": "", "name": "due"
    }  # fmt: skip


def test_dates_are_compared_as_dates():
    rules = ValueRules("date", minimum="2026-01-01")

    assert rules.parse(date(2026, 11, 21).isoformat()) == "2026-11-21"
