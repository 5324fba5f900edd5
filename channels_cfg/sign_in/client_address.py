"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest

NETWORK_OF_ONE = 64  # a home or a machine is given a whole /64 of IPv6 and may change its address in it at will

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str | None:
    """The IP address of whoever asks, None where there is none (a socket of this machine).

    Each proxy in front appends to ``X-Forwarded-For`` whom it heard from, so the entry that the outermost trusted one
    of ``TRUSTED_PROXIES`` wrote stands that many from the end; what stands before it is the sender's own invention.
    """
    written = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    trusted = settings.TRUSTED_PROXIES
    told = _address(written[-trusted]) if 0 < trusted <= len(written) else None
    found = told or _address(request.META.get("REMOTE_ADDR", ""))
    return str(found) if found else None


def counted_address(request: HttpRequest) -> str | None:
    """The address under which failures are counted: of IPv6 its network."""
    address = client_address(request)
    if address is None or ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/{NETWORK_OF_ONE}", strict=False).network_address)


def _address(text: str) -> Address | None:
    """``192.0.2.1``, ``192.0.2.1:4711``, ``2001:db8::1``, ``[2001:db8::1]:4711``; IPv4 in IPv6 as IPv4."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    with suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        return getattr(address, "ipv4_mapped", None) or address
    return None
