"""Azure Blob Storage.

Putting a blob is whole or nothing. It carries its checksum, which Azure compares, and the version that it replaces: a
file that somebody else wrote in between is not overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ContentSettings
from requests import Session

from channels_cfg.metadata_destinations.exchange import failure_of, host_of, in_words, no_bucket, not_set_up
from channels_cfg.metadata_destinations.requests_session import guard
from channels_cfg.metadata_destinations.store import (
    LARGEST_FILE,
    NOT_OURS,
    FileStore,
    StoredFile,
    below,
    media_type_of,
)

NO_BLOB, NO_CONTAINER = "BlobNotFound", "ContainerNotFound"


class AzureStore(FileStore):
    """``key`` is one of the account's two; ``endpoint`` is where another server than Azure's answers."""

    def __init__(self, *, container: str, folder: str, endpoint: str, account: str, key: str) -> None:
        self._container, self._folder = container, folder
        self._access = (endpoint or f"https://{account}.blob.core.windows.net", account, key)

    def _blob(self, name: str) -> Any:
        return _client(*self._access).get_blob_client(self._container, below(self._folder, name))

    def _find(self, name: str) -> StoredFile | None:
        with self._in_words():
            try:
                found = self._blob(name).download_blob(max_concurrency=1)
                if found.size > LARGEST_FILE:
                    return NOT_OURS
                return StoredFile(found.readall(), found.properties.etag)
            except ResourceNotFoundError as failure:
                if _code(failure) == NO_BLOB:
                    return None
                raise

    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        condition = {"etag": over.version, "match_condition": MatchConditions.IfNotModified} if over else {}
        with self._in_words():
            self._blob(name).upload_blob(
                content,
                overwrite=over is not None,
                content_settings=ContentSettings(content_type=media_type_of(name)),
                metadata={"sha256": hashlib.sha256(content).hexdigest()},
                validate_content=True,
                **condition,
            )

    def _remove(self, name: str) -> None:
        with self._in_words():
            try:
                self._blob(name).delete_blob()
            except ResourceNotFoundError:
                return

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        host = host_of(self._access[0])
        try:
            with in_words():
                yield
        except HttpResponseError as failure:  # its words may quote what was sent
            if _code(failure) == NO_CONTAINER:
                raise no_bucket(self._container, host) from None
            if failure.status_code is None:  # the request could not be signed
                raise not_set_up(failure) from None
            headers = getattr(failure.response, "headers", {})
            raise failure_of(failure.status_code, headers, host=host, code=_code(failure)) from None
        except (AzureError, ValueError) as failure:
            raise not_set_up(failure) from None


def _code(failure: HttpResponseError) -> str:
    code = getattr(failure, "error_code", None) or ""
    return str(getattr(code, "value", code))


@lru_cache(maxsize=8)
def _client(endpoint: str, account: str, key: str) -> BlobServiceClient:
    """Kept, since making one costs more than a call."""
    session = Session()
    guard(session)
    return BlobServiceClient(
        endpoint,
        credential=AzureNamedKeyCredential(account, key),
        transport=RequestsTransport(session=session, session_owner=False, use_env_settings=False),
        retry_total=0,
        max_single_get_size=LARGEST_FILE,
        max_single_put_size=LARGEST_FILE,
    )
