"""What becomes of a failure that nobody caught: a problem for a machine, a page for a person."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.views import defaults
from rest_framework import exceptions
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from channels_cfg.api.problems import Problem
from channels_cfg.problem_details import Errors, problem

MACHINE_DOORS = ("/api/", "/RI/", "/RTI/", "/sms/", "/oauth/", "/visitor/", "/health/", "/metrics")
ABOUT_THE_WHOLE = {NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY, ""}


def problem_json(failure: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler; None for what nobody foresaw, which Django then reports."""
    set_rollback()
    path = context["request"].path
    match failure:
        case ValidationError():
            return invalid(path, HTTPStatus.BAD_REQUEST, errors_of(failure))
        case exceptions.ValidationError():
            return invalid(path, failure.status_code, dict(flattened(failure.detail)))
        case Problem():
            return problem(
                path,
                failure.status_code,
                str(failure.detail),
                errors=failure.errors,
                headers=failure.headers,
                **failure.members,
            )
        case exceptions.APIException():
            return problem(path, failure.status_code, detail_of(failure), headers=headers_of(failure))
        case Http404():
            return problem(path, HTTPStatus.NOT_FOUND, "There is nothing here for you under this address.")
        case RequestDataTooBig():
            return problem(path, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than this door takes.")
        case UnreadablePostError():
            return problem(path, HTTPStatus.BAD_REQUEST, "The body broke off.")
        case PermissionDenied():
            return problem(path, HTTPStatus.FORBIDDEN, str(failure) or "Your rights do not cover this.")
    return None


def invalid(path: str, status: int, errors: Errors) -> HttpResponse:
    """A body or a query that its sender can correct."""
    whole = [message for key in ABOUT_THE_WHOLE & errors.keys() for message in errors.pop(key)]
    return problem(path, status, " ".join(whole) or "Some values cannot be accepted.", errors=errors)


def errors_of(failure: ValidationError) -> Errors:
    """The messages of a Django validation error by field, or by ``__all__``."""
    if hasattr(failure, "error_dict"):
        return failure.message_dict
    return {NON_FIELD_ERRORS: failure.messages}


def flattened(detail: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    """Nested messages as ``("customer.name", ["Too long."])``."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            yield from flattened(inner, _within(name, key))
    elif isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        for position, inner in enumerate(detail):
            yield from flattened(inner, f"{name}[{position}]")
    elif isinstance(detail, list):
        yield name, [str(message) for message in detail]
    else:
        yield name, [str(detail)]


def _within(name: str, key: Any) -> str:
    """The name of what is under the key; of a list the position, and what is said of a whole is said under its name."""
    if not name:
        return str(key)
    if isinstance(key, int):
        return f"{name}[{key}]"
    return name if key in ABOUT_THE_WHOLE else f"{name}.{key}"


def detail_of(failure: exceptions.APIException) -> str:
    return " ".join(message for _, messages in flattened(failure.detail) for message in messages)


def headers_of(failure: exceptions.APIException) -> dict[str, str]:
    """How to sign in, and when to come back."""
    headers = {}
    if challenge := getattr(failure, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(failure, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def is_machine_door(request: HttpRequest) -> bool:
    return request.path.startswith(MACHINE_DOORS)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's answer to a suspicious request, in the shape its sender reads."""
    if is_machine_door(request):
        return problem(request.path, HTTPStatus.BAD_REQUEST)
    return page(request, "400.html", HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's answer to a missing right, in the shape its sender reads."""
    if is_machine_door(request):
        return problem(request.path, HTTPStatus.FORBIDDEN)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's answer to an unknown address, in the shape its sender reads."""
    if is_machine_door(request):
        return problem(request.path, HTTPStatus.NOT_FOUND)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's answer to an unforeseen failure, in the shape its sender reads."""
    if is_machine_door(request):
        return problem(request.path, HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault. It has been logged.")
    try:
        return page(request, "500.html", HTTPStatus.INTERNAL_SERVER_ERROR)
    except Exception:  # what failed fails the header, too: the database is away
        return defaults.server_error(request)


def page(request: HttpRequest, template: str, status: HTTPStatus) -> HttpResponse:
    """A page with the header of its viewer, which Django leaves out."""
    return render(request, template, status=status)
