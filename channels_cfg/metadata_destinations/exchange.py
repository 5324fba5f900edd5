"""Exchanges over HTTP: through the one way out, whoever words the request, and what an answer means for a delivery."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.metadata_destinations.store import LARGEST_FILE, SECONDS, StoreRefused, StoreUnreachable

LARGEST_ANSWER = LARGEST_FILE + 64 * 1024
_OF_THE_WAY_OUT = {"accept-encoding", "expect"}
"""Headers that it has of its own, or has no use for."""
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_CHANGED_MEANWHILE = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_NOT_ALLOWED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def send(method: str, address: str, headers: Mapping[str, Any], body: bytes | str | None) -> outgoing.Answer:
    """What a vendor's library worded, as it stands. Raises ``Refused`` or ``NoAnswer``."""
    content = body.encode() if isinstance(body, str) else body
    worded = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_WAY_OUT}
    return outgoing.ask(
        method, address, headers=worded, content=content or None, seconds=SECONDS, largest=LARGEST_ANSWER
    )


@contextmanager
def in_words() -> Iterator[None]:
    """Whatever the one way out says, as a store says it."""
    try:
        yield
    except outgoing.Refused as refused:
        raise StoreRefused(str(refused)) from None
    except outgoing.NoAnswer as none:
        raise StoreUnreachable(str(none)) from None


def failure_of(
    status: int, headers: Mapping[str, str], *, host: str, code: str = ""
) -> StoreRefused | StoreUnreachable:
    """What an answer that is no success means. ``code`` is the server's word for it, shown where it is one word; its
    sentences are not, since they may quote what was sent."""
    word = f"{status} {code}" if _CODE.fullmatch(code) else str(status)
    facts, after = {"host": host, "code": word}, outgoing.retry_after(headers)
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        return StoreUnreachable(_("%(host)s has no room for another file.") % facts, after)
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return StoreUnreachable(_("%(host)s takes nothing at the moment (%(code)s).") % facts, after)
    if status in _CHANGED_MEANWHILE:
        return StoreUnreachable(_("Somebody else wrote there at the same time (%(code)s).") % facts, after)
    if status in _NOT_ALLOWED:
        return StoreRefused(_("%(host)s does not know the credentials, or they lack a right (%(code)s).") % facts)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return StoreRefused(_("%(host)s says that it is elsewhere (%(code)s). Check address and region.") % facts)
    return StoreRefused(_("%(host)s refused it (%(code)s).") % facts)


def no_bucket(bucket: str, host: str) -> StoreRefused:
    return StoreRefused(_("%(host)s has no bucket %(bucket)s.") % {"bucket": bucket, "host": host})


def not_set_up(failure: Exception) -> StoreRefused:
    """A vendor's library made no request of what it was given; its words may quote that."""
    words = _("The destination cannot be written to as it is set up (%(failure)s).")
    return StoreRefused(words % {"failure": type(failure).__name__})


def host_of(address: str) -> str:
    return urlsplit(address).hostname or address
