"""The one way out to the network, guarded against being led astray.

HTTPS alone; no redirect is followed; no proxy of the environment is used. A host's name is resolved once, every
address it has must be public, and the connection goes to an address that was checked, so a name that changes its mind
in between gains nothing. Time is limited over the whole exchange, and so is what is read. Hosts in OUTGOING_OWN_HOSTS
may be private and speak plain HTTP.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext as _

LARGEST_ANSWER = 1024 * 1024
SECONDS = 10.0

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# ``ipaddress`` calls much of IPv6 global that nobody routes: site-local (RFC 3879), IPv4-compatible (RFC 4291,
# 2.5.5.1), local-use NAT64 (RFC 8215), segment routing (RFC 9602). Only this is given out (IANA, IPv6 Address Space).
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_NOT_ROUTED = [ipaddress.ip_network(range_) for range_ in ("3fff::/20", "192.88.99.0/24")]  # RFC 9637, RFC 7526


class Refused(Exception):
    """The address is not one that may be called; the message says why, in words."""


class NoAnswer(Exception):
    """Nobody answered, or not in time, or with too much; the message says what, and holds nothing of an answer."""


@dataclass(frozen=True)
class Answer:
    """What came back. The body is the caller's to read, and belongs in no message and no log."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, empty where it is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


def ask(
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST_ANSWER,
) -> Answer:
    """Send one request and return the answer, whatever its status. Raises ``Refused`` or ``NoAnswer``."""
    deadline = time.monotonic() + seconds
    url = _allowed(address)
    asked = {**(headers or {}), "Accept-Encoding": "identity"}  # nothing small that unpacks to something large
    try:
        with (
            httpx.Client(transport=_Transport(deadline), trust_env=False, timeout=seconds, auth=auth) as client,
            client.stream(method, url, headers=asked, data=form) as answer,
        ):
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise NoAnswer(_("%(host)s answered in a form that was not asked for.") % {"host": url.host})
            return Answer(answer.status_code, _read(answer.iter_raw(), largest, url.host))
    except httpx.TimeoutException:
        raise NoAnswer(_("%(host)s did not answer in time.") % {"host": url.host}) from None
    except httpx.HTTPError as failure:
        raise NoAnswer(
            _("%(host)s cannot be reached (%(failure)s).") % {"host": url.host, "failure": type(failure).__name__}
        ) from None


def _allowed(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise Refused(_("That is not an address.")) from None
    if not url.host or url.userinfo:
        raise Refused(_("An address names a host, and neither user nor password."))
    if url.scheme != "https" and not (url.scheme == "http" and _is_own(url.host)):
        raise Refused(_("Only addresses that begin with https:// are called."))
    return url


def _is_own(host: str) -> bool:
    return host.lower() in settings.OUTGOING_OWN_HOSTS


def _read(chunks: Iterable[bytes], largest: int, host: str) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > largest:
            raise NoAnswer(_("%(host)s answered with more than is read.") % {"host": host})
    return bytes(body)


class _Transport(httpx.HTTPTransport):
    """Connects through the guard."""

    def __init__(self, deadline: float) -> None:
        trusted = httpx.create_ssl_context()
        if settings.OUTGOING_CA_FILE:
            trusted.load_verify_locations(settings.OUTGOING_CA_FILE)
        super().__init__(verify=trusted)
        self._pool = httpcore.ConnectionPool(ssl_context=trusted, network_backend=_Guard(deadline))


class _Guard(httpcore.NetworkBackend):
    """Opens connections to addresses that were checked, until the deadline."""

    def __init__(self, deadline: float) -> None:
        self._backend = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError(_("%(host)s has no address") % {"host": host})
        for ip in public_addresses(host, port):
            try:
                stream = self._backend.connect_tcp(
                    ip, port, timeout=_left(self._deadline), socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                last = failure
            else:
                return _TimedStream(stream, self._deadline)
        raise last


class _TimedStream(httpcore.NetworkStream):
    """A connection all of whose waits together end at the deadline, so that a slow trickle ends too."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._deadline))
        return _TimedStream(secured, self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout(_("The time is over."))
    return left


def public_addresses(host: str, port: int) -> list[str]:
    """Every IP address of the host. ``Refused`` where one of them is not public, unless the host is one's own."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise NoAnswer(_("There is no host %(host)s.") % {"host": host}) from None
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    if not _is_own(host) and not all(is_public(address) for address in addresses):
        raise Refused(
            _("%(host)s is in a private network. Name it in OUTGOING_OWN_HOSTS if it is one's own.") % {"host": host}
        )
    return addresses


def is_public(address: str) -> bool:
    """Whether the IP address belongs to the internet at large, also where it is wrapped in another."""
    ip: Any = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        if ip in _NAT64:
            ip = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
        else:
            ip = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1]) or ip
    if ip.version == 6 and ip not in _GIVEN_OUT:
        return False
    return bool(ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_ROUTED))
