import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.db import Error, connections

from config.embedded_postgres.base import DatabaseWrapper
from config.embedded_postgres.server import LONGEST_SOCKET_PATH, Server, socket_folder
from tests.journeys.conftest import eventually

JOIN_AND_WAIT = """
import sys, pathlib
from config.embedded_postgres.server import Server
Server(pathlib.Path(sys.argv[1])).join()
print("joined", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Path:
    """The data of a server that has been started once; making it takes longer than most tests."""
    server = Server(tmp_path_factory.mktemp("cluster") / "postgres")
    server.join()
    server.leave()
    return server.data


@pytest.fixture
def server(cluster, tmp_path):
    server = Server(tmp_path / "postgres")
    subprocess.run(["cp", "-a", cluster, server.data], check=True)
    yield server
    server.join()  # which ends what a killed one left behind
    server.leave()


def another_process(server) -> subprocess.Popen:
    """A process that has joined the server and stays until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", JOIN_AND_WAIT, server.data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "joined\n"
    return process


@pytest.fixture
def database(server, settings, django_db_blocker):
    """The server as a process of the portal uses it, with a pool."""
    own = {"EMBEDDED_DATA": server.data, "EMBEDDED_SETTINGS": {}, "HOST": str(server.sockets), "NAME": "keepsake"}
    pool = {"pool": {"min_size": 2, "max_size": 4, "timeout": 10}}
    database = DatabaseWrapper({**settings.DATABASES["default"], **own, "OPTIONS": pool}, "of_a_test")
    connections["of_a_test"] = database
    with django_db_blocker.unblock():
        yield database
        del connections["of_a_test"]
        database.close_pool()
        database.server().leave()


def main_process(server) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split()[0]))


def answer(database: DatabaseWrapper, question: str) -> Any:
    """As a request asks, which borrows a connection; None where the server died meanwhile."""
    try:
        with database.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0]
    except Error:
        return None
    finally:
        database.close()


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


def test_a_server_that_dies_is_back_for_the_next_who_asks_however_often(server, database):
    for _ in range(3):
        assert eventually(lambda: answer(database, "SELECT 1")) == 1
        main_process(server).kill()

    assert eventually(lambda: answer(database, "SELECT 1")) == 1


def test_a_busy_child_of_a_dead_server_does_not_keep_it_away(server, database):
    assert answer(database, "SELECT 1") == 1
    with psycopg.connect(host=str(server.sockets), dbname="keepsake", user="keepsake") as busy:
        os.kill(busy.info.backend_pid, signal.SIGSTOP)  # as one that is deep in a computation
        main_process(server).kill()

        assert eventually(lambda: answer(database, "SELECT 1")) == 1


def test_nobody_is_lent_a_connection_that_the_server_has_closed(server, database):
    for _ in range(4):
        ended = ask(server, f"SELECT pg_terminate_backend({answer(database, 'SELECT pg_backend_pid()')}, 5000)")
        assert ended == "t"

    assert answer(database, "SELECT 1") == 1


def test_a_note_that_names_a_living_stranger_does_not_prevent_the_start(server):
    server.join()
    server.leave()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")

    server.join()

    assert server.is_running()


def test_a_deep_folder_has_its_socket_in_a_short_place(tmp_path):
    deep = tmp_path / ("deep" * 30) / "postgres"

    assert len(str(socket_folder(deep))) < LONGEST_SOCKET_PATH


def test_an_interrupted_first_start_is_begun_anew_in_a_deep_folder_too(tmp_path):
    deep = Server(tmp_path / ("deep" * 30) / "postgres")
    half_made = deep.data.with_name("postgres.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18")

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
