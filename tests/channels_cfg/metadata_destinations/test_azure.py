"""Files in Azure Blob Storage: against a stand-in only, which checks signatures, checksums and conditions as Azure's
reference says; there is no emulator that pip brings."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from channels_cfg.metadata_destinations import azure, exchange
from channels_cfg.metadata_destinations.azure import AzureStore
from channels_cfg.metadata_destinations.store import StoredFile, StoreRefused, StoreUnreachable
from tests.channels_cfg.metadata_destinations.contract import FileStoreContract
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file
from tests.stand_ins.azure_blobs import ACCOUNT, KEY, AzureBlobs, running_azure_blobs
from tests.stand_ins.remote_api import RemoteApi, running_remote_api

pytestmark = pytest.mark.django_db  # administrators name hosts


class Container:
    """Below ``contact-centre`` lies what is the destination's."""

    def __init__(self, server: AzureBlobs) -> None:
        self.server = server

    def files(self) -> dict[str, bytes]:
        blobs = self.server.containers["archive"].items()
        return {name.removeprefix("contact-centre/"): blob.content for name, blob in blobs}

    def write(self, name: str, content: bytes) -> None:
        self.server.write("archive", f"contact-centre/{name}", content)


@pytest.fixture(scope="module")
def running() -> Iterator[AzureBlobs]:
    with running_azure_blobs() as server:
        yield server


@pytest.fixture
def server(running: AzureBlobs, settings: Settings) -> AzureBlobs:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    running.containers = {"archive": {}}
    running.asked.clear()
    return running


@pytest.fixture
def place(server: AzureBlobs) -> Container:
    return Container(server)


def store_on(server: AzureBlobs, **others: str) -> AzureStore:
    given = {"container": "archive", "folder": "contact-centre", "endpoint": server.url}
    return AzureStore(**{**given, "account": ACCOUNT, "key": KEY, **others})


@pytest.fixture
def store(server: AzureBlobs) -> AzureStore:
    return store_on(server)


class TestAzure(FileStoreContract):
    """Everything that holds for storages of files."""


def test_a_blob_says_what_it_is_and_its_checksum(server: AzureBlobs, store: AzureStore):
    store.put(call_file())

    blob = server.containers["archive"][f"contact-centre/{NAME}"]
    assert blob.headers["x-ms-blob-content-type"] == "application/json"
    assert blob.headers["x-ms-meta-sha256"] == call_file().sha256


def test_what_somebody_else_wrote_in_between_is_not_overwritten(store: AzureStore, place: Container):
    place.write(NAME, call_file(of=OTHER_CALL).content)

    for seen in (None, StoredFile(b"", '"0x1"')):
        with pytest.raises(StoreUnreachable, match="at the same time"):
            store._save(NAME, call_file().content, over=seen)

    assert place.files() == {NAME: call_file(of=OTHER_CALL).content}


def test_something_large_is_not_read_and_not_ours(store: AzureStore, place: Container, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(azure, "LARGEST_FILE", 1000)
    azure._client.cache_clear()
    place.write(NAME, b"x" * 2000)

    with pytest.raises(StoreRefused, match="another file"):
        store.put(call_file())

    azure._client.cache_clear()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"container": "nowhere"}, "127.0.0.1 has no bucket nowhere."),
        ({"key": base64.b64encode(b"CANARY-wrong").decode()}, "lack a right (403 AuthenticationFailed)"),
        ({"account": "somebody"}, "lack a right (403 AuthenticationFailed)"),
        ({"key": "CANARY"}, "cannot be written to as it is set up"),
    ],
)
def test_what_waiting_does_not_mend_is_refused(server: AzureBlobs, place: Container, wrong: dict[str, str], words: str):
    with pytest.raises(StoreRefused) as refused:
        store_on(server, **wrong).put(call_file())

    assert words in str(refused.value)
    assert "CANARY" not in str(refused.value)
    assert place.files() == {}


# Servers that fail


@pytest.fixture
def failing(server: AzureBlobs) -> Iterator[RemoteApi]:
    with running_remote_api() as api:
        yield api


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (503, StoreUnreachable, "takes nothing at the moment (503"),
        (429, StoreUnreachable, "takes nothing at the moment (429"),
        (500, StoreUnreachable, "takes nothing at the moment (500"),
        (404, StoreRefused, "refused it (404"),
        (403, StoreRefused, "lack a right (403"),
        (400, StoreRefused, "refused it (400"),
    ],
)
def test_an_answer_becomes_words(
    server: AzureBlobs, failing: RemoteApi, status: int, kind: type[Exception], words: str
):
    failing.status, failing.body, failing.headers = status, b"<html>CANARY", {"Retry-After": "120"}

    with pytest.raises(kind) as failure:
        store_on(server, endpoint=failing.url).put(call_file())

    assert words in str(failure.value)
    assert "CANARY" not in str(failure.value)
    assert len(failing.asked) == 1
    if kind is StoreUnreachable:
        assert failure.value.after == timedelta(minutes=2)  # type: ignore[attr-defined]


def test_a_page_that_greets_everybody_is_no_storage(server: AzureBlobs, failing: RemoteApi):
    failing.body = b"<html>Welcome"

    with pytest.raises(StoreRefused):
        store_on(server, endpoint=failing.url).put(call_file())


def test_an_answer_that_does_not_come_in_time_is_waited_for_later(
    server: AzureBlobs, failing: RemoteApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exchange, "SECONDS", 0.2)
    failing.seconds = 1

    with pytest.raises(StoreUnreachable, match="did not answer in time"):
        store_on(server, endpoint=failing.url).put(call_file())


def test_nobody_there_is_tried_again_later(server: AzureBlobs):
    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        store_on(server, endpoint="http://127.0.0.1:9").put(call_file())


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:9", "https://169.254.169.254", "http://azure.example.com"])
def test_a_private_address_is_not_called(server: AzureBlobs, settings: Settings, endpoint: str):
    settings.OUTGOING_OWN_HOSTS = []

    with pytest.raises(StoreRefused, match=r"private network|https://"):
        store_on(server, endpoint=endpoint).put(call_file())


def test_a_delivery_is_not_logged(store: AzureStore, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    store.put(call_file())

    assert [record.message for record in caplog.records] == []
