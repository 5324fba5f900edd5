"""The one way out to the network, guarded against being led astray.

HTTPS alone; a redirect is followed only where the caller says so, each hop checked like the first; no proxy of the
environment is used. A host's name is resolved once, every
address it has must be public, and the connection goes to an address that was checked, so a name that changes its mind
in between gains nothing. Time is limited over the whole exchange, and so is what is read. Hosts in OUTGOING_OWN_HOSTS,
and those that administrators allow, may be private and speak plain HTTP.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from io import BytesIO
from typing import IO, Any

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from channels_cfg.addresses import is_own_host

LARGEST_ANSWER = 1024 * 1024
LONGEST_WAIT = timedelta(hours=1)
SECONDS = 10.0

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# ``ipaddress`` calls much of IPv6 global that nobody routes: site-local (RFC 3879), IPv4-compatible (RFC 4291,
# 2.5.5.1), local-use NAT64 (RFC 8215), segment routing (RFC 9602). Only this is given out (IANA, IPv6 Address Space).
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_NOT_ROUTED = [ipaddress.ip_network(range_) for range_ in ("3fff::/20", "192.88.99.0/24")]  # RFC 9637, RFC 7526


class Refused(Exception):
    """The address is not one that may be called; the message says why, in words."""


class NoAnswer(Exception):
    """Nobody answered, or not in time, or with too much; the message says what, and holds nothing of an answer.

    ``may_have_arrived``: some of the request had left, so that whoever was asked may have done what it asks for.
    """

    may_have_arrived = False

    def __init__(self, words: str, *, may_have_arrived: bool | None = None) -> None:
        super().__init__(words)
        self.may_have_arrived = self.may_have_arrived if may_have_arrived is None else may_have_arrived


class NotInTime(NoAnswer):
    """The time is over."""


class TooLarge(NoAnswer):
    """There is more than is read."""

    may_have_arrived = True


class Packed(NoAnswer):
    """The answer is encoded, though that was not asked for."""

    may_have_arrived = True


@dataclass(frozen=True)
class Answer:
    """What came back. The body is the caller's to read, and belongs in no message and no log."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, empty where it is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long not to ask again, where an answer says so: seconds or a date (RFC 9110, 10.2.3), an hour at most."""
    told = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        wait = timedelta(seconds=int(told)) if told.isdecimal() else parsedate_to_datetime(told) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_WAIT)


def ask(
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    document: Any = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    content: bytes | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST_ANSWER,
) -> Answer:
    """Send one request, and return the answer, whatever its status. With it goes a form, perhaps with files (each its
    name, bytes and type), or a document as JSON, or bytes.

    Raises ``Refused`` or ``NoAnswer``.
    """
    body = BytesIO()
    sent = {"data": form, "json": document, "files": files, "content": content}
    answer = read_into(body, method, address, headers=headers, auth=auth, seconds=seconds, largest=largest, **sent)
    return replace(answer, body=body.getvalue())


def read_into(
    file: IO[bytes],
    method: str,
    address: str,
    *,
    seconds: float,
    largest: int,
    hops: int = 0,
    headers: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    **content: Any,
) -> Answer:
    """Send one request, write the body of the answer to the file, and return the answer without it.

    At most so many redirects are followed, each to an address that may be called. ``content`` is httpx's ``data``,
    ``json``, ``files`` or ``content``. Raises ``Refused`` or ``NoAnswer``.
    """
    guard = _Guard(time.monotonic() + seconds)
    url = _allowed(address)
    asked = {**(headers or {}), "Accept-Encoding": "identity"}  # nothing small that unpacks to something large
    try:
        with httpx.Client(transport=_Transport(guard), trust_env=False, timeout=seconds, auth=auth) as client:
            request = client.build_request(method, url, headers=asked, **content)
            # httpx would follow by itself, and read, unpacked and to the end, whatever comes with a redirect.
            while (answer := client.send(request, stream=True)).next_request and hops:
                answer.close()
                request, hops = answer.next_request, hops - 1
                url = _allowed(str(request.url))
            with closing(answer):
                _read(answer, file, largest, url.host)
            return Answer(answer.status_code, b"", answer.headers)
    except httpx.TimeoutException:
        words = _("%(host)s did not answer in time.") % {"host": url.host}
        raise NotInTime(words, may_have_arrived=guard.has_written) from None
    except httpx.HTTPError as failure:
        words = _("%(host)s cannot be reached (%(failure)s).") % {"host": url.host, "failure": type(failure).__name__}
        raise NoAnswer(words, may_have_arrived=guard.has_written) from None


