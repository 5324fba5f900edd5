"""A session of the library *requests* whose every request takes the one way out, for vendors' libraries that bring
their own words and let the session be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from channels_cfg.metadata_destinations.exchange import send


def guard(session: requests.Session) -> None:
    """Have it go by nothing of the environment, and connect to nothing by itself."""
    session.trust_env = False
    session.mount("https://", _Guarded())
    session.mount("http://", _Guarded())


class _Guarded(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *_args: Any, **_others: Any) -> requests.Response:
        body: Any = request.body
        content = body.read() if hasattr(body, "read") else body
        answer = send(request.method or "GET", request.url or "", _texts(request.headers), content)
        headers = HTTPHeaderDict(dict(answer.headers))
        raw = HTTPResponse(BytesIO(answer.body), headers=headers, status=answer.status, preload_content=False)
        return self.build_response(request, raw)


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}
