"""A conversation that is served, and files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from channels_cfg.models import Queue, Right
from conversations.models import Conversation
from tests.conversations.api.conftest import ApiClient
from tests.factories import ChannelFactory, QueueFactory, UserFactory, accepted_conversation, grant


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    """Where this test's files lie."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files" / "attachments"


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory())


@pytest.fixture
def agent(queue: Queue) -> ApiClient:
    return ApiClient(grant(UserFactory(), Right.SERVE, on=queue))


@pytest.fixture
def served(agent: ApiClient, queue: Queue) -> Conversation:
    """A WhatsApp conversation that the agent serves."""
    return accepted_conversation(queue, agent=agent.user, messaging_channel="WHATSAPP")
