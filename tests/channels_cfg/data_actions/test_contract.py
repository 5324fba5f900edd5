"""Contracts: JSON Schema draft 4, told apart by rule and never by value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.contract import complaints_about, findings_about_inputs, read_schema
from channels_cfg.data_actions.faults import ActionFault
from tests.channels_cfg.data_actions.test_result_paths import JSON


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"type": ', (1, 10), "value is expected"),
        ("[]", (1, 1), "object"),
        ('{\n "properties": {"a": {\n  "$ref": "#/x"}}}', (3, 3), "ref"),
        ('{\n "type": "object",\n "properties": {"a": {"type": "text"}}}', (3, 23), "draft 4"),
        ('{"properties": {"a": {"pattern": "("}}}', (1, 23), "regular expression"),
    ],
)
def test_a_schema_that_is_none_is_refused_with_its_place(text: str, place: tuple[int, int], words: str):
    with pytest.raises(ActionFault, match=words) as refused:
        read_schema(text)

    assert refused.value.at[:2] == place


def test_a_property_may_be_called_ref():
    assert read_schema('{"properties": {"$ref": {"type": "string"}}}')


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"properties": {"a": {"type": "integer"}}}, {"a": "secret"}, "/a: must be of type integer"),
        ({"required": ["name"]}, {"x": "secret"}, "/: 'name' is missing"),
        ({"additionalProperties": False}, {"secret": 1}, "/: it holds more than the contract names"),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": "secret"}, "/a: is none of the values that the contract names"),
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 60 + "secret"}, "/a: breaks the rule “pattern”"),
        ({"properties": {"a": {"maxLength": 3}}}, {"a": "secret"}, "/a: breaks the rule “maxLength”"),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{}, {}]}, "/a: breaks the rule “uniqueItems”"),
    ],
)
def test_a_complaint_names_the_rule_and_never_the_value(schema: dict[str, Any], value: Any, said: str):
    complaints = complaints_about(value, read_schema(json.dumps(schema)))

    assert [str(complaint) for complaint in complaints] == [said] and "secret" not in said


def test_inputs_are_flat_and_have_plain_names():
    text = '{"type": "object", "properties": {"1a": {}, "rawRequest": {}, "o": {"type": "object"}}, "required": ["z"]}'

    words = [finding.message for finding in findings_about_inputs(text, read_schema(text))]

    assert len(words) == 4 and all(
        any(named in word for word in words) for named in ("“1a”", "“rawRequest”", "“o”", "“z”")
    )


RULES = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "required",
        "enum",
        "pattern",
        "maximum",
        "multipleOf",
        "anyOf",
        "not",
        "$ref",
        "id",
    ]
)


@given(st.dictionaries(RULES, JSON | st.dictionaries(RULES, JSON, max_size=2), max_size=3), JSON)
def test_no_schema_and_no_value_raise_anything_but_a_fault(schema: dict[str, Any], value: Any):
    try:
        read = read_schema(json.dumps(schema))
    except ActionFault:
        return

    assert all(str(complaint) for complaint in complaints_about(value, read))
