"""Translation map, defaults and success template make outputs of an answer, as the facts on Genesys Cloud say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.results import answer_text, flattened, outputs_from, success_text, translated
from tests.channels_cfg.data_actions.test_result_paths import JSON

ACTION = ActionDefinition(
    translation_map=json.dumps({"name": "$.name", "gone": "$.gone", "none": "$.none", "ids": "$.items[*].id"}),
    translation_map_defaults=json.dumps({"gone": '"?"', "none": '"default"', "ids": '["default"]'}),
    success_template='{"name": ${name}, "gone": ${gone}, "none": ${none}, "ids": ${ids}}',
)


def outputs(action: ActionDefinition, answer: Any) -> Any:
    raw = json.dumps(answer)
    return outputs_from(success_text(action, raw, translated(action, json.loads(raw))))


def test_a_default_replaces_what_is_not_found_and_never_null_or_an_empty_list():
    found = outputs(ACTION, {"name": 'A "B"', "none": None})

    assert found == {"name": 'A "B"', "gone": "?", "none": None, "ids": []}


def test_a_name_without_value_fails_in_the_words_of_the_engine():
    action = ActionDefinition(translation_map='{"X": "$.x"}', success_template='{\n"output": ${X}}')

    with pytest.raises(ActionFault, match=r"Variable \$X has not been set at successTemplate\[line 2, column 11\]"):
        outputs(action, {})


def test_the_whole_answer_may_be_the_output():
    assert outputs(ActionDefinition(success_template="${rawResult}"), {"a": [1]}) == {"a": [1]}
    assert outputs(ActionDefinition(success_template=""), {"a": [1]}) == {"a": [1]}


def test_an_answer_without_body_is_an_empty_object_and_one_that_is_no_utf_8_is_refused():
    assert answer_text(b"") == answer_text(b" \n") == "{}"
    assert answer_text(b'\xef\xbb\xbf{"a": 1}') == '{"a": 1}'
    with pytest.raises(ActionFault, match="UTF-8"):
        answer_text(b"\xff")


@pytest.mark.parametrize("text", ["<html>", '{"a": NaN}', "[" * 60, '{"a": ' + "9" * 400 + "}", ""])
def test_what_is_not_json_within_limits_is_refused(text: str):
    with pytest.raises(ActionFault):
        outputs_from(text)


def test_lists_of_objects_are_flattened_to_lists_by_name():
    nested = {"total": 2, "who": {"id": 1}, "rows": [{"id": 1, "at": {"x": 5}}, {"id": 2}], "tags": ["a"]}

    assert flattened(nested) == {
        "total": 2,
        "who.id": 1,
        "rows.id": [1, 2],
        "rows.at.x": [5, None],
        "tags": ["a"],
    }


@given(st.dictionaries(st.sampled_from(["name", "gone", "none", "items"]), JSON), st.text(max_size=30))
def test_no_answer_raises_anything_but_a_fault(answer: dict[str, Any], template: str):
    flattened(outputs(ACTION, answer | {"name": 1}))
    try:
        outputs(ActionDefinition(translation_map=ACTION.translation_map, success_template=template), answer)
    except ActionFault as fault:
        assert fault.message
