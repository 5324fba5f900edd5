"""Files on a real SFTP server: whole or not there, and on no other server than the one that is known."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pytest_django import Settings

from channels_cfg.destination_templates import UNFINISHED
from channels_cfg.metadata_destinations import sftp
from channels_cfg.metadata_destinations.sftp import SECONDS_UNFINISHED, SftpStore
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from tests.channels_cfg.metadata_destinations.contract import FileStoreContract
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file
from tests.stand_ins.sftp_server import PASSWORD, USER, SftpServer, running_sftp_server

pytestmark = pytest.mark.django_db  # administrators name hosts


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.path.rglob("*") if path.is_file())
        return {str(path.relative_to(self.path)): path.read_bytes() for path in found}

    def write(self, name: str, content: bytes) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with running_sftp_server(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture
def server(running: SftpServer, tmp_path: Path, settings: Settings) -> SftpServer:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    running.folder, running.is_full, running.seconds, running.replaces_by_renaming = tmp_path, False, 0, True
    running.told.clear()
    (tmp_path / "incoming").mkdir()
    return running


def store_on(server: SftpServer, **others: Any) -> SftpStore:
    given = {"host": "127.0.0.1", "port": server.port, "host_key": server.host_key, "user": USER, "secret": PASSWORD}
    return SftpStore(**{"folder": "/incoming", **given, **others})


@pytest.fixture
def store(server: SftpServer) -> Iterator[SftpStore]:
    with store_on(server) as opened:
        yield opened


@pytest.fixture
def place(server: SftpServer) -> Folder:
    return Folder(server.folder / "incoming")


class TestSftp(FileStoreContract):
    """Everything that holds for storages of files."""


@pytest.mark.parametrize("folder", ["", "incoming", "/incoming"])
def test_a_private_key_lets_in_too_and_the_folder_may_be_the_users_own(server: SftpServer, folder: str):
    with store_on(server, secret=server.client_key, folder=folder) as store:
        store.put(call_file())

    assert Folder(server.folder / folder.strip("/")).files() == {NAME: call_file().content}


def test_where_renaming_does_not_replace_the_earlier_file_goes_first(server: SftpServer, place: Folder):
    server.replaces_by_renaming = False

    with store_on(server) as store:
        store.put(call_file(1))
        store.put(call_file(2))

    assert place.files() == {NAME: call_file(2).content}


def test_where_renaming_does_not_replace_what_came_in_between_stays(server: SftpServer, place: Folder):
    server.replaces_by_renaming = False
    place.write(NAME, call_file(of=OTHER_CALL).content)

    with store_on(server) as store, pytest.raises(StoreUnreachable):
        store._save(NAME, call_file().content, over=None)

    assert place.files() == {NAME: call_file(of=OTHER_CALL).content}


def test_a_link_is_not_followed(server: SftpServer, store: SftpStore, place: Folder):
    (server.folder / "elsewhere.json").write_bytes(call_file().content)
    (place.path / "metadata").mkdir()
    (place.path / NAME).symlink_to(server.folder / "elsewhere.json")

    with pytest.raises(StoreRefused, match="another file"):
        store.put(call_file(2))

    assert (server.folder / "elsewhere.json").read_bytes() == call_file().content


def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(server: SftpServer, place: Folder):
    with store_on(server) as store:
        store.put(call_file(1))
        server.is_full = True

        with pytest.raises(StoreUnreachable, match="it may have no room") as full:
            store.put(call_file(2))

        assert "CANARY" not in str(full.value)
        assert place.files() == {NAME: call_file(1).content}
        server.is_full = False
        store.put(call_file(2))

    assert place.files() == {NAME: call_file(2).content}


def test_what_a_killed_writer_left_is_removed_a_day_later(server: SftpServer, place: Folder):
    place.write(f"{UNFINISHED}/old", b"{")
    place.write(f"{UNFINISHED}/young", b"{")
    day_ago = time.time() - SECONDS_UNFINISHED - 1
    os.utime(place.path / UNFINISHED / "old", (day_ago, day_ago))

    with store_on(server) as store:
        store.put(call_file())

    assert sorted(place.files()) == [f"{UNFINISHED}/young", NAME]


def test_a_server_with_another_host_key_learns_nothing(server: SftpServer):
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        other = asyncssh.generate_private_key(kind).export_public_key().decode().strip()

        with store_on(server, host_key=other) as store, pytest.raises(StoreRefused, match="another host key"):
            store.put(call_file())

    assert server.told == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"secret": "CANARY"}, "does not know the user keepsake with this password or key"),
        ({"user": "somebody"}, "does not know the user somebody"),
        (
            {"secret": "-----BEGIN OPENSSH PRIVATE KEY-----\nCANARY\n-----END OPENSSH PRIVATE KEY-----"},
            "cannot be read",
        ),
        ({"folder": "/nowhere"}, "127.0.0.1 has no folder /nowhere"),
        ({"host_key": "ssh-dss AAAAB3NzaC1kc3M="}, "of a kind that is not known here"),
    ],
)
def test_what_waiting_does_not_mend_is_refused(server: SftpServer, wrong: dict[str, str], words: str):
    with store_on(server, **wrong) as store, pytest.raises(StoreRefused) as refused:
        store.put(call_file())

    assert words in str(refused.value)
    assert "CANARY" not in str(refused.value)


def test_a_key_that_nobody_knows_is_refused(server: SftpServer):
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    with store_on(server, secret=stranger) as store, pytest.raises(StoreRefused, match="does not know the user"):
        store.put(call_file())


def test_an_answer_that_does_not_come_in_time_is_waited_for_later(server: SftpServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sftp, "SECONDS", 0.5)
    server.seconds = 1.5

    with store_on(server) as store, pytest.raises(StoreUnreachable, match="did not answer in time"):
        store.put(call_file())


def test_nobody_there_or_somebody_else_is_tried_again_later(server: SftpServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sftp, "SECONDS", 0.5)
    with store_on(server, port=9) as store, pytest.raises(StoreUnreachable, match="cannot be reached"):
        store.put(call_file())

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        store_on(server, port=silent.getsockname()[1]) as store,
        pytest.raises(StoreUnreachable, match="cannot be reached"),
    ):
        store.put(call_file())


def test_a_private_address_is_not_called(server: SftpServer, settings: Settings):
    settings.OUTGOING_OWN_HOSTS = []

    with store_on(server) as store, pytest.raises(StoreRefused, match="private network"):
        store.put(call_file())

    assert server.told == []


def test_a_connection_that_broke_is_made_anew(server: SftpServer, place: Folder):
    with store_on(server) as store:
        store.put(call_file(1))
        assert store._transport
        store._transport.close()
        with pytest.raises(StoreUnreachable):
            store.put(call_file(2))
        store.put(call_file(2))

    assert place.files() == {NAME: call_file(2).content}


def test_neither_a_delivery_nor_a_refusal_is_logged(server: SftpServer, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    with store_on(server) as store:
        store.put(call_file())
    with store_on(server, secret="CANARY") as store, pytest.raises(StoreRefused):
        store.put(call_file())

    assert [record.message for record in caplog.records if not record.name.startswith("asyncssh")] == []
