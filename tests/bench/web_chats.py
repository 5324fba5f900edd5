"""Open web chats, each with the page of its visitor and the desk of its agent, both waiting for news."""

from __future__ import annotations

import json
import re
import secrets
import selectors
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from channels_cfg.models import AccessRight, Queue, QueueAddress, Right, User
from conversations import lifecycle
from tests.bench.desks import tokens

SHOP = "https://shop.example.com"
ADDRESS = "bench@shop.example.com"
PAUSE = 2.0  # of a page whose question is answered at once


@dataclass
class ChatSide:
    """Who waits for news of one chat; ``heard_at`` is when the other's last message came."""

    connection: socket.socket | None = None
    received: bytes = b""
    asked_at: float = 0.0
    asks_at: float = 0.0
    heard_at: float = 0.0

    def ask(self) -> bytes:
        raise NotImplementedError

    def hear(self, body: bytes, now: float) -> None:
        raise NotImplementedError


@dataclass
class VisitorsPage(ChatSide):
    """The visitor's."""

    chat: str = ""
    token: str = ""
    knows: str = ""

    def ask(self) -> bytes:
        return _request("GET", f"/visitor/chats/{self.chat}/news", self.headers | {"Visitor-Knows": self.knows})

    @property
    def headers(self) -> dict[str, str]:
        return {"Origin": SHOP, "Authorization": f"Bearer {self.token}"}

    def hear(self, body: bytes, now: float) -> None:
        told = json.loads(body)
        self.knows = told["knows"]
        if any(message["author"] == "agent" for message in told["messages"]):
            self.heard_at = now

    def says(self, text: str) -> bytes:
        body = json.dumps({"id": secrets.token_urlsafe(9), "text": text}).encode()
        return _request("POST", f"/visitor/chats/{self.chat}/messages", self.headers, body)


@dataclass
class AgentsDesk(ChatSide):
    """The agent's."""

    chat: str = ""
    cookies: str = ""
    mark: str = ""
    known: dict[str, str] = field(default_factory=dict)

    def ask(self) -> bytes:
        query = urlencode({"open": self.chat, "below": "reply", **self.known})
        return _request("GET", f"/desk/news/?{query}", {"HX-Request": "true", "Cookie": self.cookies})

    def hear(self, body: bytes, now: float) -> None:
        html = body.decode()
        self.known |= tokens(html)
        if "conversation_messages" in html:
            self.heard_at = now

    def replies(self, text: str) -> bytes:
        body = urlencode({"csrfmiddlewaretoken": self.mark, "text": text}).encode()
        headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
        return _request("POST", f"/desk/{self.chat}/reply/", headers, body)


def _request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    kind = {"Content-Type": "application/json"} if body else {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in (kind | headers).items())
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}{length}\r\n".encode() + body


def open_chats(queue: Queue, count: int) -> list[tuple[VisitorsPage, AgentsDesk]]:
    """Chats that agents of one queue serve, each on a desk of its own."""
    queue.channel.allowed_origins = [SHOP]
    queue.channel.save()
    QueueAddress.objects.create(queue=queue, address=ADDRESS)
    agents = [User.objects.create(username=f"chat{number}", first_name="Anna") for number in range(count)]
    AccessRight.objects.bulk_create(AccessRight(user=agent, right=Right.SERVE, queue=queue) for agent in agents)
    return [_open_chat(agent) for agent in agents]


def _open_chat(agent: User) -> tuple[VisitorsPage, AgentsDesk]:
    page = VisitorsPage(token=secrets.token_urlsafe(32))
    order = {"queues": [{"address": ADDRESS}], "name": "Maija"}
    visitor = Client(SERVER_NAME="localhost")
    answer = visitor.post("/visitor/chats", order, content_type="application/json", headers=page.headers)
    if answer.status_code != 201:
        raise RuntimeError(f"The door answered {answer.status_code}.")
    page.chat, page.knows = answer.json()["id"], answer.json()["knows"]
    lifecycle.accept(page.chat, by=agent, now=timezone.now())
    client = Client(SERVER_NAME="localhost")
    client.force_login(agent)
    html = client.get(f"/desk/{page.chat}/").content.decode()
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    if found is None:
        raise RuntimeError("The desk has no form.")
    return page, AgentsDesk(chat=page.chat, cookies=cookies, mark=found[1], known=tokens(html))


@dataclass
class BothBrowsers:
    """All pages and desks, held by one thread."""

    port: int
    sides: list[ChatSide]
    requests: int = 0
    polls: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while (now := time.perf_counter()) < until:
            for side in self.sides:
                if side.connection is None and now >= side.asks_at:
                    self._ask(side)
            for key, _ in self.polls.select(timeout=0.01):
                self._read(key.data)

    def round_trip(self, page: VisitorsPage, desk: AgentsDesk, *, patience: float = 30) -> float:
        """Seconds from what the visitor writes to the agent's browser, and from the reply to the visitor's."""
        began = time.perf_counter()
        for message, listener in ((page.says("Are you there?"), desk), (desk.replies("Yes, I am."), page)):
            sent = time.perf_counter()
            with socket.create_connection(("127.0.0.1", self.port)) as sender:
                sender.sendall(message)
                while listener.heard_at < sent and time.perf_counter() < sent + patience:
                    self.run(0.01)
        return time.perf_counter() - began

    def _ask(self, side: ChatSide) -> None:
        side.connection = socket.create_connection(("127.0.0.1", self.port))
        side.connection.sendall(side.ask())
        side.received, side.asked_at = b"", time.perf_counter()
        self.requests += 1
        self.polls.register(side.connection, selectors.EVENT_READ, side)

    def _read(self, side: ChatSide) -> None:
        connection = side.connection
        assert connection is not None
        side.received += connection.recv(262_144)
        head, found, body = side.received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if not found or (length and len(body) < int(length[1])):
            return
        status, now = int(head.split()[1]), time.perf_counter()
        if status not in (200, 204):
            raise RuntimeError(f"{type(side).__name__} was answered {status}.")
        if status == 200:
            side.hear(body, now)
        side.asks_at = now + (PAUSE if status == 204 and now - side.asked_at < 1 else 0)
        self.polls.unregister(connection)
        connection.close()
        side.connection = None
