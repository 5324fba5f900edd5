import time
from pathlib import Path

import pytest
from kombu import Connection

from config.message_files import Transport


@pytest.fixture
def broker(tmp_path):
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path / "x")}
    with Connection(transport="config.message_files:Transport", transport_options=folders) as connection:
        yield connection


def test_the_portal_without_a_broker_uses_them():
    assert isinstance(Connection("filesystem://localhost").transport, Transport)


def test_a_message_arrives_once_and_leaves_no_file(broker: Connection, tmp_path):
    queue = broker.SimpleQueue("celery")
    queue.put({"id": 7})

    assert queue.get(timeout=5).payload == {"id": 7}
    assert [file for file in tmp_path.rglob("*") if file.suffix in {".msg", ".draft"}] == []


def test_a_message_appears_whole_or_not_at_all(broker: Connection, tmp_path, monkeypatch):
    queue = broker.SimpleQueue("another")  # kombu binds a name once a process, in whichever folder that was
    monkeypatch.setattr(Path, "write_text", lambda self, text: self.touch() or 1 / 0)

    with pytest.raises(ZeroDivisionError):
        queue.put({"id": 7})

    assert list(tmp_path.glob("*.msg")) == []


def test_a_worker_that_waits_looks_up_often_enough_to_end_soon(broker: Connection):
    broker.SimpleQueue("quiet")
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        broker.drain_events(timeout=2)

    assert time.monotonic() - began < 1
