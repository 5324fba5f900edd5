"""Saying what went wrong to a machine: problem+json after RFC 9457, and below ``/api/v2/`` as Genesys Cloud does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse

Errors = dict[str, list[str]]


GENESYS_CLOUD = "/api/v2/"
"""Addresses that imitate Genesys Cloud's API, and answer in its shape of errors."""

_CODES = {
    400: "bad.request",
    401: "authentication.required",
    403: "not.authorized",
    404: "not.found",
    405: "method.not.allowed",
    409: "conflict",
    413: "request.entity.too.large",
    415: "unsupported.media.type",
    422: "unprocessable.entity",
    429: "too.many.requests",
    500: "internal.server.error",
    503: "service.unavailable",
}


def problem(
    path: str,
    status: int,
    detail: str = "",
    *,
    errors: Errors | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """One problem; ``errors`` says what is wrong with each field or key, ``members`` are the problem's own."""
    if path.startswith(GENESYS_CLOUD):
        return _error_body(status, detail, errors or {}, headers, members)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or HTTPStatus(status).description or HTTPStatus(status).phrase,
        "instance": path,
        **members,
    }
    if errors:
        body["errors"] = errors
    return JsonResponse(body, status=status, content_type="application/problem+json", headers=headers)


def _error_body(
    status: int, detail: str, errors: Errors, headers: Mapping[str, str] | None, members: Mapping[str, Any]
) -> HttpResponse:
    """The vendor's ErrorBody; ``code`` and ``details`` may be among the members."""
    said = [(name, message) for name, messages in errors.items() for message in messages]
    message = " ".join([detail or HTTPStatus(status).phrase, *(f"{name}: {message}" for name, message in said)])
    code = members.get("code") or _CODES.get(status, "bad.request")
    body: dict[str, Any] = {
        "message": message,
        "code": code,
        "status": status,
        "messageWithParams": message,
        "messageParams": {},
        "contextId": str(uuid.uuid4()),
        "details": [{"errorCode": code, "fieldName": name} for name, _message in said],
        "errors": [{"message": message, "code": code, "status": status} for _name, message in said],
        **members,
    }
    return JsonResponse(body, status=status, headers=headers)
