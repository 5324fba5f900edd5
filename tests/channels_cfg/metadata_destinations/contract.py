"""What holds for every storage of files. A test module of one brings ``store`` and ``place``."""

from __future__ import annotations

import json
from datetime import date
from typing import Protocol

import pytest

from channels_cfg.metadata_destinations.store import FileStore, StoreRefused
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file, dataset_file, manifest_of

DAY = date(2026, 11, 29)
MANIFEST = "manifests/2026-11-29.jsonl"


class Place(Protocol):
    """The storage as somebody else sees it: names below the destination's folder."""

    def files(self) -> dict[str, bytes]: ...

    def write(self, name: str, content: bytes) -> None: ...


class FileStoreContract:
    def test_a_file_arrives_as_it_is(self, store: FileStore, place: Place):
        store.put(call_file(size=200_000))

        assert place.files() == {NAME: call_file(size=200_000).content}

    def test_a_later_revision_takes_the_place_of_the_earlier_one(self, store: FileStore, place: Place):
        store.put(call_file(1))
        store.put(call_file(2))
        store.put(call_file(2))

        assert place.files() == {NAME: call_file(2).content}

    @pytest.mark.parametrize(
        "content", [b"", b"not JSON", b"[]", b'{"id": 17}', call_file(of=OTHER_CALL).content, b"\xff" * 100]
    )
    def test_what_is_not_ours_is_left_as_it_is(self, store: FileStore, place: Place, content: bytes):
        place.write(NAME, content)

        with pytest.raises(StoreRefused, match="another file named metadata/call-17"):
            store.put(call_file())

        assert place.files() == {NAME: content}

    @pytest.mark.parametrize(
        "name",
        ["", "/etc/call-17.json", "../call-17.json", "a/../../b.json", "a//b.json", "./a.json", "a\\..\\b", "a\0.json"],
    )
    def test_no_name_leaves_the_folder(self, store: FileStore, place: Place, name: str):
        with pytest.raises(StoreRefused, match="leave the folder"):
            store.put(call_file(name=name))

        assert place.files() == {}

    def test_a_name_may_hold_what_people_write(self, store: FileStore, place: Place):
        store.put(call_file(name="Müller & Söhne/2026 11/call-17+a=b.json"))

        assert list(place.files()) == ["Müller & Söhne/2026 11/call-17+a=b.json"]

    def test_a_manifest_is_overwritten_by_a_manifest_alone(self, store: FileStore, place: Place):
        store.put_manifest(DAY, manifest_of(call_file(1)))
        store.put_manifest(DAY, manifest_of(call_file(2), call_file(of=OTHER_CALL, name="metadata/call-18.json")))

        names = [json.loads(line)["name"] for line in place.files()[MANIFEST].splitlines()]
        assert names == [NAME, "metadata/call-18.json"]

        place.write("manifests/2026-11-30.jsonl", b'{"name": "somebody"}\n')
        with pytest.raises(StoreRefused, match="another file named manifests/2026-11-30"):
            store.put_manifest(date(2026, 11, 30), manifest_of(call_file()))

    def test_a_file_of_the_contact_log_is_overwritten_by_one_alone(self, store: FileStore, place: Place):
        name = "contact_log/year=2026/month=11/day-2026-11-29.parquet"
        for rows in (1, 2):
            store.put_dataset_file(name, dataset_file(rows))

        assert place.files() == {name: dataset_file(2)}

        for other in (dataset_file(3, keepsake="report"), b"PAR1", call_file().content):
            place.write(name, other)
            with pytest.raises(StoreRefused, match="another file named contact_log/year=2026"):
                store.put_dataset_file(name, dataset_file(1))
            assert place.files() == {name: other}

    def test_trying_it_leaves_nothing_there(self, store: FileStore, place: Place):
        assert store.test() == "A file was written, overwritten, read back and removed."
        assert place.files() == {}
