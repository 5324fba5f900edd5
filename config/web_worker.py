"""A worker of gunicorn whose threads wait for no sender.

Gunicorn gives a connection to one of few threads, which waits until the sender has sent everything: as many slow
senders as there are threads, and nobody else is answered. Here the loop that watches the connections also collects
what they send, and a thread gets a request that is there as a whole. A sender has so long to bring its head, and so
long for the body; whoever takes longer is answered 408 by the loop. Whoever asks for what is not there yet waits
without a thread as well (``config/parked_requests.py``).
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.workers.gthread import TConn, ThreadWorker

from config.notifications import Listener
from config.parked_requests import (
    LONGEST,
    MOST,
    SECONDS_BETWEEN_ITS_MEMBERS,
    ParkedRequests,
    Sent,
    WaitsForNews,
    raising_too_early,
)
from conversations.topics import CHANNEL

HEAD_SECONDS = 10
BODY_SECONDS = 60  # 11 MiB, the largest body that is taken anywhere, over a line of 1.5 Mbit/s
STALLED_SECONDS = 15  # a thread waits for a reader who takes nothing
LARGEST = 12 * 1024 * 1024
LARGEST_OF_ALL = 64 * 1024 * 1024  # bytes of a process that wait to be whole; then the largest has to go
LARGEST_HEAD = 64 * 1024
CHUNK = 256 * 1024
PIECE = 8 * 1024
SECONDS_BETWEEN_SWEEPS = 1
NOTHING_NEW = "HTTP/1.1 204 No Content\r\nCache-Control: private, no-store\r\nConnection: close\r\n"
NOBODY_WAITS = "Retry-After: 5\r\n"  # whoever cannot wait here asks again so many seconds later

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
EXPECTS = re.compile(rb"(?<=\r\n)expect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
CHUNK_SIZE = re.compile(rb"([0-9a-f]{1,8})[^\r]*\r\n", re.IGNORECASE)


class Incoming:
    """What one connection has sent of its next request. What is malformed counts as whole: gunicorn refuses it."""

    def __init__(self, now: float) -> None:
        self.data = bytearray()
        self.deadline = now + HEAD_SECONDS
        self.body_at = 0  # where the body begins, once the head is there
        self.end_at = 0  # where it ends, as far as is known
        self.is_chunked = False

    def read_head(self, now: float) -> bool:
        """Whether the head has come just now."""
        if self.body_at or (end := self.data.find(b"\r\n\r\n")) < 0:
            return False
        head = bytes(self.data[: end + 4])
        self.body_at = self.end_at = end + 4
        self.deadline = now + BODY_SECONDS
        self.is_chunked = bool(CHUNKED.search(head))
        if not self.is_chunked and (length := LENGTH.search(head)):
            self.end_at += int(length[1])
        return True

    def expects_a_word(self) -> bool:
        """Whether the sender holds its body back until it is told to go on; gunicorn is not asked for it again."""
        head, count = EXPECTS.subn(b"", bytes(self.data[: self.body_at]))
        if count and not self.is_whole():
            shorter = self.body_at - len(head)
            self.data[: self.body_at] = head
            self.body_at, self.end_at = self.body_at - shorter, self.end_at - shorter
            return True
        return False

    def is_whole(self) -> bool:
        if self.is_chunked:
            return self._has_last_chunk()
        return self.body_at > 0 and len(self.data) >= self.end_at

    def _has_last_chunk(self) -> bool:
        """Go on from chunk to chunk, from where the last look ended."""
        while size := CHUNK_SIZE.match(self.data, self.end_at):
            if int(size[1], 16) == 0:
                return self.data.find(b"\r\n\r\n", size.end() - 2) >= 0
            if size.end() + int(size[1], 16) + 2 > len(self.data):
                return False
            self.end_at = size.end() + int(size[1], 16) + 2
        return self.data.find(b"\r\n", self.end_at) >= 0 or len(self.data) - self.end_at > LARGEST_HEAD

    def refusal(self) -> HTTPStatus | None:
        """Why no more of it is collected."""
        if not self.body_at and len(self.data) > LARGEST_HEAD:
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if max(len(self.data), self.end_at) > LARGEST else None


class InPieces:
    """Hands what was collected to the parser piece by piece, then what the connection brings: with every chunk of
    a body the parser copies all that it holds."""

    def __init__(self, unreader: Any, data: bytes) -> None:
        self.unreader, self.rest = unreader, memoryview(data)
        self.from_connection, unreader.chunk = unreader.chunk, self

    def __call__(self, size_hint: int | None = None) -> bytes:
        if not self.rest:
            return bytes(self.from_connection(size_hint))
        size = max(size_hint or 0, PIECE)
        piece, self.rest = bytes(self.rest[:size]), self.rest[size:]
        return piece

    def give_back(self) -> None:
        """What is left belongs to the next request, which gunicorn looks for where it keeps what it read ahead."""
        self.unreader.unread(self.unreader.take_buffered() + self.rest)
        self.unreader.chunk = self.from_connection


class Worker(ThreadWorker):
    """Collects requests in the loop; otherwise gunicorn's own worker with threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incoming: dict[TConn, Incoming] = {}
        self.in_threads: dict[TConn, Sent] = {}
        self.parked: ParkedRequests[TConn] = ParkedRequests(self._ask_again)
        self.listener = Listener(
            CHANNEL,
            heard=partial(self._in_loop, self.parked.hear),
            lost=partial(self._in_loop, self._send_parked_away),
        )
        self.sweeps_at = 0.0

    def load_wsgi(self) -> None:
        super().load_wsgi()
        if not self.cfg.is_ssl:  # where the loop may not answer
            self.wsgi: WSGIApplication = raising_too_early(self.wsgi)

    def run(self) -> None:
        self.listener.start()
        super().run()

    def _in_loop(self, callback: Callable[..., object], *arguments: Any) -> None:
        self.method_queue.defer(callback, *arguments)

    def enqueue_req(self, conn: TConn) -> None:
        """Called with each connection whose next request is awaited, and which no thread has."""
        if self.cfg.is_ssl:  # whose bytes the loop cannot read
            super().enqueue_req(conn)
            return
        self.incoming[conn] = Incoming(time.monotonic())
        if conn.parser:
            self.incoming[conn].data += conn.parser.unreader.take_buffered()
        else:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", HEAD_SECONDS, 0))
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", STALLED_SECONDS, 0))
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_incoming, conn))
        self.on_incoming(conn)

    def on_incoming(self, conn: TConn, _sock: Any = None) -> None:
        incoming = self.incoming[conn]
        try:
            while not self._has_come(conn, incoming):
                if status := incoming.refusal():
                    self._refuse(conn, status)
                    return
                if not (data := conn.sock.recv(CHUNK)):
                    break  # whoever breaks off is answered by a thread, at once
                incoming.data += data
        except BlockingIOError:
            self._keep_within_bounds()
            return
        except OSError:
            self._forget(conn)
            self._close(conn)
            return
        self._give_to_thread(conn)

    def _has_come(self, conn: TConn, incoming: Incoming) -> bool:
        """Whether the request is there as a whole."""
        if incoming.read_head(time.monotonic()) and incoming.expects_a_word():
            conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return incoming.is_whole()

    def _give_to_thread(self, conn: TConn) -> None:
        data = bytes(self._forget(conn).data)
        now = time.monotonic()
        self._submit(conn, Sent(data if len(data) <= LARGEST_HEAD else b"", now, until=now + LONGEST), data)

    def _submit(self, conn: TConn, sent: Sent, data: bytes) -> None:
        conn.init()
        InPieces(conn.parser.unreader, data)
        conn.data_ready = True
        self.in_threads[conn] = sent
        super().enqueue_req(conn)

    def _keep_within_bounds(self) -> None:
        if sum(len(incoming.data) for incoming in self.incoming.values()) > LARGEST_OF_ALL:
            largest = max(self.incoming, key=lambda conn: len(self.incoming[conn].data))
            self._refuse(largest, HTTPStatus.SERVICE_UNAVAILABLE)

    def murder_pending(self) -> None:
        """Called by the loop, at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        if now < self.sweeps_at:
            return
        self.sweeps_at = now + SECONDS_BETWEEN_SWEEPS
        for conn in self.parked.overdue() if self.alive else list(self.parked.sent):
            self._say_nothing_new(conn, self._unpark(conn).headers)
        for conn, incoming in list(self.incoming.items()):
            if now > incoming.deadline or not (self.alive or incoming.data):
                self._refuse(conn, HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, conn: TConn, status: HTTPStatus) -> None:
        """Answer and close; a connection that sent nothing is told nothing."""
        if self._forget(conn).data:
            with suppress(OSError):
                line = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                conn.sock.send(f"{line}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        self._close(conn)

    def _forget(self, conn: TConn) -> Incoming:
        self.poller.unregister(conn.sock)
        return self.incoming.pop(conn)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    # Requests that wait

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """In a thread. Whoever is too early keeps the connection."""
        try:
            return bool(super().handle_request(req, conn))
        except WaitsForNews as early:
            sent = self.in_threads[conn]
            sent.topics, sent.headers = early.topics, early.headers
            return True

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Gunicorn drops a connection of which it promised more where much of a body was left unread. Ours has come."""
        if keepalive and not self.cfg.is_ssl:
            return bool(conn.parser.finish_body(max_bytes=LARGEST))
        return bool(super()._keepalive_after(conn, keepalive))

    def finish_request(self, conn: TConn, future: Any) -> None:
        sent = self.in_threads.pop(conn, None)
        if conn.parser and isinstance(pieces := conn.parser.unreader.chunk, InPieces):
            pieces.give_back()
        if sent and sent.topics:
            conn.sock.setblocking(False)
            self._park(conn, sent)
        else:
            super().finish_request(conn, future)

    def _park(self, conn: TConn, sent: Sent) -> None:
        since = self.listener.since
        if since is None or not (self.alive and sent.data) or len(self.parked) >= MOST:
            self._say_nothing_new(conn, sent.headers + NOBODY_WAITS)
            return
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_word_of_parked, conn))
        self.parked.park(conn, sent, listening_since=since)

    def on_word_of_parked(self, conn: TConn, _sock: Any = None) -> None:
        """Whoever goes away is forgotten; whoever asks for more is answered."""
        try:
            more = conn.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        sent = self.parked.remove(conn)
        if more:
            sent.data += more
            self._ask_again(conn, sent)
        else:
            self.poller.unregister(conn.sock)
            self._close(conn)

    def _ask_again(self, conn: TConn, sent: Sent) -> None:
        self.poller.unregister(conn.sock)
        conn.parser, conn.initialized = None, False
        self._submit(conn, Sent(sent.data, time.monotonic(), sent.until), sent.data)

    def _unpark(self, conn: TConn) -> Sent:
        self.poller.unregister(conn.sock)
        return self.parked.remove(conn)

    def _send_parked_away(self) -> None:
        for conn in list(self.parked.sent):
            self._say_nothing_new(conn, self._unpark(conn).headers + NOBODY_WAITS)

    def _say_nothing_new(self, conn: TConn, more: str = "") -> None:
        with suppress(OSError):
            conn.sock.send(f"{NOTHING_NEW}{more}\r\n".encode())
        self._close(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(
            min(timeout, SECONDS_BETWEEN_ITS_MEMBERS) if self.parked.crowd else timeout
        )
        self.parked.ask_next_of_crowd()
