"""Files in a folder are whole or not there, ours, and nowhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from channels_cfg.destination_templates import UNFINISHED
from channels_cfg.metadata_destinations.folder import SECONDS_UNFINISHED, FolderStore
from channels_cfg.metadata_destinations.store import StoreRefused, StoreUnreachable
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file, manifest_of
from tests.disks import room_for

DAY = date(2026, 11, 29)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_lies_below_the_folder_readable_by_its_group(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store:
        store.put(call_file())

    assert files_in(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == call_file().content
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "metadata").stat().st_mode & 0o777 == 0o750


def test_a_later_revision_takes_the_place_of_the_earlier_one(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store:
        store.put(call_file(1))
        store.put(call_file(2))
        store.put(call_file(2))

    assert files_in(tmp_path) == [NAME]
    assert (tmp_path / NAME).read_bytes() == call_file(2).content


@pytest.mark.parametrize(
    "content", [b"", b"not JSON", b"[]", b'{"id": 17}', call_file(of=OTHER_CALL).content, b"\xff" * 100, b"[" * 99_999]
)
def test_what_is_not_ours_is_left_as_it_is(tmp_path: Path, content: bytes):
    (tmp_path / "metadata").mkdir()
    (tmp_path / NAME).write_bytes(content)

    with FolderStore(str(tmp_path)) as store, pytest.raises(StoreRefused, match="another file named metadata/call-17"):
        store.put(call_file())

    assert (tmp_path / NAME).read_bytes() == content
    assert files_in(tmp_path) == [NAME]


@pytest.mark.parametrize("dress", ["link", "folder", "pipe"])
def test_what_is_no_file_is_left_as_it_is(tmp_path: Path, dress: str):
    (tmp_path / "inside" / "metadata").mkdir(parents=True)
    place, elsewhere = tmp_path / "inside" / NAME, tmp_path / "elsewhere.json"
    elsewhere.write_bytes(call_file(1).content)
    match dress:
        case "link":
            place.symlink_to(elsewhere)
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)

    opened = list(Path("/proc/self/fd").iterdir())
    with FolderStore(str(tmp_path / "inside")) as store, pytest.raises(StoreRefused, match="another file named"):
        store.put(call_file(2))

    assert len(list(Path("/proc/self/fd").iterdir())) == len(opened)
    assert elsewhere.read_bytes() == call_file(1).content
    assert not place.is_file() or place.is_symlink()


@pytest.mark.parametrize("name", ["", "/etc/call-17.json", "../call-17.json", "a/../../b.json", "a//b.json", "./a.json",
                                  "a\\..\\b.json", "a\0.json"])  # fmt: skip
def test_no_name_leaves_the_folder(tmp_path: Path, name: str):
    (tmp_path / "inside").mkdir()

    with FolderStore(str(tmp_path / "inside")) as store, pytest.raises(StoreRefused, match="leave the folder"):
        store.put(call_file(name=name))

    assert files_in(tmp_path) == []


def test_no_link_leads_out_of_the_folder(tmp_path: Path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "inside" / "metadata").symlink_to(tmp_path / "outside")

    with FolderStore(str(tmp_path / "inside")) as store, pytest.raises(StoreRefused, match="link leads out"):
        store.put(call_file(name="metadata/2026/call-17.json"))

    assert list((tmp_path / "outside").iterdir()) == []


def test_nothing_is_removed_where_a_link_leads(tmp_path: Path):
    inside, elsewhere = tmp_path / "inside", tmp_path / "elsewhere"
    inside.mkdir()
    elsewhere.mkdir()
    (elsewhere / "old").write_bytes(b"somebody's")
    os.utime(elsewhere / "old", (1, 1))
    (inside / UNFINISHED).symlink_to(elsewhere)

    with FolderStore(str(inside)) as store, pytest.raises(StoreRefused, match="A link leads out"):
        store.put(call_file())

    assert files_in(elsewhere) == ["old"]


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path):
    """It may be a share that is not mounted now: what were written would lie hidden below it later."""
    with FolderStore(str(tmp_path / "share")) as store, pytest.raises(StoreUnreachable, match="no folder"):
        store.put(call_file())

    assert not (tmp_path / "share").exists()


def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store:
        store.put(call_file(1))

        with room_for(1000), pytest.raises(StoreUnreachable, match="no room"):
            store.put(call_file(2, size=5000))

        assert (tmp_path / NAME).read_bytes() == call_file(1).content
        assert files_in(tmp_path) == [NAME]
        store.put(call_file(2, size=5000))

    assert (tmp_path / NAME).read_bytes() == call_file(2, size=5000).content


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody else can be played")
def test_a_folder_that_may_not_be_written_to_is_refused(tmp_path: Path):
    place = Path("/tmp", f"keepsake-{os.getpid()}")
    place.mkdir(mode=0o755)
    os.seteuid(65534)
    try:
        with FolderStore(str(place)) as store, pytest.raises(StoreRefused, match="may not write"):
            store.put(call_file())
    finally:
        os.seteuid(0)
        place.rmdir()


WRITER = """
import sys
from channels_cfg.metadata_destinations.folder import FolderStore
from tests.channels_cfg.metadata_destinations.files import call_file
store = FolderStore(sys.argv[1])
files = [call_file(1, size=400_000), call_file(2, size=400_000)]
print("ready", flush=True)
while True:
    for file in files:
        store.put(file)
