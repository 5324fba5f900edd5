"""JSONPath as Genesys Cloud's engine has it: one value of a definite path, a list of an indefinite one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.result_paths import NOT_FOUND, read_path

ANSWER = {
    "total": 2,
    "nothing": None,
    "a b": 1,
    "participants": [
        {"purpose": "customer", "id": "p1", "chats": [{"id": "c1"}], "sessions": [{"flow": "agent"}]},
        {"purpose": "acd", "id": "p2", "sessions": [{"flow": "agent"}]},
    ],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.total", 2),
        ("total", 2),
        ("$.nothing", None),
        ("$.missing", NOT_FOUND),
        ("$.participants[0].chats[0].id", "c1"),
        ("$.participants[-1].id", "p2"),
        ("participants[0].id", "p1"),
        ("$.['a b']", 1),
        ("['a b']", 1),
        ("$.participants[9].id", NOT_FOUND),
        ("$.total[0]", NOT_FOUND),
        ("$.participants.size()", 2),
        ("$.participants.length()", 2),
        ("$.total.size()", NOT_FOUND),
    ],
)
def test_a_definite_path_finds_one_value_or_none(path: str, value: Any):
    read = read_path(path)

    assert read.is_definite and read.find(ANSWER) == value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (".total", [2]),
        ("$..id", ["p1", "c1", "p2"]),
        ('$.participants[?(@.purpose =="customer")].id', ["p1"]),
        ("$..participants[?(@.purpose == 'acd' && @.sessions[0].flow == 'agent')].id", ["p2"]),
        ("$.participants[?(@.purpose=='x' || @.chats)].id", ["p1"]),
        ("$.participants[?(@.purpose != 'acd')].chats[0].id", ["c1"]),
        ("$.participants[*].chats[*].id", ["c1"]),
        ("$.participants[0:1].id", ["p1"]),
        ("$.participants[?(@.purpose=='nobody')].id", []),
        ("$.missing[*].id", []),
        ("$.participants[*].sessions.size()", [1, 1]),
    ],
)
def test_an_indefinite_path_finds_a_list_perhaps_an_empty_one(path: str, values: list[Any]):
    read = read_path(path)

    assert not read.is_definite and sorted(read.find(ANSWER), key=str) == sorted(values, key=str)


@pytest.mark.parametrize(
    "path",
    ["", "$.[", "$.a[?(@.b", "$.a.`len`", "$.a + 1", '$[?(@.a =~ "(a+)+$")]', "$..a..b..c", "$[?(@..a)]", "x" * 501],
)
def test_a_path_that_cannot_be_followed_is_refused(path: str):
    with pytest.raises(ActionFault):
        read_path(path)


PIECES = st.lists(
    st.sampled_from([*'$.a[]0:*@)"!<, `(\\é', "..", "-1", "?(", "==", "'x'", "&&", "||", ".size()", "null", "true"]),
    max_size=14,
).map("".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(max_size=30) | PIECES, JSON)
def test_no_path_raises_anything_but_a_fault(path: str, document: Any):
    try:
        read = read_path(path)
        found = read.find(document)
    except ActionFault as fault:
        assert fault.message
    else:
        assert read.is_definite or isinstance(found, list)
