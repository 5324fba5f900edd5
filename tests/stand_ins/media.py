"""A host that keeps what customers send for a while, as channels do: a web server on loopback that answers as told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class MediaHost:
    """``answers`` are by path: status, headers and body; a body of None never comes. ``asked`` are paths."""

    url: str
    answers: dict[str, tuple[int, dict[str, str], bytes | None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def keeps(self, path: str, body: bytes, **headers: str) -> str:
        """The address at which it hands out this body, as whatever the headers say."""
        self.answers[path] = (200, {"Content-Type": "image/jpeg", **headers}, body)
        return self.url + path


@contextmanager
def running_media_host() -> Iterator[MediaHost]:
    """Listening until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    host = server.host = MediaHost(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    yield host
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host: MediaHost = self.server.host  # type: ignore[attr-defined]
        host.asked.append(self.path)
        status, headers, body = host.answers.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(1000 if body is None else len(body)))
        self.end_headers()
        with suppress(OSError):
            if body is None:
                time.sleep(2)
            else:
                self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
