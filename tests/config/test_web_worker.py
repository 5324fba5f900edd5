"""The web server that is really started answers others, however slowly some send."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.journeys.conftest import eventually, free_port

SLOW = 12
THREADS = 2
APPLICATION = """
from config import web_worker
web_worker.HEAD_SECONDS = 2
web_worker.BODY_SECONDS = 3
web_worker.STALLED_SECONDS = 1

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](open("/dev/zero", "rb"))
    told = f"{environ['REQUEST_METHOD']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(told)))])
    return [told]
"""
HEAD = b"POST /inbox HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    """Our gunicorn, as it is started everywhere, with two threads; its deadlines are shorter."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "slow_application.py").write_text(APPLICATION)
    port = free_port()
    own = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "WEB_WORKERS": "1",
        "WEB_THREADS": str(THREADS),
        "PYTHONPATH": f"{folder}:.",
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:config.gunicorn", "slow_application"]
    process = subprocess.Popen(command, env={**os.environ, **own})
    try:
        eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield port
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0


def sending(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(data)
    return connection


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Read byte by byte, so that what follows is left for the next answer."""
    with connection.makefile("rb", buffering=0) as file:
        status = int(file.readline().split()[1])
        headers = http.client.parse_headers(file)
        return status, file.read(int(headers["Content-Length"]))


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /inb",
        HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 1000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "one chunk"],
)
def test_slow_senders_keep_nobody_waiting_and_are_sent_away(port, sent):
    with ExitStack() as stack:
        slow = [stack.enter_context(sending(port, sent)) for _ in range(SLOW)]
        began = time.monotonic()

        for _ in range(5):
            with sending(port, HEAD + b"Content-Length: 5\r\n\r\nhello") as quick:
                assert answer(quick) == (200, b"POST 5")
        assert time.monotonic() - began < 1.5

        for connection in slow:
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ") if sent else connection.recv(1000) == b""


def test_whoever_drips_meets_the_same_deadline(port):
    with sending(port, HEAD + b"Content-Length: 100000\r\n\r\n") as slow:
        slow.settimeout(0.3)
        told = b""
        for _ in range(20):
            slow.sendall(b"x")
            try:
                told = slow.recv(1000)
                break
            except TimeoutError:
                continue

    assert told.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_a_body_arrives_as_it_was_sent_with_a_length_and_in_chunks(port, size):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = b"x" * size
    for headers, content, chunked in [
        ({}, body, False),
        ({"Transfer-Encoding": "chunked"}, iter([body[:7], body[7:]]) if size > 7 else iter([body]), True),
    ]:
        connection.request("POST", "/inbox", body=content, headers=headers, encode_chunked=chunked)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, f"POST {size}".encode())  # over one connection


def test_readers_who_take_nothing_lose_their_thread(port):
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(sending(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        with sending(port, HEAD + b"Content-Length: 5\r\n\r\nhello") as quick:
            assert answer(quick) == (200, b"POST 5")


def test_requests_in_a_row_without_waiting_are_answered_in_a_row(port):
    two = HEAD + b"Content-Length: 3\r\n\r\noneGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n"
    with sending(port, chunked + two) as connection:
        answers = [answer(connection) for _ in range(3)]

    assert answers == [(200, b"POST 2"), (200, b"POST 3"), (200, b"GET 0")]


def test_whoever_waits_for_the_word_to_go_on_hears_it_once(port):
    with sending(port, HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n") as connection:
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert answer(connection) == (200, b"POST 5")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no such thing\r\n\r\n", 400),
        (HEAD + b"Content-Length: x\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nno size\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (HEAD + b"Content-Length: 999999999999\r\n\r\n", 413),
    ],
    ids=["no request", "no length", "no chunk", "endless head", "endless body"],
)
def test_what_is_no_request_is_refused_at_once(port, sent, status):
    began = time.monotonic()
    with sending(port, sent) as connection:
        assert answer(connection)[0] == status
    assert time.monotonic() - began < 1.5
