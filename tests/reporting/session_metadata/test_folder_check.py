"""Reading a folder of session metadata files."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Conversation
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import read_sessions
from tests.factories import QueueFactory, UserFactory, accepted_conversation
from tests.reporting.session_metadata.conftest import served_chat

pytestmark = pytest.mark.django_db
PERIOD = ("--from", "2026-03-01", "--to", "2026-03-02")


def document_of(conversation: Conversation) -> dict[str, Any]:
    (stored,) = read_sessions([conversation.pk])
    return session_metadata(stored)


def write(folder: Path, name: str, document: Any) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(document if isinstance(document, bytes) else as_bytes(document))


def checked(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit status, and what was said."""
    said, status = StringIO(), 0
    try:
        call_command("check_session_metadata", str(folder), *arguments, stdout=said)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, said.getvalue().splitlines()


def test_a_whole_period_of_good_files_passes(tmp_path):
    chats = [served_chat(QueueFactory(), UserFactory()) for _ in range(2)]
    for chat in chats:
        write(tmp_path, f"metadata/chat-{chat.number}.json", document_of(chat))
    accepted_conversation(QueueFactory())

    assert checked(tmp_path, "--ours", *PERIOD) == (0, ["Files: 2. Not good: 0. Told twice: 0. Missing: 0."])


def test_what_is_not_valid_does_not_add_up_or_comes_twice_is_told_by_file_without_values(tmp_path):
    chat = document_of(served_chat(QueueFactory(), UserFactory()))
    write(tmp_path, "good.json", chat)
    write(tmp_path, "again.json", chat)
    write(tmp_path, "sum.json", chat | {"id": 10**6, "chat_duration": 7, "wait_duration": 31})
    write(tmp_path, "type.json", chat | {"id": 10**6 + 1, "rating": "canary"})
    write(tmp_path, "missing.json", {name: chat[name] for name in chat if name != "status"} | {"id": 10**6 + 2})
    write(tmp_path, "other.json", ["canary"])
    write(tmp_path, "half.json", as_bytes(chat)[:99])
    write(tmp_path, "note.txt", b"canary")

    status, said = checked(tmp_path)

    assert status == 1
    assert said[0] == "half.json: not valid: It is no JSON in UTF-8."
    assert said[1:4] == [
        "missing.json: not valid: missing: status",
        "other.json: not valid: It is no session: one of call_type and chat_type says which kind.",
        "sum.json: does not add up: chat_duration is 7, and handle_durations add up to 330",
    ]
    assert said[4:] == [
        "sum.json: does not add up: wait_duration is 31, and queue_durations add up to 30",
        "type.json: not valid: rating: breaks “type: ['integer', 'null']”",
        f"chat {chat['id']}: told by several files: again.json, good.json",
        "Files: 7. Not good: 5. Told twice: 1. Missing: 0.",
    ]


def test_files_of_anybody_pass_too(tmp_path):
    sample = Path(__file__).with_name("samples") / "call-987.json"
    unknown = json.loads(sample.read_text()) | {"id": 988, "invented_later": True}
    write(tmp_path, "call-987.json", sample.read_bytes())
    write(tmp_path, "call-988.json", unknown)

    assert checked(tmp_path)[0] == 0
    assert checked(tmp_path, "--ours")[0] == 1


def test_sessions_of_a_period_that_no_file_tells_of_are_missing(tmp_path):
    there, missing = (served_chat(QueueFactory(), UserFactory()) for _ in range(2))
    write(tmp_path, "1.json", document_of(there))

    status, said = checked(tmp_path, *PERIOD)

    assert (status, said[0]) == (1, f"chat {missing.number}: missing")
    assert checked(tmp_path, "--from", "2026-03-02", "--to", "2026-03-03")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2026-03-01"], "needs both"),
        (["--from", "yesterday", "--to", "2026-03-01"], "is no time"),
        (["--from", "2026-03-02", "--to", "2026-03-01"], "ends before"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path, arguments, words):
    with pytest.raises(CommandError, match=words):
        checked(tmp_path, *arguments)
    with pytest.raises(CommandError, match="no folder"):
        checked(tmp_path / "nowhere")
