"""Calls and chats that go through the doors at chosen times, and the documents of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group

from channels_cfg.models import AccessRight, Channel, MetadataDestination, Queue, Right, User
from conversations import lifecycle
from conversations.models import Conversation, Message
from reporting.session_metadata.document import as_bytes, session_metadata
from reporting.session_metadata.reading import read_sessions
from reporting.session_metadata.valid import faults_of, sums_that_differ
from tests.conversations.api.conftest import ApiClient
from tests.factories import ChannelFactory, IvrDefinitionFactory, QueueFactory, UserFactory, grant
from tests.reporting.session_metadata.deliveries import folder_used_by_all


def built(conversation: Conversation | str) -> dict[str, Any]:
    """The document, valid as ours have to be, with durations that add up."""
    (stored,) = read_sessions([conversation.pk if isinstance(conversation, Conversation) else uuid.UUID(conversation)])
    document: dict[str, Any] = json.loads(as_bytes(session_metadata(stored)))
    assert faults_of(document, as_producer=True) == []
    assert sums_that_differ(document) == []
    return document


class Telephone(ApiClient):
    """A telephone system with one queue, an IVR and direct calls of agents, which tells everything when it happens."""

    def __init__(self, queue: Queue) -> None:
        super().__init__(grant(UserFactory(is_api_client=True, username="telephone"), Right.SERVE, on=queue))
        self.queue = queue
        group = Group.objects.create(name="Team")
        self.anna, self.bert = (self._agent(name, group) for name in ("Anna", "Bert"))
        AccessRight.objects.create(user=self.user, right=Right.SERVE, direct_conversations_of=group)
        self.ivr = IvrDefinitionFactory(name="Menu", channel=queue.channel, steps__queue=queue)

    def _agent(self, name: str, group: Group) -> User:
        agent = UserFactory(username=name.lower(), first_name=name, last_name="B", email=f"{name.lower()}@example.com")
        agent.groups.add(group)
        AccessRight.objects.get_or_create(group=group, right=Right.SERVE, direct_conversations_of=group)
        return grant(agent, Right.SERVE, on=self.queue)

    def arrives(self, at: str, **call: Any) -> str:
        with time_machine.travel(at, tick=False):
            answer = self.post_json("/api/v1/calls", {"call_id": f"c{at}"} | call)
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def does(self, at: str, call: str, action: str, **order: Any) -> None:
        with time_machine.travel(at, tick=False):
            answer = self.post_json(f"/api/v1/calls/{call}/{action}", order)
        assert answer.status_code == 200, answer.content

    def tells(self, at: str, call: str, **facts: Any) -> None:
        with time_machine.travel(at, tick=False):
            answer = self.patch(f"/api/v1/conversations/{call}/session", facts, content_type="application/json")
        assert answer.status_code == 200, answer.content


@pytest.fixture
def queue(db: None) -> Queue:
    return QueueFactory(name="Sales", channel=ChannelFactory(kind=Channel.Kind.VOICE, statistics_keys=["customerType"]))


@pytest.fixture
def chats(db: None) -> Queue:
    return QueueFactory(channel=ChannelFactory(kind=Channel.Kind.CHAT))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def destination(folder: Path) -> MetadataDestination:
    return folder_used_by_all(folder)


@pytest.fixture
def telephone(queue: Queue) -> Telephone:
    return Telephone(queue)


@pytest.fixture
def helsinki(settings: Any) -> Iterator[None]:
    """The portal's own time zone."""
    from django.utils import timezone

    settings.TIME_ZONE = "Europe/Helsinki"
    timezone.get_default_timezone.cache_clear()
    yield
    timezone.get_default_timezone.cache_clear()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def served_chat(queue: Queue, agent: User, **facts: Any) -> Conversation:
    """A customer writes at 8:00:00, an agent accepts 30 seconds later, answers twice, and wraps up until 8:06."""
    at = "2026-03-01T08:{}+00:00".format
    chat = lifecycle.receive(channel=queue.channel, queue=queue, now=moment(at("00:00")), **facts)
    lifecycle.accept(chat.pk, by=agent, now=moment(at("00:30")))
    for author, time in (("customer", "00:00"), ("agent", "00:40"), ("customer", "01:00"), ("agent", "01:20")):
        Message.objects.create(
            conversation=chat, author=author, agent=agent if author == "agent" else None, sent_at=moment(at(time))
        )
    lifecycle.end(chat.pk, by=agent, ended_by=Conversation.Party.AGENT, now=moment(at("05:00")))
    return lifecycle.handle(chat.pk, by=agent, now=moment(at("06:00")))
