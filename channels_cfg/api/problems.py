"""What a caller is told who cannot have what was asked for; answered as problem+json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.exceptions import APIException


class Problem(APIException):
    """A problem after RFC 9457: ``errors`` by field or key, and members of its own such as ``state``."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status_code = status
        self.errors = {name: list(messages) for name, messages in (errors or {}).items()}
        self.headers = dict(headers or {})
        self.members = members


class ProblemShape(serializers.Serializer[Any]):
    """A problem after RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What is wrong, and the way out")
    instance = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # the serializer's own errors are not used
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="By field or key"
    )

    class Meta:
        ref_name = "Problem"


_MEANINGS = {
    400: "The body or a parameter is not as described",
    401: "Not signed in; WWW-Authenticate says how",
    403: "A session came without its CSRF token",
    404: "Not there, or not granted to you",
    409: "Does not fit the conversation's state, which `state` names; `needed` names those it would fit",
    412: "If-Match does not fit the data as it is",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "Keys or values break the rules; `errors` names each",
    429: "Too many wrong keys or tokens from this address; `Retry-After` says how many seconds to wait",
}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """These problems, as the schema lists answers. Whoever may be told 401 may be told 429 the next time."""
    listed = [*statuses, 429] if 401 in statuses else statuses
    return {
        (status, "application/problem+json"): OpenApiResponse(ProblemShape, description=_MEANINGS[status])
        for status in listed
    }
