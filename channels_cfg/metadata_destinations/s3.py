"""Amazon S3, and what speaks its language.

A PUT is whole or nothing. It carries its SHA-256, which the server compares, and a condition: where the server knows
conditions (AWS does since 2024), a file that somebody else wrote in between is not overwritten either.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Any

import botocore.loaders
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.metadata_destinations.exchange import failure_of, host_of, in_words, no_bucket, not_set_up, send
from channels_cfg.metadata_destinations.store import (
    LARGEST_FILE,
    NOT_OURS,
    FileStore,
    StoredFile,
    StoreRefused,
    below,
    media_type_of,
)

USUAL_REGION = "us-east-1"


class S3Store(FileStore):
    """``endpoint`` is where another server than Amazon's answers; buckets are then part of the path."""

    def __init__(self, *, bucket: str, folder: str, region: str, endpoint: str, key_id: str, secret: str) -> None:
        self._bucket, self._folder = bucket, folder
        self._access = (region or USUAL_REGION, endpoint, key_id, secret)

    @cached_property
    def _client(self) -> Any:
        return _client(*self._access)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": below(self._folder, name)}

    def _find(self, name: str) -> StoredFile | None:
        with self._in_words():
            try:
                found = self._client.get_object(**self._at(name))
            except outgoing.TooLarge:
                return NOT_OURS
            except ClientError as failure:
                if _code(failure) == "NoSuchKey":
                    return None
                raise
            content = found["Body"].read()
            return StoredFile(content, found.get("ETag", "")) if len(content) <= LARGEST_FILE else NOT_OURS

    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        with self._in_words():
            try:
                self._put(name, content, {"IfMatch": over.version} if over else {"IfNoneMatch": "*"})
            except ClientError as failure:
                if _code(failure) != "NotImplemented":
                    raise
                self._put(name, content, {})

    def _put(self, name: str, content: bytes, condition: dict[str, str]) -> None:
        digest = hashlib.sha256(content)
        answer = self._client.put_object(
            **self._at(name),
            **condition,
            Body=content,
            ContentType=media_type_of(name),
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            Metadata={"sha256": digest.hexdigest()},
        )
        if not answer.get("ETag"):
            raise StoreRefused(_("What answers at %(host)s is no S3 server.") % {"host": self._host})

    def _remove(self, name: str) -> None:
        with self._in_words():
            self._client.delete_object(**self._at(name))

    @property
    def _host(self) -> str:
        return host_of(self._client.meta.endpoint_url)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            with in_words():
                yield
        except ClientError as failure:
            if _code(failure) == "NoSuchBucket":
                raise no_bucket(self._bucket, self._host) from None
            answer = failure.response["ResponseMetadata"]
            status, headers = answer["HTTPStatusCode"], answer.get("HTTPHeaders", {})
            raise failure_of(status, headers, host=self._host, code=_code(failure)) from None
        except (BotoCoreError, ValueError) as failure:  # their words may quote what was given
            raise not_set_up(failure) from None


def _code(failure: ClientError) -> str:
    return str(failure.response.get("Error", {}).get("Code", ""))


@lru_cache(maxsize=1)
def _descriptions() -> Any:
    return botocore.loaders.create_loader()


@lru_cache(maxsize=8)
def _client(region: str, endpoint: str, key_id: str, secret: str) -> Any:
    """Kept, since making one costs more than a call. It goes by what it is given, and by nothing
    of the environment."""
    session = botocore.session.Session()
    session.register_component("data_loader", _descriptions())
    client = session.create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint or None,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto", "payload_signing_enabled": True},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )
    client.meta.events.register_first("before-send.s3", _sent)
    return client


def _sent(request: Any, **_others: Any) -> AWSResponse:
    answer = send(request.method, request.url, _as_text(request.headers), _as_bytes(request.body))
    return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(answer.body))


def _as_text(headers: Any) -> dict[str, str]:
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}


def _as_bytes(body: Any) -> bytes | None:
    return body.read() if hasattr(body, "read") else body


class _Raw(BytesIO):
    """The body of an answer as the library reads it."""

    def stream(self, *_sizes: Any, **_others: Any) -> Iterator[bytes]:
        yield self.read()