"""


def test_a_reader_sees_whole_files_alone_while_writers_are_killed(tmp_path: Path):
    whole = {call_file(1, size=400_000).content, call_file(2, size=400_000).content}
    seen: set[bytes] = set()

    for moment in (0.011, 0.023, 0.037, 0.05):
        with writing(tmp_path) as writer:
            until = time.monotonic() + moment
            while time.monotonic() < until or len(seen) < 2:
                if (tmp_path / NAME).exists():
                    seen.add((tmp_path / NAME).read_bytes())
            writer.send_signal(signal.SIGKILL)
        seen.add((tmp_path / NAME).read_bytes())

    assert seen == whole
    assert [name for name in files_in(tmp_path) if not name.startswith(UNFINISHED)] == [NAME]


@contextmanager
def writing(folder: Path) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-c", WRITER, str(folder)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        try:
            yield writer
        finally:
            writer.kill()


def test_what_a_killed_writer_left_is_removed_an_hour_later(tmp_path: Path):
    (tmp_path / UNFINISHED).mkdir()
    old, young = tmp_path / UNFINISHED / "old", tmp_path / UNFINISHED / "young"
    old.write_bytes(b"{")
    young.write_bytes(b"{")
    hour_ago = time.time() - SECONDS_UNFINISHED - 1
    os.utime(old, (hour_ago, hour_ago))

    with FolderStore(str(tmp_path)) as store:
        store.put(call_file())

    assert files_in(tmp_path / UNFINISHED) == ["young"]


def test_a_manifest_is_overwritten_by_a_manifest_alone(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store:
        store.put_manifest(DAY, b"")
        store.put_manifest(DAY, manifest_of(call_file(1)))
        store.put_manifest(DAY, manifest_of(call_file(2), call_file(1, of=OTHER_CALL, name="metadata/call-18.json")))

        lines = (tmp_path / "manifests" / "2026-11-29.jsonl").read_text().splitlines()
        assert [json.loads(line)["name"] for line in lines] == [NAME, "metadata/call-18.json"]

        (tmp_path / "manifests" / "2026-11-30.jsonl").write_text('{"name": "somebody"}\n')
        with pytest.raises(StoreRefused, match=r"another file named manifests/2026-11-30.jsonl"):
            store.put_manifest(date(2026, 11, 30), manifest_of(call_file()))


def test_trying_a_folder_leaves_nothing_there(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store:
        assert store.test() == "A file was written, overwritten, read back and removed."

    assert files_in(tmp_path) == []


def test_trying_says_what_fails(tmp_path: Path):
    with FolderStore(str(tmp_path)) as store, room_for(10), pytest.raises(StoreUnreachable, match="no room"):
        store.test()

    assert files_in(tmp_path) == []
