"""Sinch, as far as the connection test meets it: a server with TLS on loopback that answers as told."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKEN = "a-token-of-this-test"


@dataclass
class Sinch:
    """What it knows, and what it was asked. ``apps`` are by region, project and id."""

    url: str
    certificate: Path
    keys: dict[str, str] = field(default_factory=dict)
    apps: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    raw: bytes | None = None
    """Sent instead of an answer to everything, where it is set."""

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, Any]:
        self.asked.append((method, path, headers))
        if path == "/oauth2/token":
            key, _, secret = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")
            known = self.keys.get(key) == secret
            return (200, {"access_token": TOKEN, "expires_in": 3600}) if known else (401, {"error": "invalid_client"})
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {}
        region, _v1, _projects, project, _apps, app_id, *more = path.strip("/").split("/")
        app = self.apps.get((region, project, app_id))
        if app is None:
            return 404, {"error": {"message": "not found"}}
        return 200, {"webhooks": self.webhooks} if more == ["webhooks"] else {"id": app_id, **app}


@contextmanager
def running_sinch(folder: Path) -> Iterator[Sinch]:
    """Listening on loopback until the block ends, with a certificate of its own for ``localhost``."""
    certificate, key = make_certificate(folder)
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    sinch = Sinch(f"https://localhost:{server.server_address[1]}", certificate)
    server.sinch = sinch  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield sinch
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer()

    def _answer(self) -> None:
        sinch: Sinch = self.server.sinch  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        if sinch.raw is not None:
            sinch.asked.append((self.command, self.path, headers))
            self.wfile.write(sinch.raw)
            self.close_connection = True
            return
        status, told = sinch.answer(self.command, self.path, headers)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "sinch.crt", folder / "sinch.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file
