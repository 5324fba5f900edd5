"""Whatever is put into an address, the portal answers without failing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from channels_cfg.models import User

pytestmark = pytest.mark.django_db

ODD = ("x", "%00", str(2**63))
"""What nothing is called: of another kind, unstorable, too large."""

EARLY, LATE = "0001-01-01T00:00:00+15:59", "9999-12-31T23:59:59-23:59"
"""Around all the moments there are, with offsets that PostgreSQL does not know."""

PERIODS = {"received_after": EARLY, "received_before": LATE, "startTime": EARLY, "endTime": LATE, "since": EARLY,
           "until": LATE, "at": LATE, "on": EARLY, "day": LATE, "moment": EARLY}  # fmt: skip


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


def filled(route: str, argument: str) -> str:
    """``history/<conversation:pk>/`` with an argument for each part that may differ."""
    route = re.sub(r"<[^>]+>", argument, route)
    route = re.sub(r"\(\?P[^)]*\)|\([^)]*\)", argument, route)
    return "/" + re.sub(r"[\^$?\\]|\.\*", "", route)


def test_no_address_is_too_much_for_the_portal(centre: None, root: User):
    client = Client(raise_request_exception=False)
    client.force_login(root)
    routes = sorted({*patterns(get_resolver())})
    asked = [
        ("GET", filled(route, odd), {}) for route in routes for odd in ODD if filled(route, odd) != filled(route, "")
    ]
    asked += [("POST", filled(route, "1"), {}) for route in routes]
    asked += [("GET", filled(route, ""), PERIODS) for route in routes if filled(route, "") == filled(route, "1")]
    failed = []

    for method, address, query in asked:
        with transaction.atomic():
            answer = client.generic(method, address, query_params=query)
            transaction.set_rollback(True)
        if answer.status_code >= 500 and address != reverse("health_ready"):
            failed.append(f"{answer.status_code} {method} {address}")

    assert failed == []
