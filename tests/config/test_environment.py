from urllib.parse import quote

import pytest
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler

from config import environment
from config.embedded_postgres.server import Server
from tests.journeys.conftest import free_port

PASSWORD = "p@ss/w:rd? 100%"  # everything that an address must escape


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A PostgreSQL as an operator runs one: TCP with a password, a socket, and a role that owns one database."""
    server = Server(tmp_path_factory.mktemp("external") / "postgres")
    server.join()
    do = ["psql", "-h", str(server.sockets), "-U", "keepsake", "-qc"]
    server._run(*do, f"CREATE ROLE portal LOGIN PASSWORD '{PASSWORD}'")
    server._run(*do, "CREATE DATABASE centre OWNER portal")
    (server.data / "pg_hba.conf").write_text("local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n")
    port = free_port()
    options = f"-k '{server.sockets}' -c listen_addresses=127.0.0.1 -c port={port}"
    server._run("pg_ctl", "restart", "-w", "-s", "-m", "fast", "-l", str(server.log), "-o", options)
    yield {"port": port, "sockets": server.sockets}
    server.leave()


@pytest.fixture
def tcp(database) -> str:
    return f"postgresql://portal:{quote(PASSWORD, safe='')}@127.0.0.1:{database['port']}/centre"


@pytest.fixture
def socket(database) -> str:
    return f"postgresql://portal:{quote(PASSWORD, safe='')}@:{database['port']}/centre?host={database['sockets']}"


@pytest.fixture
def ask(django_db_blocker):
    """Connect as Django would, ask who and where it is, and hang up."""

    def ask(url: str) -> tuple[str, str]:
        connection = ConnectionHandler({"default": environment.postgres_address(url)})["default"]
        try:
            with django_db_blocker.unblock(), connection.cursor() as cursor:
                cursor.execute("SELECT current_user::text, current_database()::text")
                return cursor.fetchone()
        finally:
            connection.close()

    return ask


def test_an_address_is_taken_apart_into_what_django_knows():
    address = environment.postgres_address("postgresql://ann:s%40crt@db.example.com:6432/centre?sslmode=verify-full")

    assert address == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "centre",
        "USER": "ann",
        "PASSWORD": "s@crt",
        "HOST": "db.example.com",
        "PORT": "6432",
        "OPTIONS": {"sslmode": "verify-full"},
    }


def test_the_folder_of_a_socket_is_a_host():
    address = environment.postgres_address("postgresql:///centre?host=/run/postgresql")

    assert (address["HOST"], address["PORT"], address["USER"]) == ("/run/postgresql", "", "")
    assert address["OPTIONS"] == {}


def test_another_kind_of_database_is_refused_with_the_way_out():
    with pytest.raises(SystemExit, match="postgresql://"):
        environment.postgres_address("mysql://host/name")


@pytest.mark.parametrize("way", ["tcp", "socket"])
def test_a_server_answers_to_its_address_and_password(ask, request, way):
    assert ask(request.getfixturevalue(way)) == ("portal", "centre")


def test_a_wrong_password_is_a_refusal(ask, tcp):
    with pytest.raises(OperationalError, match="password authentication failed"):
        ask(tcp.replace("100", "101"))


@pytest.mark.django_db
def test_the_owner_of_an_empty_database_may_make_all_that_the_portal_needs():
    """Every table of the tests was made so, by migrations."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT rolsuper "
            "FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner WHERE relnamespace = 'public'::regnamespace"
        )
        assert cursor.fetchall() == [(False,)]


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("WEB_WORKERS", " ")

    assert environment.number("WEB_WORKERS", 2) == 2


def test_a_number_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("PORT", "eighty")

    with pytest.raises(SystemExit, match="PORT must be a whole number, and is “eighty”"):
        environment.number("PORT", 8000)


def test_blanks_around_the_parts_of_a_list_do_not_count(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "one.example , two.example,")

    assert environment.words("ALLOWED_HOSTS") == ["one.example", "two.example"]


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "keys" / "secret"

    assert environment.kept_secret(file, lambda: "first") == "first"
    assert environment.kept_secret(file, lambda: "second") == "first"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", ("", 25, "", "", False, False)),
        ("smtp://relay", ("relay", 25, "", "", False, False)),
        ("smtp+tls://ann%40x:p%2Fw@smtp.example.com", ("smtp.example.com", 587, "ann@x", "p/w", True, False)),
        ("smtps://ann:pw@smtp.example.com:4650", ("smtp.example.com", 4650, "ann", "pw", False, True)),
    ],
)
def test_a_mail_server_is_taken_apart_into_what_django_knows(monkeypatch, value, read):
    monkeypatch.setenv("EMAIL_URL", value)

    assert environment.outgoing_mail("EMAIL_URL") == read


@pytest.mark.parametrize("value", ["smtp.example.com", "imap://u:CANARY@host", "smtp://u:CANARY@host:no", "smtp://"])
def test_no_mail_server_is_no_secret_in_the_complaint(monkeypatch, value):
    monkeypatch.setenv("EMAIL_URL", value)

    with pytest.raises(SystemExit, match="EMAIL_URL must look like") as complaint:
        environment.outgoing_mail("EMAIL_URL")

    assert "CANARY" not in str(complaint.value)
