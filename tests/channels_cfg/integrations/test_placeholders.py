"""Paths, placeholders and conditions: what they stand for, and that nothing else ever comes of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.integrations.conditions import ConditionFault, parse_condition
from channels_cfg.integrations.paths import MISSING, PathFault, in_words, look_up, parse_path
from channels_cfg.integrations.placeholders import (
    PlaceholderFault,
    UnusableValue,
    fill,
    fill_address,
    fill_header,
    fill_tree,
    parse_text,
)

VALUES = {
    "event": {"name": "Received"},
    "contact": {"source": "+358401234567", "cad": {"rank": "100", "vip": True}},
    "response": {
        "body": {
            "id": 7, "none": None, "yes": True, "brace": "{contact.source}", "tickets": [{"id": "A"}, {"id": "B"}],
            "up": "..", "slash": "a/b?c#d%", "lines": "a\r\nX-Evil: 1", "a b.c": "odd", "empty": "",
        }
    },
}  # fmt: skip
find = partial(look_up, VALUES)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{response.body.id}", 7),
        ("{ response.body.id }", 7),
        ("no. {response.body.id}", "no. 7"),
        ("{response.body.yes} {response.body.none}.", "true ."),
        ("{response.body.none}", None),
        ("{response.body.tickets[-1].id}", "B"),
        ("{response.body.tickets[0].id}", "A"),
        ("{response.body.tickets.1.id}", "B"),
        ('{response.body["a b.c"]}', "odd"),
        ("{response.body.tickets}", [{"id": "A"}, {"id": "B"}]),
        ("{response.body.tickets[2].id}", MISSING),
        ("{response.body.tickets[-3].id}", MISSING),
        ("{response.body.tickets.id}", MISSING),
        ("{response.body.id.id}", MISSING),
        ("Dear {response.body.name}", MISSING),
        ("{response.body.brace}", "{contact.source}"),
        ("<{response.body.brace}>", "<{contact.source}>"),
        ("{{contact.source}}", "{contact.source}"),
        ("{event}", {"name": "Received"}),
        ("on {event}", "on Received"),
        ("plain", "plain"),
        ("", ""),
        ("{response.__class__}", MISSING),
    ],
)
def test_a_text_is_filled_with_what_its_placeholders_stand_for(text: str, filled: Any):
    assert fill(text, find) == filled


def test_keys_and_items_that_stand_for_nothing_are_left_out():
    tree = {"id": "{response.body.id}", "name": "{response.body.name}", "deep": {"x": "{gone}"}, "all": ["{gone}", 1]}

    assert fill_tree(tree, find) == {"id": 7, "deep": {}, "all": [1]}


def test_an_address_holds_a_value_as_one_piece_of_its_path():
    assert fill_address("https://crm/{event}/{response.body.slash}", find) == "https://crm/Received/a%2Fb%3Fc%23d%25"
    for text in ("https://crm/{response.body.up}", "https://crm/{gone}", "https://crm/{response.body.empty}/x"):
        with pytest.raises(UnusableValue):
            fill_address(text, find)


def test_a_header_cannot_be_ended_by_a_value():
    assert fill_header("{contact.source}", find) == "+358401234567"
    with pytest.raises(UnusableValue, match="line break"):
        fill_header("{response.body.lines}", find)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("{", 0), ("a}", 1), ("{a.}", 3), ("{}", 1), ("{a[x]}", 2), ("{a b}", 2), ("{a..b}", 3), ("{{a}", 3),
        ("{a[1.2]}", 2),
    ],
)  # fmt: skip
def test_what_is_no_placeholder_is_told_with_its_place(text: str, at: int):
    with pytest.raises(PlaceholderFault) as refused:
        parse_text(text)

    assert refused.value.at == at


ODD = st.text("{}[]().'\"abc-_*0189 \n<>=!andortis", max_size=40) | st.text(max_size=40)


@given(ODD)
def test_no_text_raises_anything_but_a_fault_of_placeholders(text: str):
    for use in (partial(fill, find=find), partial(fill_address, find=find), partial(fill_header, find=find)):
        try:
            use(text)
        except (PlaceholderFault, UnusableValue) as fault:
            assert str(fault)


@given(ODD)
def test_no_text_raises_anything_but_a_fault_of_paths(text: str):
    try:
        path = parse_path(text)
    except PathFault as fault:
        assert 0 <= fault.at <= len(text)
    else:
        look_up(VALUES, path)


@given(st.lists(st.text("ab.[]' ", max_size=4) | st.integers(-99, 99), min_size=1, max_size=4))
def test_a_path_in_words_is_read_as_the_same_path(steps: list[str | int]):
    if isinstance(steps[0], str) and in_words((steps[0],)) == steps[0]:
        assert parse_path(in_words(tuple(steps))) == tuple(steps)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda below: st.lists(below) | st.dictionaries(st.text(max_size=3), below),
    ),
    ODD,
)
def test_values_of_any_shape_are_looked_up(value: Any, text: str):
    try:
        path = parse_path(text)
    except PathFault:
        return
    look_up(value, path)


@given(ODD)
def test_no_text_raises_anything_but_a_fault_of_conditions(text: str):
    try:
        condition = parse_condition(text)
    except ConditionFault as fault:
        assert 0 <= fault.at <= len(text)
    else:
        assert condition.holds(find) in (True, False)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("{contact.cad.rank} >= 100", True),
        ("{contact.cad.rank} > 100", False),
        ("{contact.cad.rank} = '100.0'", True),
        ("{contact.cad.vip} = true", True),
        ("{contact.cad.vip} = 'true'", True),
        ("{contact.cad.vip}", True),
        ("{contact.cad.gone}", False),
        ("{contact.cad.gone} = null", False),
        ("{contact.cad.gone} != 1", True),
        ("{contact.cad.gone} is missing", True),
        ("{contact.cad.rank} is not missing", True),
        ("not ({contact.cad.vip} and {contact.cad.rank} < 5) or false", True),
        ("{contact.source} contains '358'", True),
        ("{contact.source} < 'b'", True),
        ("{response.body.tickets} contains 'A'", False),
        ("{response.body.none} = null", True),
    ],
)
def test_a_condition_holds_or_not(text: str, holds: bool):
    assert parse_condition(text).holds(find) is holds


@pytest.mark.parametrize(
    ("text", "at"),
    [("", 0), ("{a} =", 5), ("{a} gold", 4), ("({a}", 4), ("{a} is", 6), ("{a} {b}", 4), ("{a.} = 1", 3), ("1 = ;", 4)],
)  # fmt: skip
def test_what_is_no_condition_is_told_with_its_place(text: str, at: int):
    with pytest.raises(ConditionFault) as refused:
        parse_condition(text)

    assert refused.value.at == at
