"""JSON is read strictly, and what is wrong with it is told with line and column."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.integrations.json_position import JSONFault, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_json_says_is_read_as_it_says(value: Any, indent: int | None, is_ascii: bool):
    assert parse_json(json.dumps(value, indent=indent, ensure_ascii=is_ascii)).value == value


@given(st.text() | st.text('{}[]",:\\u0123 \n\ntruefalsn-.eE', max_size=60))
def test_no_text_raises_anything_but_a_fault_of_json(text: str):
    try:
        found = parse_json(text).value
    except JSONFault as fault:
        assert fault.position.line >= 1 and fault.position.column >= 1
    else:
        assert found == json.loads(text)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("", (1, 1), "empty"),
        ("{", (1, 2), "name in double quotes"),
        ('{\n  "a": 1,\n}', (2, 9), "Remove it"),
        ('{"a": 1 "b": 2}', (1, 9), "comma or }"),
        ('{\n  "a" 1}', (2, 7), "colon"),
        ("{'a': 1}", (1, 2), "double quotes"),
        ('{"a": yes}', (1, 7), "“yes”"),
        ('{"a": NaN}', (1, 7), "“NaN”"),
        ('{"a": 1, "a": 2}', (1, 10), "twice"),
        ('{"a": "b\n"}', (1, 7), "closing quotation mark"),
        ('{"a": "\\q"}', (1, 8), "no escape"),
        ("[1] x", (1, 5), "after the end"),
        ("[" + "9" * 400 + "]", (1, 2), "400 characters"),
        ("[1e999]", (1, 2), "larger than"),
        ("[" * 1000, (1, 52), "levels deep"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, where: tuple[int, int], words: str):
    with pytest.raises(JSONFault, match=words) as refused:
        parse_json(text)

    assert refused.value.position[:2] == where


def test_a_character_of_a_string_is_found_behind_escapes():
    document = parse_json('{\n  "a": ["x", "\\u00e4\\n{b}"]\n}')

    assert document.position(("a", 1))[:2] == (2, 14)
    assert document.position(("a", 1), character=2)[:2] == (2, 23)
    assert document.position_of_name(("a",))[:2] == (2, 3)
