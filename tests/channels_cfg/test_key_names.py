from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.key_names import (
    BadKeyName,
    check_key_list,
    check_key_name,
    is_listed,
    look_alikes,
    split_key_list,
)


@pytest.mark.parametrize("name", ["customerId", "customer_data.id", "tickets.0", "XRI-body", "asiakasNimiÄ", "k" * 128])
def test_a_name_of_letters_digits_and_the_three_marks_is_good(name):
    assert check_key_name(name) == name


@pytest.mark.parametrize(
    ("name", "position", "words"),
    [
        ("customer Id", 9, "a space"),
        ("2ndcustomerId", 1, "“2”"),
        ("_hidden", 1, "“_”"),
        ("-x", 1, "“-”"),
        ("ns:key", 3, "“:”"),
        ("XmlThing", 1, "xml"),
        ("xmL", 1, "xml"),
        ("", 1, "needs a name"),
        ("k" * 129, 129, "at most 128"),
        ("a\x00b", 2, "U+0000"),
        ("a\u200bb", 2, "U+200B"),
        ("price€", 6, "“€”"),
        ("smile😀", 6, "“😀”"),
        ("__proto__", 1, "“_”"),
    ],
)
def test_a_bad_name_is_refused_with_its_character_and_position(name, position, words):
    with pytest.raises(BadKeyName) as refusal:
        check_key_name(name)

    assert refusal.value.position == position
    assert words in refusal.value.messages[0]


def test_a_name_is_stored_in_nfc():
    assert check_key_name("cafe\u0301") == "café"


@given(st.text(max_size=140))
def test_any_text_is_either_a_good_name_or_refused_at_one_of_its_characters(text):
    try:
        good = check_key_name(text)
    except BadKeyName as bad:
        assert 1 <= bad.position <= 140
    else:
        assert check_key_name(good) == good


def test_a_bad_list_names_every_bad_item():
    with pytest.raises(ValidationError) as refusal:
        check_key_list(["customer Id", "customerType", "2nd"])

    first, second = refusal.value.messages
    assert first.startswith("Item 1, “customer Id”: Character 9 is a space")
    assert second.startswith("Item 3, “2nd”: A key starts with a letter")


def test_a_list_keeps_its_order_and_names_each_key_once():
    assert check_key_list(["b", "a", "b"]) == ["b", "a"]


@pytest.mark.parametrize(
    "pasted",
    [
        "customerId, customerType",
        "customerId\ncustomerType\n",
        "customerId;customerType",
        '["customerId", "customerType"]',
        '"customerId",customerType',
    ],
)
def test_a_list_is_pasted_with_commas_lines_json_or_csv(pasted):
    assert split_key_list(pasted) == ["customerId", "customerType"]


def test_names_that_look_alike_are_found():
    assert look_alikes(["customerId", "customerid", "customer_id", "orderId"]) == [
        ("customerId", "customerid"),
        ("customerId", "customer_id"),
    ]


def test_naming_a_parent_includes_its_leaves_and_nothing_else():
    assert is_listed("customer_data.id", ["customer_data"])
    assert is_listed("tickets.0", ["tickets"])
    assert not is_listed("customer_data2", ["customer_data"])
    assert not is_listed("customer", ["customer_data"])


@pytest.mark.parametrize("invisible", "\u00ad\u034f\u115f\u200b\u200d\u2060\u2800\u3164\ufe0f\ufeff\uffa0")
@pytest.mark.parametrize("pattern", ["{}tier", "ti{}er", "tier{}"])
def test_what_shows_as_nothing_is_refused_by_its_number(pattern: str, invisible: str):
    with pytest.raises(BadKeyName, match=f"the invisible character U[+]{ord(invisible):04X}") as refused:
        check_key_name(pattern.format(invisible))

    assert refused.value.position == pattern.index("{") + 1


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\rb", "a\r\nb\n", "a\tb", "a;b", "a, b", "a\u2028b", '"a"\t"b"', '["a", "b"]', " a \n\n b "],
    ids=ascii,
)
def test_pasted_names_stay_apart(text: str):
    assert split_key_list(text) == ["a", "b"]


def test_a_cell_too_long_for_any_name_is_no_error():
    assert split_key_list("a" * 200_000) == ["a" * 200_000]
