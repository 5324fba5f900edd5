"""The request of an integration: made of its configuration, shown with its secrets masked, and sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from channels_cfg.integrations.configuration import WITH_A_KEY, Configuration
from channels_cfg.integrations.paths import MISSING, Path, look_up
from channels_cfg.integrations.placeholders import as_text, fill_address, fill_header, fill_text, fill_tree
from channels_cfg.models import Authentication, Integration
from channels_cfg.outgoing import read_into
from channels_cfg.request_authentication import NoToken, headers_of
from conversations.integrations.action_calls import call_actions
from conversations.integrations.answers import LARGEST_ANSWER, Answered, read_answer

MASK = "•••"
FORM = "application/x-www-form-urlencoded"
LONGEST_BODY = 256 * 1024


@cache
def _turns() -> threading.BoundedSemaphore:
    """So many requests of this process are out at the same time."""
    return threading.BoundedSemaphore(settings.INTEGRATIONS_AT_ONCE)


class NotAsked(Exception):
    """There is no request to send. Says why, in words without data; ``may_retry`` whether later there may be."""

    def __init__(self, words: str, *, may_retry: bool = False) -> None:
        super().__init__(words)
        self.may_retry = may_retry


@dataclass(frozen=True)
class Request:
    """What is sent. Shown are ``url`` without parameters, and headers without those that say who asks."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: Any = MISSING

    @property
    def address(self) -> str:
        return f"{self.url}?{urlencode(self.params)}" if self.params else self.url

    @property
    def content(self) -> tuple[bytes | None, str]:
        """The body as it is sent, and its type."""
        if self.body is MISSING:
            return None, ""
        given = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        if isinstance(self.body, str):
            return self.body.encode(), given or "text/plain; charset=utf-8"
        if given.startswith(FORM) and isinstance(self.body, dict):
            return urlencode({name: as_text(value) for name, value in self.body.items()}).encode(), given
        return json.dumps(self.body, ensure_ascii=False).encode(), given or "application/json"

    def shown(self) -> dict[str, Any]:
        body = {} if self.body is MISSING else {"body": self.body}
        params = dict(self.params)
        return {"method": self.method, "url": self.url, "query_params": params, "headers": dict(self.headers), **body}


def request_of(
    integration: Integration, read: Configuration, payload: Mapping[str, Any], *, secrets: Mapping[str, str]
) -> Request:
    """The request with these secrets, by the names of their authentications. Raises ``UnusableValue``."""
    values = {**payload, "authentications": secrets}

    def find(path: Path) -> Any:
        return look_up(values, path)

    params: list[tuple[str, str]] = []
    for name, given in read.params.items():
        for item in given if isinstance(given, list) else [given]:
            value = fill_text(item, find) if isinstance(item, str) else as_text(item)
            if value is not MISSING:
                params.append((name, value))
    headers = {name: value for name, text in read.headers.items() if (value := fill_header(text, find)) is not MISSING}
    url = fill_address(integration.endpoint, find) if integration.has_address else integration.endpoint
    body = MISSING if read.body is MISSING else fill_tree(read.body, find)
    return Request(read.method, url, tuple(params), headers, body)


def secrets_of(integration: Integration) -> dict[str, Authentication]:
    return {one.name: one for one in integration.authentications.all()}


def send(
    integration: Integration, read: Configuration, payload: Mapping[str, Any], known: Mapping[str, Authentication]
) -> tuple[Answered, float]:
    """Send the request; the answer, and the seconds that it took. Raises ``UnusableValue``, ``NotAsked``, ``Refused``
    and ``NoAnswer``."""
    keys = {name: one.secret for name, one in known.items() if one.kind in WITH_A_KEY}
    request = request_of(integration, read, payload, secrets=keys)
    if integration.is_echo:
        return Answered(200, {}, request.body), 0.0
    if not connection.in_atomic_block:
        connection.close()  # back to the pool: those that wait for others hold none that somebody could use
    with _turns():
        begins = time.monotonic()
        answered = _ask(integration, read, request, payload, known)
        return answered, round(time.monotonic() - begins, 3)


def _ask(
    integration: Integration,
    read: Configuration,
    request: Request,
    payload: Mapping[str, Any],
    known: Mapping[str, Authentication],
) -> Answered:
    seconds = float(integration.timeout_seconds)
    if integration.calls_actions:
        return call_actions(read, payload, seconds=seconds)
    headers = dict(request.headers)
    content, kind = request.content
    if content is not None:
        if len(content) > LONGEST_BODY:
            raise NotAsked(_("The request would have %(count)s bytes.") % {"count": len(content)})
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = kind
    if authentication := known.get(read.authentication):
        try:
            headers |= headers_of(authentication)
        except NoToken as why:
            raise NotAsked(str(why), may_retry=why.may_retry) from None
    body = BytesIO()
    answer = read_into(
        body,
        request.method,
        request.address,
        headers={name: value.encode() for name, value in headers.items()},  # type: ignore[misc]  # beyond ASCII too
        content=content,
        seconds=seconds,
        largest=LARGEST_ANSWER,
    )
    masked = tuple(one.secret for one in known.values())
    return read_answer(answer.status, answer.headers, body.getvalue(), secrets=masked)
