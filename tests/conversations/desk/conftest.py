"""An agent of one queue, signed in, and the pages that this agent sees."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from channels_cfg.models import Right
from conversations.models import Conversation
from tests.factories import ChannelFactory, QueueFactory, user_with


@pytest.fixture
def queue():
    return QueueFactory(channel=ChannelFactory(statistics_keys=["customerType"]))


@pytest.fixture
def agent(queue):
    return user_with(Right.SERVE, on=queue, first_name="Ada")


@pytest.fixture
def client(agent) -> Client:
    return signed_in(agent)


def signed_in(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def news_path(html: str, conversation: Conversation | None = None) -> str:
    """The address that a browser showing this page asks for news."""
    tokens = re.findall(r'data-token name="(\w+)" value="(\w+)"', html)
    opened = f"open={conversation.pk}&" if conversation else ""
    return f"/desk/news/?{opened}" + "&".join(f"{name}={token}" for name, token in tokens)
