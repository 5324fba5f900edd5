"""Azure Blob Storage, standing in on loopback: no emulator comes as a Python package.

As far as files are put, read and deleted, it answers as Azure's REST reference says: the signature of each request is
computed anew (Shared Key), MD5 is compared, conditions are kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ACCOUNT = "keepsake"
KEY = base64.b64encode(b"CANARY-key-of-the-account").decode()
_SIGNED = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


@dataclass
class Blob:
    content: bytes
    etag: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class AzureBlobs:
    """``containers`` are blobs by name, by container."""

    url: str = ""
    containers: dict[str, dict[str, Blob]] = field(default_factory=dict)
    written: int = 0
    asked: list[str] = field(default_factory=list)

    def write(self, container: str, name: str, content: bytes, headers: dict[str, str] | None = None) -> Blob:
        self.written += 1
        blob = Blob(content, f'"0x{self.written:016X}"', headers or {})
        self.containers[container][name] = blob
        return blob


@contextmanager
def running_azure_blobs() -> Iterator[AzureBlobs]:
    """Listening until the block ends; the account is part of the path, as emulators have it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    blobs = server.blobs = AzureBlobs(f"http://127.0.0.1:{server.server_address[1]}/{ACCOUNT}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield blobs
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.blobs: AzureBlobs = self.server.blobs  # type: ignore[attr-defined]
        self.given = {name.lower(): value for name, value in self.headers.items()}
        self.body = self.rfile.read(int(self.given.get("content-length") or 0))
        self.blobs.asked.append(f"{self.command} {self.path}")
        _empty, _account, container, name = unquote(urlsplit(self.path).path).split("/", 3)
        if self.given.get("authorization") != f"SharedKey {ACCOUNT}:{self._signature()}":
            self._refuse(403, "AuthenticationFailed")
        elif container not in self.blobs.containers:
            self._refuse(404, "ContainerNotFound")
        else:
            {"PUT": self._put, "GET": self._get, "DELETE": self._delete}[self.command](container, name)

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815  # as the library calls them

    def _signature(self) -> str:
        parts = urlsplit(self.path)
        values = [self.given.get(name, "") for name in _SIGNED]
        values[2] = "" if values[2] == "0" else values[2]
        named = sorted((name, value) for name, value in self.given.items() if name.startswith("x-ms-"))
        asked = sorted((name.lower(), value) for name, value in parse_qsl(parts.query))
        resource = f"/{ACCOUNT}{parts.path}" + "".join(f"\n{name}:{value}" for name, value in asked)
        lines = [self.command, *values, *(f"{name}:{value}" for name, value in named), resource]
        digest = hmac.new(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def _put(self, container: str, name: str) -> None:
        there = self.blobs.containers[container].get(name)
        wanted = self.given.get("if-match")
        if there and self.given.get("if-none-match") == "*":
            self._refuse(409, "BlobAlreadyExists")
        elif wanted and wanted != (there and there.etag):
            self._refuse(412, "ConditionNotMet")
        elif (
            self.given.get("content-md5")
            != base64.b64encode(hashlib.md5(self.body, usedforsecurity=False).digest()).decode()
        ):
            self._refuse(400, "Md5Mismatch")
        else:
            blob = self.blobs.write(container, name, self.body, self.given)
            self._reply(201, {"ETag": blob.etag, "x-ms-request-server-encrypted": "true"})

    def _get(self, container: str, name: str) -> None:
        blob = self.blobs.containers[container].get(name)
        if blob is None:
            self._refuse(404, "BlobNotFound")
            return
        size = len(blob.content)
        first, _dash, last = self.given.get("x-ms-range", "bytes=0-").removeprefix("bytes=").partition("-")
        if "x-ms-range" in self.given and int(first) >= size:
            self._refuse(416, "InvalidRange")
            return
        piece = blob.content[int(first) : int(last or size) + 1]
        headers = {"ETag": blob.etag, "Content-Type": "application/json", "x-ms-blob-type": "BlockBlob"}
        if "x-ms-range" in self.given:
            headers["Content-Range"] = f"bytes {first}-{int(first) + len(piece) - 1}/{size}"
        self._reply(206 if "x-ms-range" in self.given else 200, headers, piece)

    def _delete(self, container: str, name: str) -> None:
        if self.blobs.containers[container].pop(name, None) is None:
            self._refuse(404, "BlobNotFound")
        else:
            self._reply(202, {})

    def _refuse(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>CANARY</Message></Error>".encode()
        self._reply(status, {"x-ms-error-code": code, "Content-Type": "application/xml"}, body)

    def _reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        always = {"Last-Modified": "Sun, 29 Nov 2026 12:00:00 GMT", "Content-Length": str(len(body))}
        for name, value in {**always, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
