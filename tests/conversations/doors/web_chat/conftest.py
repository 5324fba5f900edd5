"""Visitors of a shop's page, as its scripts ask the portal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_cfg.models import Queue, QueueAddress, Right, User
from conversations import lifecycle
from conversations.models import Conversation
from tests.factories import ChannelFactory, QueueFactory, user_with

SHOP = "https://shop.example.com"
ADDRESS = "sales@shop.example.com"


@dataclass
class Visitor:
    """One page with a token of its own."""

    origin: str = SHOP
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    chat: str = ""
    knows: str = ""
    client: Client = field(default_factory=Client)

    @property
    def headers(self) -> dict[str, str]:
        shown = {"Origin": self.origin} if self.origin else {}
        return shown | {"Authorization": f"Bearer {self.token}", "Visitor-Knows": self.knows}

    def start(self, *addresses: str, **order: Any) -> Any:
        queues = [{"address": address} for address in addresses or (ADDRESS,)]
        answer = self._ask("post", "/visitor/chats", {"queues": queues} | order)
        self.chat = answer.json().get("id", self.chat)
        return answer

    def post(self, action: str, **order: Any) -> Any:
        return self._ask("post", f"/visitor/chats/{self.chat}/{action}", order)

    def says(self, text: str, id: str = "") -> Any:
        return self.post("messages", text=text, id=id or secrets.token_urlsafe(9))

    def patch(self, **order: Any) -> Any:
        return self._ask("patch", f"/visitor/chats/{self.chat}", order)

    def details(self) -> Any:
        return self.client.get(f"/visitor/chats/{self.chat}", headers=self.headers)

    def news(self) -> Any:
        answer = self.client.get(f"/visitor/chats/{self.chat}/news", headers=self.headers)
        if answer.status_code == 200:
            self.knows = answer.json()["knows"]
        return answer

    def _ask(self, method: str, path: str, body: Any) -> Any:
        return getattr(self.client, method)(path, body, content_type="application/json", headers=self.headers)

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.with_places().select_related("visitor").get(pk=self.chat)


@pytest.fixture
def queue(db: None) -> Queue:
    queue = QueueFactory(channel=ChannelFactory(allowed_origins=[SHOP], statistics_keys=["customerType"]))
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    return queue


@pytest.fixture
def agent(queue: Queue) -> User:
    return user_with(Right.SERVE, on=queue, first_name="Anna", last_name="Ek")


@pytest.fixture
def visitor(queue: Queue) -> Visitor:
    return Visitor()


def accept(visitor: Visitor, agent: User) -> Conversation:
    return lifecycle.accept(visitor.conversation.pk, by=agent, now=timezone.now())
