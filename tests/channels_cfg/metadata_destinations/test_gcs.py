"""Files in Google Cloud Storage: an emulator, with checks in front that it lacks (see the stand-in)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.handlers.objects import _checksums, _make_object_resource
from pytest_django import Settings

from channels_cfg.metadata_destinations import exchange, gcs
from channels_cfg.metadata_destinations.gcs import GcsStore
from channels_cfg.metadata_destinations.store import StoredFile, StoreRefused, StoreUnreachable
from tests.channels_cfg.metadata_destinations.contract import FileStoreContract
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file
from tests.stand_ins.gcs_server import GcsServer, running_gcs_server
from tests.stand_ins.remote_api import RemoteApi, running_remote_api

pytestmark = pytest.mark.django_db  # administrators name hosts


class Bucket:
    """Below ``contact-centre`` lies what is the destination's."""

    def __init__(self, server: GcsServer) -> None:
        self.storage, self.url = server.storage, server.url

    def files(self) -> dict[str, bytes]:
        listed, _prefixes = self.storage.get_file_list("archive")
        names = [one["name"] for one in listed]
        return {name.removeprefix("contact-centre/"): self.storage.get_file("archive", name) for name in names}

    def write(self, name: str, content: bytes) -> None:
        described = _make_object_resource(self.url, "archive", f"contact-centre/{name}", "text/plain", len(content))
        self.storage.create_file("archive", described["name"], content, _checksums(content, described))


@pytest.fixture(scope="module")
def running() -> Iterator[GcsServer]:
    with running_gcs_server("archive") as server:
        yield server


@pytest.fixture
def server(running: GcsServer, settings: Settings) -> GcsServer:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    running.storage.wipe()
    buckets.create_bucket("archive", running.storage)
    running.paths.clear()
    return running


@pytest.fixture
def place(server: GcsServer) -> Bucket:
    return Bucket(server)


def store_on(server: GcsServer, **others: str) -> GcsStore:
    given = {"bucket": "archive", "folder": "contact-centre", "endpoint": server.url, "key": server.key}
    return GcsStore(**{**given, **others})


@pytest.fixture
def store(server: GcsServer) -> GcsStore:
    return store_on(server)


class TestGcs(FileStoreContract):
    """Everything that holds for storages of files."""


def test_a_token_is_fetched_once_for_many_files(server: GcsServer):
    gcs._client.cache_clear()
    server.tokens_given = 0
    for revision in (1, 2):
        store_on(server).put(call_file(revision))

    assert server.tokens_given == 1
    assert not [path for path in server.paths if path.startswith("/storage/v1/b/archive?")]


def test_what_somebody_else_wrote_in_between_is_not_overwritten(store: GcsStore, place: Bucket):
    place.write(NAME, call_file(of=OTHER_CALL).content)

    for seen in (None, StoredFile(b"", "12345")):
        with pytest.raises(StoreUnreachable, match="at the same time"):
            store._save(NAME, call_file().content, over=seen)

    assert place.files() == {NAME: call_file(of=OTHER_CALL).content}


def test_something_large_is_not_read_and_not_ours(
    server: GcsServer, store: GcsStore, place: Bucket, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(gcs, "LARGEST_FILE", 1000)
    place.write(NAME, b"x" * 2000)

    with pytest.raises(StoreRefused, match="another file"):
        store.put(call_file())

    assert not any(path.startswith("/download") for path in server.paths)


def test_what_goes_in_a_resumable_upload_is_overwritten_likewise(
    server: GcsServer, store: GcsStore, place: Bucket, monkeypatch: pytest.MonkeyPatch
):
    """Google's library chooses it above 8 MiB, as the manifest of a busy day may be."""
    monkeypatch.setattr("google.cloud.storage.blob._MAX_MULTIPART_SIZE", 1000)

    store.put(call_file(1, size=2000))
    store.put(call_file(2, size=2000))

    assert [path for path in server.paths if "uploadType=resumable" in path]
    assert place.files() == {NAME: call_file(2, size=2000).content}


def with_another_key(key: str, **others: Any) -> str:
    return json.dumps(json.loads(key) | others)


def test_a_service_account_that_google_does_not_know_is_refused(server: GcsServer, place: Bucket):
    with running_gcs_server("archive") as other:
        strange = with_another_key(other.key, token_uri=f"{server.url}/token")
    for key, words in [
        (strange, "does not know the service account, or its key"),
        (with_another_key(server.key, private_key="CANARY"), "as it is set up"),
        (json.dumps({"client_email": "CANARY", "private_key": "CANARY"}), "as it is set up"),
    ]:
        with pytest.raises(StoreRefused) as refused:
            store_on(server, key=key).put(call_file())
        assert words in str(refused.value)
        assert "CANARY" not in str(refused.value)

    assert place.files() == {}


def test_a_bucket_that_is_not_there_is_refused(server: GcsServer):
    with pytest.raises(StoreRefused, match=r"127\.0\.0\.1 has no bucket nowhere"):
        store_on(server, bucket="nowhere").put(call_file())


# Servers that fail


@pytest.fixture
def failing(server: GcsServer) -> Iterator[RemoteApi]:
    with running_remote_api() as api:
        yield api


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (503, StoreUnreachable, "takes nothing at the moment (503)"),
        (429, StoreUnreachable, "takes nothing at the moment (429)"),
        (500, StoreUnreachable, "takes nothing at the moment (500)"),
        (403, StoreRefused, "lack a right (403)"),
        (400, StoreRefused, "refused it (400)"),
    ],
)
def test_an_answer_becomes_words(server: GcsServer, failing: RemoteApi, status: int, kind: type[Exception], words: str):
    failing.status, failing.body, failing.headers = status, b"<html>CANARY", {"Retry-After": "120"}

    with pytest.raises(kind) as failure:
        store_on(server, endpoint=failing.url).put(call_file())

    assert words in str(failure.value)
    assert "CANARY" not in str(failure.value)
    assert len(failing.asked) == 1
    if kind is StoreUnreachable:
        assert failure.value.after == timedelta(minutes=2)  # type: ignore[attr-defined]


def test_a_page_that_greets_everybody_is_no_storage(server: GcsServer, failing: RemoteApi):
    failing.body = b"<html>Welcome"

    with pytest.raises(StoreRefused, match="as it is set up"):
        store_on(server, endpoint=failing.url).put(call_file())


def test_an_answer_that_does_not_come_in_time_is_waited_for_later(
    server: GcsServer, failing: RemoteApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exchange, "SECONDS", 0.2)
    failing.seconds = 1

    with pytest.raises(StoreUnreachable, match="did not answer in time"):
        store_on(server, endpoint=failing.url).put(call_file())


def test_nobody_there_is_tried_again_later(server: GcsServer):
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        store_on(server, endpoint="http://127.0.0.1:9").put(call_file())


@pytest.mark.parametrize("address", ["https://127.0.0.1:9", "https://169.254.169.254", "http://gcs.example.com"])
def test_no_private_address_is_called_for_files_or_for_tokens(server: GcsServer, settings: Settings, address: str):
    settings.OUTGOING_OWN_HOSTS = []

    for given in ({"endpoint": address}, {"key": with_another_key(server.key, token_uri=address)}):
        with pytest.raises(StoreRefused, match=r"private network|https://"):
            store_on(server, **given).put(call_file())

    assert server.paths == []


def test_a_delivery_is_not_logged(store: GcsStore, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    store.put(call_file())

    assert [record.message for record in caplog.records if not record.name.startswith("gcp_storage_emulator")] == []
