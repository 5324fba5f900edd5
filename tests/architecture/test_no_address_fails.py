"""Whatever is put into an address, and by whatever method it is asked, the portal answers without failing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from channels_cfg.models import User
from conversations.models import Conversation

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "OPTIONS")

ODD = ("0", str(2**63), "x", "%00", "€", "_5F")
"""What nothing is called: too large, of another kind, escaped, unstorable."""

EDGES = ("0001-01-01T00:00:00+15:59", "9999-12-31T23:59:59-23:59", "2026-03-01T00:00:00+16:00", "9999-12-31")
"""The first and the last moments there are, and offsets that PostgreSQL does not know."""

PERIODS = ("received_after", "received_before", "startTime", "endTime", "since", "until", "at", "on", "day", "moment")


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


ROUTES = sorted({*patterns(get_resolver())})


@pytest.fixture
def visitor(centre: None, root: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(root)
    return client


def failures(client: Client, *asked: tuple[str, str]) -> list[str]:
    """What failed, and at what; each asked of the same portal, since nothing of what it changes stays."""
    failed = []
    for method, address in asked:
        with transaction.atomic():
            status = client.generic(method, address).status_code
            transaction.set_rollback(True)
        if status >= 500:
            failed.append(f"{status} {method} {address}")
    return failed


def test_no_method_and_no_odd_argument_is_too_much_for_an_address(visitor):
    conversation = str(Conversation.objects.get().pk)
    asked = {(method, filled(route, "1")) for route in ROUTES for method in METHODS}
    asked |= {("GET", filled(route, argument)) for route in ROUTES for argument in (conversation, *ODD)}

    assert failures(visitor, *sorted(asked)) == []


def test_no_time_is_too_much_for_a_page_or_an_api(visitor):
    listing = [filled(route, "1") for route in ROUTES if "<" not in route and "(" not in route]

    asked = [("GET", f"{address}?{'&'.join(f'{name}={at}' for name in PERIODS)}".replace("+", "%2B"))
             for address in listing for at in EDGES]  # fmt: skip

    assert failures(visitor, *asked) == []
