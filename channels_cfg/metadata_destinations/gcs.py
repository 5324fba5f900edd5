"""Google Cloud Storage.

An upload is whole or nothing. It carries its checksum, which Google compares, and the generation that it replaces: a
file that somebody else wrote in between is not overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import google.auth.exceptions
from django.utils.translation import gettext as _
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.auth.transport.requests import AuthorizedSession, Request
from google.cloud import storage
from google.oauth2.service_account import Credentials
from requests import Session

from channels_cfg.metadata_destinations.exchange import failure_of, host_of, in_words, no_bucket, not_set_up
from channels_cfg.metadata_destinations.requests_session import guard
from channels_cfg.metadata_destinations.store import (
    LARGEST_FILE,
    NOT_OURS,
    FileStore,
    StoredFile,
    StoreRefused,
    StoreUnreachable,
    below,
    media_type_of,
)

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
USUAL_ENDPOINT = "https://storage.googleapis.com"


class GcsStore(FileStore):
    """``key`` is the JSON key of the service account."""

    def __init__(self, *, bucket: str, folder: str, endpoint: str, key: str) -> None:
        self._bucket, self._folder, self._endpoint, self._key = bucket, folder, endpoint or USUAL_ENDPOINT, key

    def _blob(self, name: str) -> Any:
        return _client(self._endpoint, self._key).bucket(self._bucket).blob(below(self._folder, name))

    def _find(self, name: str) -> StoredFile | None:
        with self._in_words():
            blob = self._blob(name)
            try:
                blob.reload(retry=None)
                if blob.size > LARGEST_FILE:
                    return NOT_OURS
                version = blob.generation
                content = blob.download_as_bytes(raw_download=True, if_generation_match=version, retry=None)
            except NotFound:
                return None
            return StoredFile(content, str(version))

    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        with self._in_words():
            self._blob(name).upload_from_string(
                content,
                content_type=media_type_of(name),
                if_generation_match=int(over.version) if over else 0,
                checksum="crc32c",
                retry=None,
            )

    def _remove(self, name: str) -> None:
        with self._in_words():
            try:
                self._blob(name).delete(retry=None)
            except NotFound:
                return

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        host = host_of(self._endpoint)
        try:
            with in_words():
                yield
        except NotFound:
            raise no_bucket(self._bucket, host) from None
        except GoogleAPICallError as failure:  # its words may quote what was sent
            headers = getattr(failure.response, "headers", {})
            raise failure_of(int(failure.code or 0), headers, host=host) from None
        except google.auth.exceptions.RefreshError as failure:
            if failure.retryable:
                raise StoreUnreachable(_("Google gives no token at the moment.")) from None
            raise StoreRefused(_("Google does not know the service account, or its key.")) from None
        except google.auth.exceptions.TransportError:
            raise StoreUnreachable(_("Google gives no token at the moment.")) from None
        except (google.auth.exceptions.GoogleAuthError, ValueError) as failure:
            raise not_set_up(failure) from None


@lru_cache(maxsize=8)
def _client(endpoint: str, key: str) -> Any:
    """Kept, with the token that it was given."""
    credentials = Credentials.from_service_account_info(json.loads(key), scopes=[SCOPE])  # type: ignore[no-untyped-call]
    signing_in = Session()
    guard(signing_in)
    session = AuthorizedSession(credentials, auth_request=Request(session=signing_in))  # type: ignore[no-untyped-call]
    guard(session)
    client = storage.Client(
        project=credentials.project_id or "none",
        credentials=credentials,
        _http=session,
        client_options={"api_endpoint": endpoint},
    )
    client._bucket_metadata_cache = None  # it would ask about the bucket in a thread of its own, for traces
    return client
