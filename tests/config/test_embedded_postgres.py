import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

import psutil
import psycopg
import pytest
from psycopg_pool import ConnectionPool

from config.embedded_postgres.base import connections_to
from config.embedded_postgres.server import LONGEST_SOCKET_PATH, Server, socket_folder
from tests.journeys.conftest import eventually

JOIN_AND_WAIT = """
import sys, pathlib
from config.embedded_postgres.server import Server
Server(pathlib.Path(sys.argv[1])).join()
print("joined", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path / "postgres")
    yield server
    server.join()
    server.leave()


def another_process(server) -> subprocess.Popen:
    """A process that has joined the server and stays until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", JOIN_AND_WAIT, server.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "joined\n"
    return process


@pytest.fixture
def pool(server):
    """Connections of the server, as Django keeps them."""
    server.join()
    address = {"host": str(server.sockets), "user": "keepsake", "dbname": "keepsake"}
    check = ConnectionPool.check_connection
    with ConnectionPool(
        kwargs=address, connection_class=connections_to(lambda: server), check=check, min_size=2, timeout=10
    ) as pool:
        yield pool


def main_process(server) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def answer(pool: ConnectionPool, question: str) -> Any:
    """None where the server died while it was asked."""
    with suppress(psycopg.OperationalError), pool.connection() as connection:
        return connection.execute(question).fetchone()[0]


def ask(server, question: str) -> str:
    return server._run("psql", "-h", str(server.sockets), "-U", "keepsake", "-Atc", question)


def test_the_first_to_come_starts_it_and_the_last_to_leave_stops_it(server):
    other = another_process(server)
    server.join()

    other.communicate()
    assert server.is_running()

    server.leave()
    assert not server.is_running()


def test_a_killed_process_has_left_too(server):
    other = another_process(server)
    server.join()

    other.kill()
    other.wait()
    server.leave()

    assert not server.is_running()


def test_what_was_stored_survives_a_killed_server(server):
    server.join()
    ask(server, "CREATE TABLE kept AS SELECT 42 AS number")
    main_process(server).kill()
    server.leave()

    server.join()

    assert ask(server, "SELECT number FROM kept") == "42"


def test_a_server_that_dies_is_back_for_the_next_who_asks_however_often(server, pool):
    with pool.connection() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")

    for _ in range(3):
        main_process(server).kill()
        assert eventually(lambda: answer(pool, "SELECT number FROM kept"), within=10) == 42


def test_a_busy_child_of_a_dead_server_does_not_keep_it_away(server, pool):
    with pool.connection() as connection:
        child = connection.info.backend_pid
    os.kill(child, signal.SIGSTOP)  # as one that is deep in a computation
    main_process(server).kill()

    assert eventually(lambda: answer(pool, "SELECT 1"), within=10) == 1
    assert not psutil.pid_exists(child)


def test_a_killed_child_of_the_server_costs_nobody_his_connection(server, pool):
    with pool.connection() as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)

    assert eventually(lambda: answer(pool, "SELECT 1"), within=10) == 1


def test_a_note_that_names_a_living_stranger_does_not_prevent_the_start(server):
    server.join()
    server.leave()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")

    server.join()

    assert server.is_running()


def test_an_interrupted_first_start_is_begun_anew(server):
    half_made = server.data.with_name("postgres.new")
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18")

    server.join()

    assert ask(server, "SELECT 1") == "1"


def test_a_deep_folder_has_its_socket_in_a_short_place(tmp_path):
    deep = tmp_path / ("deep" * 30) / "postgres"

    assert len(str(socket_folder(deep))) < LONGEST_SOCKET_PATH


def test_a_server_in_a_deep_folder_answers(tmp_path):
    deep = Server(tmp_path / ("deep" * 30) / "postgres")
    deep.join()

    assert ask(deep, "SELECT 1") == "1"

    deep.leave()
    deep.sockets.rmdir()


def test_the_log_repeats_no_value_that_a_statement_or_an_error_held(server):
    server.join()
    ask(server, "CREATE TABLE customer (phone text PRIMARY KEY)")
    ask(server, "INSERT INTO customer VALUES ('canary-31337')")

    for statement in ("INSERT INTO customer VALUES ('canary-31337')", "SELECT 'canary-31337'::int"):
        with pytest.raises(Exception, match="canary-31337"):
            ask(server, statement)

    assert "canary-31337" not in server.log.read_text()


def test_it_searches_by_trigram(server):
    server.join()

    ask(server, "CREATE EXTENSION pg_trgm")

    assert ask(server, "SELECT 'keepsake' % 'keepsaek'") == "t"
