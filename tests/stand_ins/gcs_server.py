"""Google Cloud Storage for tests: the emulator gcp-storage-emulator, on loopback.

The emulator looks neither at who asks nor at conditions, so that this stands in front of it for both, as Google
documents them: tokens for what a service account signed (RFC 7523), and ``ifGenerationMatch``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google.auth.jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from gcp_storage_emulator import exceptions
from gcp_storage_emulator.handlers import buckets
from gcp_storage_emulator.server import RequestHandler
from gcp_storage_emulator.storage import Storage

TOKEN = "CANARY-token-of-google"
AUDIENCE = "https://oauth2.googleapis.com/token"  # whatever token_uri says
_OBJECT = re.compile(r"/(?:download/|upload/)?storage/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<name>.+))?")


@dataclass
class GcsServer:
    """``key`` is the JSON key of the service account that is let in."""

    storage: Storage
    key: str
    public_key: bytes
    url: str = ""
    tokens_given: int = 0
    paths: list[str] = field(default_factory=list)


@contextmanager
def running_gcs_server(bucket: str) -> Iterator[GcsServer]:
    """Listening until the block ends."""
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    storage = Storage(use_memory_fs=True)
    buckets.create_bucket(bucket, storage)
    gcs = GcsServer(storage, "", public)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, gcs))
    server.daemon_threads = True
    gcs.url = f"http://127.0.0.1:{server.server_address[1]}"
    gcs.key = json.dumps(
        {
            "type": "service_account",
            "project_id": "centre",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "keepsake@centre.iam.gserviceaccount.com",
            "token_uri": f"{gcs.url}/token",
        }
    )
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield gcs
    finally:
        server.shutdown()
        server.server_close()


class _Handler(RequestHandler):
    def __init__(self, gcs: GcsServer, *args: Any) -> None:
        self.gcs = gcs
        super().__init__(gcs.storage, *args)

    def parse_request(self) -> bool:
        """Read the body before anything is answered, and answer oneself where the emulator would not ask."""
        if not super().parse_request():
            return False
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.gcs.paths.append(self.path)
        answer = self._token(body) if self.path == "/token" else self._refusal(body)
        if answer:
            self._answer(*answer)
            return False
        self.rfile = BytesIO(body)  # type: ignore[assignment]
        self.close_connection = True
        return True

    def _token(self, body: bytes) -> tuple[int, Any]:
        assertion = parse_qs(body.decode()).get("assertion", [""])[0]
        try:
            google.auth.jwt.decode(assertion, certs=self.gcs.public_key, audience=AUDIENCE)
        except ValueError:
            return 400, {"error": "invalid_grant", "error_description": "CANARY"}
        self.gcs.tokens_given += 1
        return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}

    def _refusal(self, body: bytes) -> tuple[int, Any] | None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": {"code": 401, "message": "CANARY"}}
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        wanted = asked.get("ifGenerationMatch") if "upload_id" not in asked else None  # was checked as it began
        if wanted and (found := _OBJECT.match(parts.path)):
            name = unquote(found["name"]) if found["name"] else json.loads(_first_part(body))["name"]
            if wanted[0] != self._generation(found["bucket"], name):
                return 412, {"error": {"code": 412, "message": "CANARY"}}
        return None

    def _generation(self, bucket: str, name: str) -> str:
        try:
            return str(self.gcs.storage.get_file_obj(bucket, name)["generation"])
        except exceptions.NotFound:
            return "0"

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _first_part(body: bytes) -> bytes:
    """The object's description: the first part of a multipart upload, all that begins a resumable one."""
    return body if body.startswith(b"{") else body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0]
