"""A queue, and API clients who hold rights on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from channels_cfg.models import QUEUE_RIGHTS, Queue, Right
from tests.bench import web
from tests.factories import ApiKeyFactory, ChannelFactory, QueueFactory, UserFactory, grant


class ApiClient(Client):
    """Shows its key with every request, and speaks JSON."""

    def __init__(self, user: Any) -> None:
        super().__init__(headers={"X-Api-Key": ApiKeyFactory(user=user).text})
        self.user = user

    def post_json(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.post(path, {} if data is None else data, content_type="application/json", **options)


def client_with(*rights: Right, on: Queue) -> ApiClient:
    return ApiClient(grant(UserFactory(is_api_client=True), *rights, on=on))


@pytest.fixture(scope="module")
def served(django_db_setup: None) -> Iterator[str]:
    """The portal on a web server of its own, with the tests' database."""
    name = connection.settings_dict["NAME"]
    with web.server("config.wsgi", settings="tests.conversations.api.served_settings", database=name) as port:
        answers_at(address := f"http://127.0.0.1:{port}")
        yield address


@pytest.fixture
def address(transactional_db: None, served: str) -> str:
    return served


def answers_at(address: str) -> None:
    """Return once the web server answers a whole request: its port is open before its worker is there."""
    for _ in range(100):
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health/live", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError("The web server does not answer.")


@pytest.fixture
def queue(db: None) -> Queue:
    """A chat queue that keeps customerType, as in the specification's example."""
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


@pytest.fixture
def manager(queue: Queue) -> ApiClient:
    return client_with(Right.MANAGE_CONTACTS, on=queue)


@pytest.fixture
def outsider(queue: Queue) -> ApiClient:
    """Every right, on another queue."""
    return client_with(*QUEUE_RIGHTS, on=QueueFactory())