def _read(answer: httpx.Response, file: IO[bytes], largest: int, host: str) -> None:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise Packed(_("%(host)s answered in a form that was not asked for.") % {"host": host})
    read = 0
    for chunk in answer.iter_raw():
        read += len(chunk)
        if read > largest:
            raise TooLarge(_("%(host)s answered with more than is read.") % {"host": host})
        file.write(chunk)


def _allowed(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise Refused(_("That is not an address.")) from None
    if not url.host or url.userinfo:
        raise Refused(_("An address names a host, and neither user nor password."))
    if url.scheme != "https" and not (url.scheme == "http" and is_own_host(url.host, url.port or 80)):
        raise Refused(_("Only addresses that begin with https:// are called."))
    return url


class _Transport(httpx.HTTPTransport):
    """Connects through the guard."""

    def __init__(self, guard: _Guard) -> None:
        context = trusted()
        super().__init__(verify=context)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=guard)


def trusted() -> ssl.SSLContext:
    """What secures a connection to a server that shows a certificate of an authority that is trusted here."""
    return _trusted(settings.OUTGOING_CA_FILE)


@lru_cache(maxsize=4)
def _trusted(more: str) -> ssl.SSLContext:
    """Kept, since reading the certificates costs more than a call."""
    trusted = httpx.create_ssl_context()
    if more:
        trusted.load_verify_locations(more)
    return trusted


class _Guard(httpcore.NetworkBackend):
    """Opens connections to addresses that were checked, until the deadline, and knows whether anything left on one."""

    def __init__(self, deadline: float) -> None:
        self._backend = httpcore.SyncBackend()
        self.deadline = deadline
        self.has_written = False

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        last: Exception = httpcore.ConnectError(_("%(host)s has no address") % {"host": host})
        for ip in public_addresses(host, port):
            try:
                stream = self._backend.connect_tcp(
                    ip, port, timeout=_left(self.deadline), socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:
                last = failure
            else:
                return _TimedStream(stream, self)
        raise last


class _TimedStream(httpcore.NetworkStream):
    """A connection all of whose waits together end at the deadline, so that a slow trickle ends too."""

    def __init__(self, stream: httpcore.NetworkStream, guard: _Guard) -> None:
        self._stream, self._guard = stream, guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._guard.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = _left(self._guard.deadline)
        self._guard.has_written = True
        self._stream.write(buffer, timeout=left)

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout=_left(self._guard.deadline))
        return _TimedStream(secured, self._guard)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout(_("The time is over."))
    return left


def connected(host: str, port: int, *, seconds: float = SECONDS) -> socket.socket:
    """A connection to one of the host's addresses, all of which may be called; the caller secures it.

    Raises ``Refused`` or ``NoAnswer``.
    """
    failure = "no address"
    for ip in public_addresses(host, port):
        try:
            return socket.create_connection((ip, port), timeout=seconds)
        except OSError as refused:
            failure = type(refused).__name__
    raise NoAnswer(_("%(host)s cannot be reached (%(failure)s).") % {"host": host, "failure": failure})


def public_addresses(host: str, port: int) -> list[str]:
    """Every IP address of the host. ``Refused`` where one of them is not public, unless the host is one's own."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise NoAnswer(_("There is no host %(host)s.") % {"host": host}) from None
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    private = [address for address in addresses if not is_public(address)]
    if not private or is_own_host(host, port) or all(is_own_host(address, port) for address in private):
        return addresses
    raise Refused(
        _("%(host)s is in a private network. Name it among the allowed hosts of the system settings if it is yours.")
        % {"host": host}
    )


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
