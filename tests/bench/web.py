"""Requests per second of a web server with two workers, asked over open connections."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

CONNECTIONS = 4
SECONDS = 3.0


@contextmanager
def server(wsgi: str, *, settings: str, database: str) -> Iterator[int]:
    """Gunicorn as the portal runs it, on a free port; the address of the port is what you get."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": settings,
        "BENCH_DATABASE": database,
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "--log-level", "error", wsgi],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("The server under test did not start.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The server under test does not answer.")


def requests_per_second(port: int, request: Callable[[int], bytes], *, expected: int) -> float:
    """Ask for a few seconds; ``request(number)`` gives the bytes of a request. Any other status is an error."""
    numbers = count()
    _ask(port, request, numbers, until=time.perf_counter() + 0.7, expected=expected)  # warm up
    answered = [0] * CONNECTIONS
    start = time.perf_counter()

    def client(index: int) -> None:
        answered[index] = _ask(port, request, numbers, until=start + SECONDS, expected=expected)

    threads = [threading.Thread(target=client, args=[index]) for index in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered) / (time.perf_counter() - start)


def _ask(port: int, request: Callable[[int], bytes], numbers: Iterator[int], *, until: float, expected: int) -> int:
    answered = 0
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while time.perf_counter() < until:
        connection.sendall(request(next(numbers)))
        status, keeps_open = _read_answer(connection)
        if status != expected:
            raise RuntimeError(f"The server under test answered {status} instead of {expected}.")
        answered += 1
        if not keeps_open:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.close()
    return answered


def _read_answer(connection: socket.socket) -> tuple[int, bool]:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            raise RuntimeError("The server under test closed the connection.")
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    lowered = head.lower()
    length = int(lowered.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in lowered
