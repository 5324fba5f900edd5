"""Published files are read and written without loss."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_cfg.data_actions.faults import ActionFault
from channels_cfg.data_actions.lint import findings_about
from channels_cfg.data_actions.published_file import action_from, read_action, write_action
from tests.channels_cfg.data_actions.published import FILES, with_published_files
from tests.channels_cfg.data_actions.test_result_paths import JSON

LITTLE = {"name": "Get tag", "actionType": "custom", "config": {"request": {"requestUrlTemplate": "/x"}}}


@with_published_files
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.rpartition("__")[2])
def test_every_published_file_is_read_and_written_as_it_was(file: Path):
    definition, not_kept = read_action(file.read_bytes())

    written = json.loads(write_action(definition))

    published = json.loads(file.read_text("utf-8-sig"))
    published["config"]["request"].setdefault("requestUrlTemplate", "")  # of a function
    assert (written, not_kept) == (published, [])
    assert read_action(write_action(definition))[0] == definition


def test_a_mark_at_the_beginning_carriage_returns_and_parts_left_out_are_taken():
    text = "\ufeff" + json.dumps(LITTLE, indent=1).replace("\n", "\r\n")

    definition, _not_kept = read_action(text.encode())

    assert (definition.name, definition.secure, definition.timeout_seconds) == ("Get tag", False, 60)
    assert read_action(write_action(dataclasses.replace(definition, timeout_seconds=5)))[0].timeout_seconds == 5


def test_what_is_not_kept_is_said():
    document = {**LITTLE, "id": "1", "config": {"request": {"requestTemplateUri": "/x"}}}

    _definition, not_kept = action_from(document)

    assert [finding.field for finding in not_kept] == ["id", "config.request.requestTemplateUri"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "UTF-8"),
        (b"{", "name in double quotes"),
        (b"[]", "object"),
        (b"{}", "name"),
        (b'{"name": "x"}', "config"),
        (b'{"name": 1, "config": {"request": {}}}', "“name” must be a text"),
        (b'{"name": "x", "config": []}', "“config” must be an object"),
        (b'{"name": "x", "config": {"request": {"headers": []}}}', "“headers” must be an object"),
        (b'{"name": "x", "config": {"timeoutSeconds": 61}}', "timeoutSeconds"),
        (b'{"name": "x", "actionType": "own", "config": {"request": {}}}', "none of custom, customAuth"),
        (b'{"name": "x", "secure": "no", "config": {"request": {}}}', "true or false"),
        (b" " * 1_000_001, "larger"),
    ],
)
def test_what_is_no_action_is_refused_with_the_part(content: bytes, words: str):
    with pytest.raises(ActionFault, match=words):
        read_action(content)


NAMES = st.sampled_from(
    ["name", "config", "request", "response", "contract", "headers", "translationMap", "input", "inputSchema", "secure"]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    JSON | st.just("${input.a"), lambda inner: st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)


@given(ANYTHING)
def test_no_file_raises_anything_but_a_fault(document: Any):
    try:
        definition, _not_kept = read_action(json.dumps({"name": "x", "config": {"request": {}}} | document)
                                            if isinstance(document, dict) else json.dumps(document))  # fmt: skip
    except ActionFault:
        return

    assert read_action(write_action(definition))[0] == definition
    assert all(str(finding) for finding in findings_about(definition))
