"""Calls to other systems cannot be led astray, and end."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from channels_cfg.addresses import is_own_host
from channels_cfg.models import SystemSettings
from channels_cfg.outgoing import NoAnswer, Refused, ask, is_public, public_addresses
from tests.channels_cfg.messaging.sinch import Sinch, running_sinch

pytestmark = pytest.mark.django_db  # administrators name hosts


@pytest.fixture
def sinch(tmp_path: Path, settings: Settings) -> Iterator[Sinch]:
    with running_sinch(tmp_path) as server:
        settings.OUTGOING_OWN_HOSTS = ["localhost"]
        settings.OUTGOING_CA_FILE = str(server.certificate)
        yield server


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "fec0::1", "::10.0.0.1", "::8.8.8.8", "64:ff9b:1::808:808", "100::1", "100:0:0:1::1", "3fff::1", "5f00::1",
        "4000::1", "192.88.99.1", "::ffff:192.88.99.1",
    ],
)  # fmt: skip
def test_private_addresses_are_known_in_every_dress(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_known(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:password@example.com/",
        "https://",
        "example.com",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_what_leads_astray_is_refused(address: str):
    with pytest.raises(Refused):
        ask("GET", address)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    with pytest.raises(Refused, match="private network"):
        public_addresses("example.com", 443)


def test_a_host_that_does_not_exist_is_no_answer():
    with pytest.raises(NoAnswer, match="no host nowhere"):
        ask("GET", "https://nowhere.invalid/")


def test_a_trusted_server_answers(sinch: Sinch):
    sinch.keys = {"key": "secret"}

    answer = ask("POST", f"{sinch.url}/oauth2/token", auth=("key", "secret"), form={"a": "b"})

    assert answer.status == 200
    assert answer.json()["expires_in"] == 3600


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(sinch: Sinch, settings: Settings):
    settings.OUTGOING_CA_FILE = ""

    with pytest.raises(NoAnswer, match="ConnectError"):
        ask("GET", sinch.url)

    assert sinch.asked == []


def test_a_redirect_is_an_answer_and_not_followed(sinch: Sinch):
    sinch.raw = b"HTTP/1.1 302 Found\r\nLocation: https://localhost/elsewhere\r\nContent-Length: 0\r\n\r\n"

    assert ask("GET", sinch.url).status == 302
    assert len(sinch.asked) == 1


def test_what_is_too_large_is_not_read(sinch: Sinch):
    sinch.raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000

    with pytest.raises(NoAnswer, match="more than is read"):
        ask("GET", sinch.url, largest=1000)


def test_something_small_that_unpacks_to_something_large_is_not_unpacked(sinch: Sinch):
    packed = gzip.compress(b"0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    sinch.raw = head.encode() + packed

    with pytest.raises(NoAnswer, match="not asked for"):
        ask("GET", sinch.url)


def test_a_trickle_ends_in_time(settings: Settings):
    settings.OUTGOING_OWN_HOSTS = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=trickle, args=[server], daemon=True).start()
        begun = time.monotonic()

        with pytest.raises(NoAnswer, match="in time"):
            ask("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=1)

    assert time.monotonic() - begun < 3


def trickle(server: Any) -> None:
    """Answer with one byte of a header now and then, for ever."""
    connection, _ = server.accept()
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.2)
    except OSError:
        connection.close()


def test_the_proxy_of_the_environment_is_not_used(sinch: Sinch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    assert ask("GET", f"{sinch.url}/eu/v1/projects/p/apps/a").status == 401


def trick(rest: str, *, scheme: str = "https") -> str:
    return f"{scheme}://{rest}"


TRICKS = [
    # loopback and private networks as a browser, a C library or a careless parser may write them
    *map(
        trick,
        [
            "127.1/", "127.0.1/", "0177.0.0.1/", "0177.0.0.01/", "0x7f000001/", "0x7f.0.0.1/", "2130706433/",
            "017700000001/",
            "127.0.0.1./", "127.0.0.1:443/", "127.0.0.1:22/", "127.0.0.1:6379/", "127.0.0.1:0/", "0/", "0.0.0.0/",
            "0x0/",
            "10.0.0.1/", "10.1/", "0xa000001/", "012.0.0.1/", "167772161/", "192.168.0.1/", "192.168.257/",
            "172.16.0.1/",
            "169.254.169.254/latest/meta-data/", "2852039166/", "0xa9fea9fe/", "0251.0376.0251.0376/", "169.254.43518/",
            "100.100.100.200/", "[::]/", "[::1]/", "[0:0:0:0:0:0:0:1]/", "[::ffff:127.0.0.1]/", "[::ffff:7f00:1]/",
            "[::ffff:169.254.169.254]/", "[::127.0.0.1]/", "[64:ff9b::127.0.0.1]/", "[64:ff9b::a9fe:a9fe]/",
            "[2002:7f00:1::]/", "[fe80::1]/", "[fd00:ec2::254]/", "localhost/", "LOCALHOST/", "localhost./",
            "ip6-localhost/",
            # who asks stands in the address, or seems to
            "user@127.0.0.1/", "user:password@example.com/", "example.com@127.0.0.1/", "example.com:80@127.0.0.1/",
            "127.0.0.1#@example.com/", "127.0.0.1?@example.com/", "example.com%00@127.0.0.1/",
            # letters that are turned into others
            "①②⑦.0.0.1/", "127。0。0。1/", "ⓛocalhost/", "127.0.0.1\\@example.com/",
        ],
    ),
    # other schemes, and without TLS
    *(trick("127.0.0.1/", scheme=scheme) for scheme in ("http", "HTTP", "ftp", "gopher", "ws", "file", "dict", "data")),
    "//127.0.0.1/", "https:127.0.0.1/", "https:/127.0.0.1/", "https:///127.0.0.1/", " https://127.0.0.1/",
    "javascript:1",
    "https://127.0.0.1\n.example.com/", "https://exa mple.com/", "https://[::1/", "https://:443/",
    "unix:/run/x.sock", "",
]  # fmt: skip


@pytest.mark.parametrize("address", TRICKS)
def test_no_trick_with_an_address_reaches_a_private_network(address: str, monkeypatch: pytest.MonkeyPatch):
    reached = watched(monkeypatch)

    with pytest.raises((Refused, NoAnswer)):
        ask("GET", address, seconds=5)

    assert reached == []


def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where connections go from now on; those to the internet at large fail."""
    reached: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        if not is_public(address[0]):
            reached.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    return reached


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(monkeypatch: pytest.MonkeyPatch):
    """DNS rebinding: public when it is checked, private when it is connected to."""
    answers = iter(["8.8.8.8", "127.0.0.1", "127.0.0.1", "127.0.0.1"])
    connected: list[str] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]
    )
    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(NoAnswer):
        ask("GET", "https://rebinding.example.com/")

    assert connected == ["8.8.8.8"]


@pytest.mark.parametrize(
    ("allowed", "host", "port", "may"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000, True),
        ("127.0.0.1:9000", "127.0.0.1", 9001, False),
        ("127.0.0.1:9000", "localhost", 9000, False),
        ("10.1.0.0/16", "10.1.2.3", 443, True),
        ("10.1.0.0/16", "10.2.2.3", 443, False),
        ("crm.internal", "crm.internal", 8443, True),
        ("crm.internal", "evil.crm.internal", 8443, False),
        ("[::1]:9000", "::1", 9000, True),
        ("::1", "::1", 80, True),
        ("::1", "::2", 80, False),
    ],
)
def test_an_administrator_allows_a_host_a_port_or_a_range(allowed: str, host: str, port: int, may: bool):
    SystemSettings(allowed_hosts=[allowed]).save()

    assert is_own_host(host, port) is may
