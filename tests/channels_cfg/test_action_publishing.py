"""Published files become data actions; a published one changes by its draft alone."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from channels_cfg.action_publishing import publish, reasons_against_publishing, start_draft
from channels_cfg.data_actions.published_file import read_action
from channels_cfg.models import DataAction, DataActionDraft
from tests.channels_cfg.data_actions.published import FILES, with_published_files
from tests.factories import DataActionConnectionFactory, DataActionFactory

pytestmark = pytest.mark.django_db


def imported(*files: Path) -> str:
    said = io.StringIO()
    call_command("import_data_actions", *files, stdout=said)
    return said.getvalue()


@with_published_files
def test_every_published_file_is_imported_with_its_warnings_and_written_again(tmp_path: Path):
    said = imported(*FILES)
    call_command("export_data_actions", tmp_path, stdout=io.StringIO())

    lines = [line for line in said.splitlines() if not line.startswith("    ")]
    assert all(": imported" in line for line in lines[:-1]) and len(lines) == len(FILES) + 1
    assert lines[-1].startswith(f"{len(FILES)} imported (1 of them as drafts), 0 refused, ")
    assert "    requestUrlTemplate, line 1, column 23: “$INPUT” is written in another case. Write $input." in said
    assert DataAction.objects.get(state="draft").name.startswith("Genesys Function")
    written = {action.name: action for file in tmp_path.iterdir() for action in [read_action(file.read_bytes())[0]]}
    for file in FILES:
        definition = read_action(file.read_bytes())[0]
        again = written[definition.name.strip()]
        assert json.loads(again.input_schema) == json.loads(definition.input_schema)
        assert again.success_template == definition.success_template.replace("\r\n", "\n").strip()


def test_a_file_that_is_none_is_refused_and_the_others_are_imported(tmp_path: Path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"name": "Good", "config": {"request": {"requestUrlTemplate": "/x?q=${input.q}"}}}')
    bad.write_text('{"name": "Bad",\n "config": }')
    said = io.StringIO()

    with pytest.raises(CommandError):
        call_command("import_data_actions", good, bad, tmp_path / "none.json", stdout=said)

    assert f"{good}: imported: Good" in said.getvalue()
    assert f"{bad}: refused: line 2, column 12" in said.getvalue()
    assert said.getvalue().splitlines()[-1].startswith("1 imported (0 of them as drafts), 2 refused, ")


def test_a_file_gets_the_connection_of_its_type_and_replaces_what_has_its_name(tmp_path: Path):
    connection = DataActionConnectionFactory(integration_type="purecloud-data-actions")
    file = tmp_path / "action.json"
    document = {
        "name": "Find",
        "integrationType": "purecloud-data-actions",
        "config": {"request": {"requestUrlTemplate": "/x"}},
    }
    file.write_text(json.dumps(document))
    imported(file)
    action = DataAction.objects.get()
    assert action.connection == connection
    start_draft(action)

    document["config"] = {"request": {"requestUrlTemplate": "/y"}}
    file.write_text(json.dumps(document))
    imported(file)

    action = DataAction.objects.get()
    assert (action.request_url_template, action.is_published) == ("/y", True)
    assert not DataActionDraft.objects.exists()


def test_a_draft_changes_what_runs_when_it_is_published():
    action = DataActionFactory(request_url_template="/old")
    draft = start_draft(action)
    assert start_draft(action) == draft

    draft.request_url_template = "/new\r\n"
    draft.save()
    assert DataAction.objects.get().request_url_template == "/old"
    publish(action)

    assert DataAction.objects.get().request_url_template == "/new"
    assert not DataActionDraft.objects.exists()


def test_what_cannot_run_is_not_published():
    action = DataActionFactory(state="draft", success_template='{"contactId": ${ids}}')

    assert [finding.field for finding in reasons_against_publishing(action)] == ["successTemplate"]
    with pytest.raises(ValidationError, match="Did you mean “id”"):
        publish(action)
    assert DataAction.objects.get().state == "draft"


def test_what_cannot_be_read_is_not_even_a_draft():
    action = DataActionFactory.build(
        connection=None, state="draft", headers='{\n"a": }', translation_map='{"id": "$.["}'
    )

    with pytest.raises(ValidationError) as refused:
        action.full_clean()

    assert refused.value.message_dict["headers"] == ["Line 2, column 6: A value is expected here."]
    assert refused.value.message_dict["translation_map"][0].startswith("Line 1, column ")


def test_one_action_signs_in_for_a_connection():
    first = DataActionFactory(action_type="customAuth")
    second = DataActionFactory(action_type="customAuth", connection=first.connection, state="draft")

    with pytest.raises(ValidationError, match="Another action signs in"):
        publish(second)
