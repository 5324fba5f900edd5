"""What will go wrong is said before it does, with line, column and a remedy."""

from __future__ import annotations

import dataclasses

import pytest

from channels_cfg.data_actions.definition import ActionDefinition
from channels_cfg.data_actions.faults import Severity
from channels_cfg.data_actions.lint import findings_about
from channels_cfg.data_actions.published_file import read_action
from tests.channels_cfg.data_actions.published import FILES, published, with_published_files

SOUND = ActionDefinition(
    name="Find contact",
    request_type="POST",
    request_url_template="/api/v2/externalcontacts/contacts?q=$esc.url(${input.phone})",
    headers='{"Content-Type": "application/json", "x-api-key": "${credentials.key}"}',
    request_template='{"phone": "$esc.jsonString(${input.phone})"}',
    translation_map='{"id": "$.entities[0].id"}',
    translation_map_defaults='{"id": "\\"\\""}',
    success_template='{"id": ${id}}',
    input_schema='{"type": "object", "properties": {"phone": {"type": "string"}}, "required": ["phone"]}',
    success_schema='{"type": "object", "properties": {"id": {"type": "string"}}}',
)


def test_a_sound_action_has_no_faults():
    assert findings_about(SOUND) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"headers": '{\n "a": }'}, "unreadable headers, line 2, column 7"),
        ({"headers": '{"a": "${b"}'}, "unreadable headers, line 1, column 11"),
        ({"request_template": "{\n${input.x"}, "unreadable requestTemplate, line 2, column 10"),
        ({"translation_map": '{"id": "$.["}'}, "unreadable translationMap, line 1, column 9"),
        ({"input_schema": '{"type": 1}'}, "unreadable inputSchema, line 1, column 2"),
        ({"success_template": "#if"}, "unreadable successTemplate, line 1, column 4"),
        ({"request_url_template": ""}, "blocks requestUrlTemplate: There is no address."),
        ({"request_template": "${inputs.phone}"}, "blocks requestTemplate, line 1, column 1: Nothing is called"),
        ({"success_template": '{"id": ${ids}}'}, "Did you mean “id”?"),
        ({"request_url_template": "/x?a=1&amp;b=2"}, "warning requestUrlTemplate, line 1, column 7: &amp;"),
        ({"request_url_template": "crm.example/x"}, "warning requestUrlTemplate, line 1, column 1: This is no address"),
        ({"request_url_template": "http://crm.example/x"}, "Write https://"),
        ({"request_url_template": "/x?q=${input.phone}"}, "column 6: The input “phone” goes into the query unescaped"),
        ({"request_template": '{"p": "${input.phone}"}'}, "Write $esc.jsonString(${input.phone})."),
        ({"request_template": '{"p": ${input.phone}}'}, "without quotes"),
        ({"request_template": '{"p": "$esc.jsonString(${input.phon})"}'}, "Did you mean “phone”?"),
        ({"request_template": '{"p": 1,}'}, "With ordinary inputs the body is not JSON"),
        ({"request_type": "GET"}, "warning requestTemplate: A GET request has no body"),
        ({"headers": '{"Authorization": "Basic eDp5"}'}, "holds its secret in plain text"),
        ({"headers": '{"x-api-key": "${input.phone}"}'}, "passed in as an input"),
        ({"input_schema": '{"properties": {"phone": {"type": "string"}}}'}, "“phone” may be left out"),
        ({"translation_map": '{"id": "entities[0].id"}'}, "Write $.entities[0].id."),
        ({"translation_map": '{"id": "$..id"}'}, "never used: its path finds a list"),
        ({"translation_map": '{"id": "$.id", "x": "$.x"}'}, "the success template does not use it"),
        ({"translation_map_defaults": '{"id": "none"}'}, 'Write a text with quotes of its own: "\\"none\\"".'),
        ({"translation_map_defaults": '{"ids": "0"}'}, "The translation map has no “ids”. Did you mean “id”?"),
        ({"success_template": '{"id": ${id}}}'}, "the success template makes no JSON"),
        ({"success_template": '{"Id": ${id}}'}, "Did you mean “id”?"),
        ({"success_schema": '{"properties": {"id": {}, "n": {}}, "required": ["n"]}'}, "requires the output “n”"),
    ],
)
def test_each_defect_is_found_with_its_place_and_remedy(change: dict[str, str], said: str):
    found = [f"{item.severity} {item}" for item in findings_about(dataclasses.replace(SOUND, **change))]

    assert any(said in line for line in found), found


@with_published_files
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Get-interaction-state.custom.json", "The default of “state” is not JSON."),
        ("Get-Call-Offered-Count.json", "The default of “count” is not JSON."),
        ("Get-Last-Agents-by-Conversation-ID.json", "the success template makes no JSON"),
        ("External-Contact-Query.json", "Did you mean “contactPostalCode”?"),
        ("Update-External-Tag.custom.json", "“$INPUT” is written in another case."),
        ("Get-Contact-From-Contact-List.json", "Did you mean “contactListId”?"),
        ("Send-Agentless-SMS.json", "goes into a JSON text unescaped"),
        ("Limitless---Peek-Full-Event-from-SmartCrowd-v1-20220330141741.custom.json", "goes into the query unescaped"),
        ("genesysFunctionActionExampleExport.json", "There is no address."),
    ],
)
def test_the_defects_of_published_files_are_found(name: str, said: str):
    definition, _not_kept = read_action(published(name).read_bytes())

    assert any(said in str(found) for found in findings_about(definition))


@with_published_files
def test_no_published_file_is_unreadable():
    found = [
        str(finding)
        for file in FILES
        for finding in findings_about(read_action(file.read_bytes())[0])
        if finding.severity == Severity.UNREADABLE
    ]

    assert found == []
