"""SIP headers as pairs, and pairs as SIP headers. Words only, no database."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conversations.pairs import Pairs, as_text

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def pairs_in(headers: Mapping[str, str], *, prefix: str) -> dict[str, tuple[str, str]]:
    """``{"X-ACME-customerId": "1"}`` with the prefix ``X-ACME-`` as ``{"X-ACME-customerId": ("customerId", "1")}``.

    The case of a prefix does not matter, as that of headers does not. Without a prefix there are none.
    """
    return {
        name: (name[len(prefix) :], value)
        for name, value in headers.items()
        if prefix and name[: len(prefix)].lower() == prefix.lower()
    }


def headers_of(pairs: Pairs, *, prefix: str) -> dict[str, str]:
    """Those of the pairs that a SIP header can carry: its name is a token, its value one line."""
    if not prefix:
        return {}
    return {
        f"{prefix}{key}": _CONTROLS.sub(" ", as_text(value)).strip()
        for key, value in sorted(pairs.items())
        if _TOKEN.fullmatch(key)
    }
