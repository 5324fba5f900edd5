"""A CRM, standing in on loopback: it looks customers up by telephone number, and on demand answers otherwise."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CUSTOMER = {
    "id": "C-1001",
    "properties": {"firstname": "Aino", "lastname": "Virtanen", "company": "Acme", "jobtitle": "Buyer"},
    "tickets": [{"id": "T-1"}, {"id": "T-2"}],
}


@dataclass
class Asked:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, dict[str, str], bytes]


def reply(document: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(document).encode()


@dataclass
class Crm:
    """``customers`` are by number. ``planned`` are the next replies; afterwards it answers as usual. ``tokens`` that
    it handed out are good until ``tokens`` is emptied. ``slow`` is for how long it thinks."""

    url: str = ""
    customers: dict[str, Any] = field(default_factory=lambda: {"358401234567": CUSTOMER})
    planned: deque[Reply] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    slow: float = 0.0
    before_reply: Callable[[Asked], None] | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.before_reply:
            self.before_reply(asked)
        time.sleep(self.slow)
        if asked.path == "/token":
            return self._token(asked)
        if self.planned:
            return self.planned.popleft()
        if asked.path == "/protected":
            token = asked.headers.get("authorization", "").removeprefix("Bearer ")
            return reply(CUSTOMER) if token in self.tokens else reply({}, 401)
        if asked.method != "GET":
            return reply({"taken": True})
        found = self.customers.get("".join(asked.params.get("phone", [])))
        return reply(found) if found else reply({"error": "not found"}, 404)

    def _token(self, asked: Asked) -> Reply:
        given = base64.b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if given != "client:CANARY-client-secret":
            return reply({"error": "invalid_client"}, 401)
        token = f"token-{len(self.asked)}"
        self.tokens.add(token)
        return reply({"access_token": token, "expires_in": 3600})


@contextmanager
def running_crm() -> Iterator[Crm]:
    """Listening on loopback, over plain HTTP, until the block ends."""
    server = _Server(("127.0.0.1", 0), _CrmHandler)
    crm = server.crm = Crm(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield crm
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *args: Any) -> None:
        """A client that hangs up is no news."""


class _CrmHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
        status, named, content = self.server.crm.answer(asked)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Says nothing."""
