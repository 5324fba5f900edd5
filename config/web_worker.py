"""A worker of gunicorn whose threads wait for no sender.

Gunicorn gives a connection to one of few threads, which waits until the sender has sent everything: as many slow
senders as there are threads, and nobody else is answered. Here the loop that watches the connections also collects
what they send, and a thread gets a request that is there as a whole. A sender has so long to bring its head, and so
long for the body; whoever takes longer is answered 408 by the loop.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10
BODY_SECONDS = 60  # 11 MiB, the largest body that is taken anywhere, over a line of 1.5 Mbit/s
STALLED_SECONDS = 15  # a thread waits for a reader who takes nothing
LARGEST = 12 * 1024 * 1024
LARGEST_OF_ALL = 64 * 1024 * 1024  # bytes of a process that wait to be whole; then the largest has to go
LARGEST_HEAD = 64 * 1024
CHUNK = 256 * 1024
SECONDS_BETWEEN_SWEEPS = 1

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


class Worker(ThreadWorker):
    """Collects requests in the loop; otherwise gunicorn's own worker with threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incoming: dict[TConn, Incoming] = {}
        self.sweeps_at = 0.0

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
        incoming = self._forget(conn)
        conn.init()
        conn.parser.unreader.unread(bytes(incoming.data))
        conn.data_ready = True
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
