"""Replies through the outbox, to a channel on loopback that answers over TLS after as long as one far away does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.db import connection
from django.utils import timezone

from channels_cfg.models import AccessRight, MessagingService, Right, User
from conversations import lifecycle
from conversations.models import Conversation, ExternalReference, Message, OutboundMessage
from conversations.replies.write import reply
from conversations.tasks import SECONDS_BETWEEN_SWEEPS, sweep_jobs
from tests.bench import desks

CUSTOMERS = 100
REPLIES = 200
PARALLEL = 2
ANSWERS_AFTER = 0.05
PATIENCE = 300.0


@contextmanager
def channel(folder: Path) -> Iterator[dict[str, str]]:
    """The channel, a process of its own; what the environment of whoever calls it says."""
    code = "import sys; from tests.stand_ins.conversation_api import serve; serve(sys.argv[1], float(sys.argv[2]))"
    command = [sys.executable, "-c", code, str(folder), str(ANSWERS_AFTER)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    address = process.stdout.readline().strip()
    own = {"OUTGOING_OWN_HOSTS": "127.0.0.1", "OUTGOING_CA_FILE": str(folder / "certificate.pem")}
    try:
        database = str(connection.settings_dict["NAME"])
        portal = {"DJANGO_SETTINGS_MODULE": "tests.bench.portal_settings", "BENCH_DATABASE": database}
        yield {**os.environ, **own, **portal, "CHANNEL": address}
    finally:
        process.terminate()
        process.wait(timeout=20)


def customers(service: MessagingService, address: str) -> tuple[User, list[Conversation]]:
    """An agent with conversations that may be answered over a service that sends to the channel."""
    service.api_address, service.key_id, service.key_secret = address, "key", "secret"
    service.save()
    agent = User.objects.create(username="answering")
    AccessRight.objects.create(user=agent, right=Right.SERVE, queue=service.queue)
    return agent, [_served(service, agent, f"3586{number:08}") for number in range(CUSTOMERS)]


def _served(service: MessagingService, agent: User, customer: str) -> Conversation:
    now = timezone.now()
    reference = ExternalReference.objects.create(door="conversation_api", service=service, external_id=f"R{customer}")
    conversation = lifecycle.receive(
        channel=service.queue.channel,
        queue=service.queue,
        now=now,
        reference=reference,
        messaging_channel="WHATSAPP",
        customer_address=customer,
    )
    Message.objects.create(
        conversation=conversation, reference=reference, author="customer", text="Is it back in stock?", sent_at=now
    )
    return lifecycle.accept(conversation.pk, by=agent, now=now)


@contextmanager
def workers(environment: dict[str, str]) -> Iterator[None]:
    """They have signed in already, as have those of the limit."""
    with ExitStack() as stack:
        for _ in range(PARALLEL):
            stack.enter_context(desks.worker(environment))
        time.sleep(15)
        yield


def taken_and_sent_per_second(agent: User, answered: list[Conversation]) -> float:
    """Every reply is written as from the desk, and sent by the workers."""
    start = time.perf_counter()
    for number in range(REPLIES):
        conversation = answered[number % len(answered)]
        reply(conversation.pk, by=agent, now=timezone.now(), text="It leaves today, and arrives tomorrow.")
    sweeps_at = start + SECONDS_BETWEEN_SWEEPS
    while OutboundMessage.objects.unfinished().exists():
        if time.perf_counter() - start > PATIENCE:
            raise RuntimeError("The replies were not sent.")
        if time.perf_counter() > sweeps_at:  # as beat does
            sweeps_at += SECONDS_BETWEEN_SWEEPS
            sweep_jobs()
        time.sleep(0.05)
    taken = time.perf_counter() - start
    assert not OutboundMessage.objects.exclude(state=OutboundMessage.State.DONE).exists()
    return REPLIES / taken


def calls_per_second(environment: dict[str, str]) -> float:
    """The same calls in bare loops, as many at once as there are workers."""
    command = [sys.executable, "-m", "tests.bench.bare_calls", str(REPLIES // PARALLEL)]
    loops = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PARALLEL)
    ]
    for loop in loops:
        assert loop.stdout and loop.stdout.readline()  # it has signed in
    start = time.perf_counter()
    for loop in loops:
        assert loop.stdin
        loop.stdin.write("go\n")
        loop.stdin.flush()
    for loop in loops:
        if loop.wait(timeout=PATIENCE):
            raise RuntimeError("A bare loop failed.")
    return REPLIES / (time.perf_counter() - start)
