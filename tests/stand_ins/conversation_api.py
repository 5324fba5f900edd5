"""The Conversation API, as far as sending meets it: signing in, and ``messages:send``.

It answers as its documentation says, checks what is sent against the documented shape, and on demand answers with an
error, late, or not at all.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

CHANNELS = {
    "WHATSAPP", "RCS", "SMS", "MESSENGER", "VIBERBM", "VIBER", "MMS", "INSTAGRAM", "TELEGRAM", "KAKAOTALK",
    "KAKAOTALKCHAT", "LINE", "WECHAT", "APPLEBC", "SINCH_CHAT",
}  # fmt: skip
FIELDS = {
    "app_id": str, "recipient": dict, "message": dict, "callback_url": str, "channel_priority_order": list,
    "channel_properties": dict, "message_metadata": str, "conversation_metadata": dict, "correlation_id": str,
    "ttl": str, "queue": str, "processing_strategy": str, "message_content_type": str,
}  # fmt: skip
CONTENTS = {
    "text_message": {"text": str},
    "media_message": {"url": str, "thumbnail_url": str, "filename_override": str},
    "card_message": {"title": str, "description": str, "media_message": dict},
    "template_message": {"channel_template": dict, "omni_template": dict},
}
NEEDED = {"text_message": {"text"}, "media_message": {"url"}, "card_message": {"title"}, "template_message": set()}

Answer = tuple[int, dict[str, str], Any]


def error(status: int, code: str, message: str = "CANARY of the vendor", **headers: str) -> Answer:
    """An error as the documentation shows it."""
    told = {"error": {"code": status, "message": message, "status": code, "details": []}}
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, told


LOST = (0, {}, None)
"""The message is taken, and the line breaks before the answer."""


def faults_of(document: Any) -> list[str]:
    """What is wrong with a body of ``messages:send`` by its documentation."""
    if not isinstance(document, dict):
        return ["no object"]
    faults = [f"unknown: {name}" for name in document.keys() - FIELDS.keys()]
    faults += [f"type: {name}" for name, value in document.items() if not isinstance(value, FIELDS.get(name, object))]
    faults += [f"missing: {name}" for name in ("app_id", "recipient", "message") if name not in document]
    if faults:
        return faults
    return [*_of_recipient(document), *_of_content(document["message"]), *_of_limits(document)]


def _of_recipient(document: dict[str, Any]) -> Iterator[str]:
    recipient = document["recipient"]
    identities = recipient.get("identified_by", {}).get("channel_identities", [])
    if not recipient.get("contact_id") and not identities:
        yield "recipient: neither contact nor identity"
    for identity in identities:
        if identity.get("channel") not in CHANNELS or not identity.get("identity"):
            yield "recipient: identity"
        if identity.keys() - {"channel", "identity", "app_id"}:
            yield "recipient: unknown field"
    if set(document.get("channel_priority_order", [])) - CHANNELS:
        yield "channel_priority_order"


def _of_content(message: dict[str, Any]) -> Iterator[str]:
    kinds = message.keys() & CONTENTS.keys()
    if len(kinds) != 1 or message.keys() - kinds - {"agent"}:
        yield "message: not one content"
        return
    kind = kinds.pop()
    shape = CONTENTS[kind]
    for name, value in message[kind].items():
        if not isinstance(value, shape.get(name, type(None))) or value == "":
            yield f"{kind}.{name}"
    if NEEDED[kind] - message[kind].keys():
        yield f"{kind}: incomplete"


def _of_limits(document: dict[str, Any]) -> Iterator[str]:
    if len(document.get("message_metadata", "")) > 1024:
        yield "message_metadata: too long"
    if len(document.get("correlation_id", "")) > 128:
        yield "correlation_id: too long"
    if any(not isinstance(value, str) for value in document.get("channel_properties", {}).values()):
        yield "channel_properties"


@dataclass
class ConversationApi:
    """``keys`` are known access keys with their secrets. ``planned`` are the next answers to sending; afterwards it
    answers as usual. ``before_answer`` is called with id and document of each message taken, before it is answered."""

    url: str = ""
    keys: dict[str, str] = field(default_factory=lambda: {"key": "secret"})
    planned: deque[Answer] = field(default_factory=deque)
    sent: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    sign_ins: int = 0
    tokens: set[str] = field(default_factory=set)
    slow: float = 0.0
    before_answer: Callable[[str, dict[str, Any]], None] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def token(self, authorization: str) -> Answer:
        self.sign_ins += 1
        key, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if self.keys.get(key) != secret:
            return 401, {}, {"error": "invalid_client"}
        token = f"token-{self.sign_ins}"
        self.tokens.add(token)
        return 200, {}, {"access_token": token, "expires_in": 3600, "token_type": "bearer"}

    def send(self, authorization: str, document: Any) -> Answer:
        if authorization.removeprefix("Bearer ") not in self.tokens:
            return 401, {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="expired"'}, {}
        time.sleep(self.slow)
        planned = self.planned.popleft() if self.planned else (200, {}, None)
        if planned[0] not in (0, 200):
            return planned
        if faults := faults_of(document):
            return error(400, "INVALID_ARGUMENT", str(faults))
        message_id = f"01SENT{next(self.numbers):020}"
        self.sent.append(document)
        self.ids.append(message_id)
        if self.before_answer:
            self.before_answer(message_id, document)
        told = {"message_id": message_id, "accepted_time": "2026-02-13T08:00:00Z"}
        return (200, {}, told) if planned is not LOST else planned

    @property
    def texts(self) -> list[str]:
        return [document["message"]["text_message"]["text"] for document in self.sent]


@contextmanager
def running_conversation_api() -> Iterator[ConversationApi]:
    """Listening on loopback, over plain HTTP, until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    api = server.api = ConversationApi(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def serve(folder: str, slow: float) -> None:
    """Over TLS, for ever, in a process of its own; prints its address, and leaves ``certificate.pem`` in the folder."""
    server = _Server(("127.0.0.1", 0), _Handler)
    certificate, key = _certificate(Path(folder))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.api = ConversationApi(slow=slow)  # type: ignore[attr-defined]
    print(f"https://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        api: ConversationApi = self.server.api  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        authorization = self.headers.get("authorization", "")
        status, headers, told = 404, {}, {}
        if self.path == "/oauth2/token":
            status, headers, told = api.token(authorization)
        elif self.path.startswith("/v1/projects/") and self.path.endswith("/messages:send"):
            status, headers, told = api.send(authorization, json.loads(body))
        if not status:
            self.close_connection = True
            return
        answer = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        """Says nothing."""
