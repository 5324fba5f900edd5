"""Open desks of agents who each serve one customer, as browsers hold them: a request that waits, and asks again."""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.test import Client
from django.utils import timezone

from channels_cfg.models import AccessRight, MessagingService, Right, User
from conversations import lifecycle
from conversations.demo import inbound_message, sign
from conversations.models import ExternalReference
from tests.bench.dataset import WEBHOOK_SECRET

PAUSE = 2.0  # of a page whose request is answered at once


@dataclass
class Desk:
    """One agent's page: its address for news with what it knows, and its connection."""

    customer: str
    head: str
    address: str
    known: dict[str, str]
    connection: socket.socket | None = None
    received: bytes = b""
    asked_at: float = 0.0
    asks_at: float = 0.0
    heard_at: float = 0.0


def open_desks(service: MessagingService, count: int) -> list[Desk]:
    """Agents of one queue, each with a conversation that is open on the desk."""
    agents = [User.objects.create(username=f"desk{number}") for number in range(count)]
    AccessRight.objects.bulk_create(AccessRight(user=agent, right=Right.SERVE, queue=service.queue) for agent in agents)
    return [_open_desk(service, agent) for agent in agents]


def _open_desk(service: MessagingService, agent: User) -> Desk:
    customer = f"3585{agent.pk:08}"
    now = timezone.now()
    reference = ExternalReference.objects.create(
        door="conversation_api", service=service, external_id=f"CONVERSATION{customer}"
    )
    conversation = lifecycle.receive(
        channel=service.queue.channel,
        queue=service.queue,
        now=now,
        reference=reference,
        customer_address=customer,
        messaging_channel="WHATSAPP",
    )
    lifecycle.accept(conversation.pk, by=agent, now=now)
    client = Client(SERVER_NAME="localhost")
    client.force_login(agent)
    page = client.get(f"/desk/{conversation.pk}/").content.decode()
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    head = f"HTTP/1.1\r\nHost: localhost\r\nHX-Request: true\r\nCookie: {cookies}\r\n\r\n"
    return Desk(customer, head, f"/desk/news/?open={conversation.pk}", tokens(page))


def tokens(html: str) -> dict[str, str]:
    return dict(re.findall(r'data-token name="(\w+)" value="(\w+)"', html))


@dataclass
class Browsers:
    """All the desks, held by one thread."""

    port: int
    desks: list[Desk]
    requests: int = 0
    polls: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while (now := time.perf_counter()) < until:
            for desk in self.desks:
                if desk.connection is None and now >= desk.asks_at:
                    self._ask(desk)
            for key, _ in self.polls.select(timeout=0.01):
                self._read(key.data)

    def _ask(self, desk: Desk) -> None:
        desk.connection = socket.create_connection(("127.0.0.1", self.port))
        known = "".join(f"&{name}={token}" for name, token in desk.known.items())
        desk.connection.sendall(f"GET {desk.address}{known} {desk.head}".encode())
        desk.received, desk.asked_at = b"", time.perf_counter()
        self.requests += 1
        self.polls.register(desk.connection, selectors.EVENT_READ, desk)

    def _read(self, desk: Desk) -> None:
        connection = desk.connection
        assert connection is not None
        desk.received += connection.recv(262_144)
        head, found, body = desk.received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if not found or (length and len(body) < int(length[1])):
            return
        status = int(head.split()[1])
        if status not in (200, 204):
            raise RuntimeError(f"The desk answered {status}.")
        now = time.perf_counter()
        if status == 200:
            desk.known |= tokens(body.decode())
            if b"conversation_messages" in body:
                desk.heard_at = now
        desk.asks_at = now + (PAUSE if status == 204 and now - desk.asked_at < 1 else 0)
        self.polls.unregister(connection)
        connection.close()
        desk.connection = None


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[None]:
    """A worker that applies callbacks."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def callback(service: MessagingService, desk: Desk) -> tuple[bytes, dict[str, str]]:
    """What the customer writes, signed."""
    message = inbound_message(
        service,
        text="Are you still there?",
        at=timezone.now(),
        conversation=f"CONVERSATION{desk.customer}",
        customer=desk.customer,
    )
    body = json.dumps(message).encode()
    return body, sign(body, secret=WEBHOOK_SECRET, nonce=uuid.uuid4().hex, now=timezone.now())
