"""The web server that is really started answers others, however slowly some send."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.journeys.conftest import database_url, eventually, free_port

pytestmark = pytest.mark.django_db  # news are heard from the database

SLOW = 12
THREADS = 2
APPLICATION = """
from collections import Counter
from config import web_worker
web_worker.LONGEST = 3
asked = Counter()
web_worker.HEAD_SECONDS = 2
web_worker.BODY_SECONDS = 3
web_worker.STALLED_SECONDS = 1

def application(environ, start_response):
    if environ["PATH_INFO"] == "/refused":
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return []
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](open("/dev/zero", "rb"))
    if environ["PATH_INFO"] == "/news":
        question = environ["QUERY_STRING"]
        asked[question] += 1
        headers = [("X-Waits-For", question.replace("+", " "))] if asked[question] == 1 else []
        headers += [("Access-Control-Allow-Origin", "https://shop.example.com"), ("X-Own", "yes")]
        start_response("204 No Content" if asked[question] == 1 else "200 OK", [*headers, ("Content-Length", "0")])
        return []
    told = f"{environ['REQUEST_METHOD']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(told)))])
    return [told]
"""
HEAD = b"POST /inbox HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory, django_db_setup) -> Iterator[int]:
    """Our gunicorn, as it is started everywhere, with two threads; its deadlines are shorter."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "slow_application.py").write_text(APPLICATION)
    port = free_port()
    own = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "WEB_WORKERS": "1",
        "WEB_THREADS": str(THREADS),
        "DATABASE_URL": database_url(),
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


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_connection_outlives_a_large_body_that_is_refused_unread(port, is_chunked):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(2):
        body = iter([b"x" * 1_000_000] * 2) if is_chunked else b"x" * 2_000_000
        connection.request("POST", "/refused", body=body, encode_chunked=is_chunked)
        response = connection.getresponse()
        assert (response.status, response.read()) == (401, b"")
        connection.auto_open = 0  # a new connection would hide that the first one was closed

    connection.request("POST", "/inbox", body=b"hello")
    assert connection.getresponse().read() == b"POST 5"


def test_readers_who_take_nothing_lose_their_thread(port):
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(sending(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        with sending(port, HEAD + b"Content-Length: 5\r\n\r\nhello") as quick:
            assert answer(quick) == (200, b"POST 5")


def test_requests_in_a_row_without_waiting_are_answered_in_a_row(port):
    two = HEAD + b"Content-Length: 3\r\n\r\noneGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n"
    many = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n"
    with sending(port, chunked + many + two) as connection:
        answers = [answer(connection) for _ in range(4)]

    assert answers == [(200, b"POST 2"), (200, b"POST 100000"), (200, b"POST 3"), (200, b"GET 0")]


def test_whoever_waits_for_the_word_to_go_on_hears_it_once(port):
    with sending(port, HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n") as connection:
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert answer(connection) == (200, b"POST 5")


def test_an_address_is_as_long_as_a_report_with_many_columns_needs_it(port):
    with sending(port, b"GET /?" + b"column=k&" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        assert answer(connection) == (200, b"GET 0")


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


# Requests that wait for news


def asking(port: int, number: int, *topics: str) -> socket.socket:
    """Somebody who asks for news of these topics; the first answer to the same question would be that there is none."""
    question = "+".join([*topics, f"asker:{number}"])
    return sending(port, f"GET /news?{question} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def execute(sql: str) -> None:
    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute(sql)


def hears(port: int, number: int) -> bool:
    """Whether a request is kept waiting, as it is while the server listens to the database."""
    with asking(port, number) as one:
        one.settimeout(0.5)
        try:
            return not one.recv(1000)
        except TimeoutError:
            return True


def test_whoever_asks_too_early_waits_without_a_thread_until_there_is_news(port):
    eventually(lambda: hears(port, time.monotonic_ns()))
    with ExitStack() as stack:
        crowd = [stack.enter_context(asking(port, number, "queue:1")) for number in range(SLOW)]
        one = stack.enter_context(asking(port, SLOW, "queue:2", "agent:1"))
        with sending(port, HEAD + b"Content-Length: 5\r\n\r\nhello") as quick:
            assert answer(quick) == (200, b"POST 5")
        began = time.monotonic()

        execute("SELECT pg_notify('desk', 'agent:1 conversation:1')")
        assert answer(one)[0] == 200
        execute("SELECT pg_notify('desk', 'queue:1')")
        assert [answer(connection)[0] for connection in crowd] == [200] * SLOW

        assert time.monotonic() - began < 2


def test_whoever_waited_long_is_told_that_nothing_is_new(port):
    with asking(port, 100, "agent:1") as connection:
        told = connection.recv(1000)

    assert told.startswith(b"HTTP/1.1 204 ")
    assert b"Waits" not in told and b"X-Own" not in told
    assert b"\r\nAccess-Control-Allow-Origin: https://shop.example.com\r\n" in told  # or no page may read it


def test_while_the_database_cannot_be_heard_nobody_waits(port):
    with asking(port, 200, "agent:1") as waiting:
        execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"  # others test beside us
        )
        told = waiting.recv(1000)

    assert told.startswith(b"HTTP/1.1 204 ")
    assert b"Retry-After: 5" in told
    eventually(lambda: hears(port, time.monotonic_ns()))
