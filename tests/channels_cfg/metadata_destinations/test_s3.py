"""Files in S3: a real server of its language (moto's, which checks signatures), and one that fails as told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from channels_cfg.metadata_destinations import exchange
from channels_cfg.metadata_destinations.s3 import S3Store
from channels_cfg.metadata_destinations.store import StoredFile, StoreRefused, StoreUnreachable
from tests.channels_cfg.metadata_destinations.contract import FileStoreContract
from tests.channels_cfg.metadata_destinations.files import NAME, OTHER_CALL, call_file
from tests.stand_ins.remote_api import RemoteApi, running_remote_api

pytestmark = pytest.mark.django_db  # administrators name hosts
SECRET = "CANARY-secret-access-key-of-a-test"


@dataclass
class Bucket:
    """Below ``contact-centre`` lies what is the destination's."""

    client: Any
    endpoint: str
    key_id: str
    secret: str

    def files(self) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket="archive").get("Contents", [])
        return {
            one["Key"].removeprefix("contact-centre/"): self.client.get_object(Bucket="archive", Key=one["Key"])[
                "Body"
            ].read()
            for one in listed
        }

    def write(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket="archive", Key=f"contact-centre/{name}", Body=content)

    def store(self, **others: str) -> S3Store:
        given = {"bucket": "archive", "key_id": self.key_id, "secret": self.secret, "endpoint": self.endpoint}
        return S3Store(**{"folder": "contact-centre", "region": "", **given, **others})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def place(server: str, settings: Settings) -> Iterator[Bucket]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    requests.post(f"{server}/moto-api/reset", timeout=10)
    iam = boto3.client(
        "iam", endpoint_url=server, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    iam.create_user(UserName="keepsake")
    iam.put_user_policy(
        UserName="keepsake",
        PolicyName="all",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    )
    key = iam.create_access_key(UserName="keepsake")["AccessKey"]
    pair = key["AccessKeyId"], key["SecretAccessKey"]
    client = boto3.client(
        "s3", endpoint_url=server, region_name="us-east-1", aws_access_key_id=pair[0], aws_secret_access_key=pair[1]
    )
    client.create_bucket(Bucket="archive")
    requests.post(f"{server}/moto-api/reset-auth", data=b"0", timeout=10)
    yield Bucket(client, server, *pair)
    requests.post(f"{server}/moto-api/reset-auth", data=b"inf", timeout=10)


@pytest.fixture
def store(place: Bucket) -> S3Store:
    return place.store()


class TestS3(FileStoreContract):
    """Everything that holds for storages of files."""


def test_an_object_says_what_it_is_and_its_checksum(store: S3Store, place: Bucket):
    store.put(call_file())

    head = place.client.head_object(Bucket="archive", Key=f"contact-centre/{NAME}")
    assert head["ContentType"] == "application/json"
    assert head["Metadata"] == {"sha256": call_file().sha256}


def test_a_bucket_may_be_written_to_without_a_folder(place: Bucket):
    place.store(folder="").put(call_file())

    assert list(place.files()) == [NAME]


def test_what_somebody_else_wrote_in_between_is_not_overwritten(store: S3Store, place: Bucket):
    place.write(NAME, call_file(of=OTHER_CALL).content)

    for seen in (None, StoredFile(b"", '"0123456789abcdef0123456789abcdef"')):
        with pytest.raises(StoreUnreachable, match="at the same time"):
            store._save(NAME, call_file().content, over=seen)

    assert place.files() == {NAME: call_file(of=OTHER_CALL).content}


def test_something_large_is_not_read_and_not_ours(place: Bucket, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "LARGEST_ANSWER", 1000)
    place.write(NAME, b"x" * 2000)

    with pytest.raises(StoreRefused, match="another file"):
        place.store().put(call_file())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bucket": "nowhere"}, "127.0.0.1 has no bucket nowhere."),
        ({"secret": SECRET}, "does not know the credentials, or they lack a right (403 SignatureDoesNotMatch)"),
        ({"key_id": "AKIAXXXXXXXXXXXXXXXX"}, "does not know the credentials, or they lack a right (403 Invalid"),
        ({"bucket": "not a bucket"}, "cannot be written to as it is set up (ParamValidationError)"),
    ],
)
def test_what_waiting_does_not_mend_is_refused(place: Bucket, wrong: dict[str, str], words: str):
    with pytest.raises(StoreRefused) as refused:
        place.store(**wrong).put(call_file())

    assert words in str(refused.value)
    assert "CANARY" not in str(refused.value)
    assert place.files() == {}


# Servers that fail


@pytest.fixture
def failing(settings: Settings) -> Iterator[RemoteApi]:
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with running_remote_api() as api:
        yield api


def store_at(endpoint: str) -> S3Store:
    return S3Store(bucket="archive", folder="", region="", endpoint=endpoint, key_id="key", secret=SECRET)


SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>CANARY</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (503, SLOW_DOWN, StoreUnreachable, "takes nothing at the moment (503 SlowDown)"),
        (429, b"", StoreUnreachable, "takes nothing at the moment (429"),
        (500, b"<html>CANARY", StoreUnreachable, "takes nothing at the moment (500"),
        (507, b"", StoreUnreachable, "has no room"),
        (301, b"<Error><Code>PermanentRedirect</Code></Error>", StoreRefused, "Check address and region"),
        (400, b"<Error><Code>InvalidRequest</Code></Error>", StoreRefused, "refused it (400 InvalidRequest)"),
        (403, b"<html>CANARY", StoreRefused, "lack a right (403"),
    ],
)
def test_an_answer_becomes_words(failing: RemoteApi, status: int, body: bytes, kind: type[Exception], words: str):
    failing.status, failing.body = status, body
    failing.headers = {"Retry-After": "120"} if status == 503 else {}

    with pytest.raises(kind) as failure:
        store_at(failing.url).put(call_file())

    assert words in str(failure.value)
    assert "CANARY" not in str(failure.value)
    assert len(failing.asked) == 1
    if status == 503:
        assert failure.value.after == timedelta(minutes=2)  # type: ignore[attr-defined]


def test_a_page_that_greets_everybody_is_no_storage(failing: RemoteApi):
    failing.body = b"<html>Welcome"
    with pytest.raises(StoreRefused, match="another file"):
        store_at(failing.url).put(call_file())

    failing.body = b""
    with pytest.raises(StoreRefused, match="no S3 server"):
        store_at(failing.url)._save(NAME, b"{}", over=None)


def test_an_answer_that_does_not_come_in_time_is_waited_for_later(failing: RemoteApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exchange, "SECONDS", 0.2)
    failing.seconds = 1

    with pytest.raises(StoreUnreachable, match="did not answer in time"):
        store_at(failing.url).put(call_file())


def test_nobody_there_is_tried_again_later(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]

    with pytest.raises(StoreUnreachable, match="cannot be reached"):
        store_at("http://127.0.0.1:9").put(call_file())


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:9", "https://169.254.169.254", "http://s3.example.com"])
def test_a_private_address_is_not_called(endpoint: str):
    with pytest.raises(StoreRefused, match=r"private network|https://"):
        store_at(endpoint).put(call_file())


def test_nothing_of_the_environment_is_gone_by(failing: RemoteApi, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    failing.status = 503

    with pytest.raises(StoreUnreachable, match="503"):
        store_at(failing.url).put(call_file())


def test_a_delivery_is_not_logged(store: S3Store, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)

    store.put(call_file())

    assert [record.message for record in caplog.records if record.name != "werkzeug"] == []
