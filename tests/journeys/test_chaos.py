"""Whatever is killed comes back by itself, and nothing is lost or doubled that came in at any door: no callback, call,
task or message of a visitor; and no reply is sent twice.

``CHAOS_CALLBACKS`` and ``CHAOS_KILLS`` set its size: 1,500 and 50 is the full one, of some minutes.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from django.utils import timezone

from channels_cfg.models import MessagingService
from config.embedded_postgres.server import DATABASE, socket_folder
from conversations.demo import CALLBACK_PATH, inbound_message, sign, task
from tests.journeys.conftest import eventually, free_port
from tests.stand_ins.conversation_api import ConversationApi, running_conversation_api

CALLBACKS = int(os.environ.get("CHAOS_CALLBACKS", 80))
KILLS = int(os.environ.get("CHAOS_KILLS", 4))
SENDERS = 4
REPLIES = 40
CALLS = 16
TASKS = 20
VISITORS, WORDS = 3, 7
ANSWERED = 8  # customers
ANSWERS_AFTER = 0.05  # seconds, so that what is killed is often about to send
BACK_WITHIN = 120  # seconds until all is back, on a busy machine too

PREPARE = """
import sys
import django
django.setup()
from channels_cfg.models import ApiKey, MessagingService, QueueAddress, Right
from tests.factories import ChannelFactory, QueueFactory, UserFactory, WebhookSecretFactory
from tests.factories import answerable_conversation, grant
service = WebhookSecretFactory(secret="a-secret").service
print("service", service.project_id, service.app_id)
queue, client = QueueFactory(), UserFactory(is_api_client=True)
for name, facts in {
    "Phone": {"kind": "voice", "statistics_keys": ["kept"]},
    "tasks@example.com": {"kind": "email"},
    "chat@example.com": {"allowed_origins": ["https://shop.example.com"]},
}.items():
    place = QueueFactory(name=name, channel=ChannelFactory(**facts))
    grant(client, Right.SERVE, on=place)
    if "@" in name:
        QueueAddress.objects.create(queue=place, address=name)
grant(client, Right.SERVE, on=queue)
print("key", ApiKey.objects.issue(user=client)[1])
for number in range(int(sys.argv[2])):
    print("conversation", answerable_conversation(queue, agent=client, customer_address=f"3585{number:08}").pk)
MessagingService.objects.exclude(key_id="").update(api_address=sys.argv[1])
"""
COUNTED = """
SELECT (SELECT count(*) FROM conversations_inbounddelivery WHERE door = 'conversation_api'),
       (SELECT count(*) FROM conversations_inbounddelivery WHERE door = 'conversation_api' AND state = 'applied'),
       (SELECT count(*) FROM conversations_conversation WHERE customer_address = '35840111'),
       (SELECT count(*) FROM conversations_message WHERE text LIKE 'Message %'),
       (SELECT count(DISTINCT text) FROM conversations_message WHERE text LIKE 'Message %')
"""
SENT = """
SELECT message.text, outbound.state, outbound.reason
  FROM conversations_outboundmessage outbound JOIN conversations_message message ON message.id = outbound.message_id
"""

CALLED = """
SELECT reference.external_id, call.state, call.kept_data::text,
       (SELECT count(*) FROM conversations_event event WHERE event.conversation_id = call.id)
  FROM conversations_conversation call
  JOIN conversations_externalreference reference ON reference.id = call.reference_id
 WHERE reference.door LIKE 'voice:%'
"""
TASKS_WAITING = "SELECT FROM conversations_inbounddelivery WHERE door = 'tasks' AND state <> 'applied'"
TASKS_MADE = """
SELECT conversation.subject, (SELECT string_agg(value::text, ',') FROM conversations_livedatum datum
                               WHERE datum.conversation_id = conversation.id)
  FROM conversations_task task JOIN conversations_conversation conversation ON conversation.id = task.conversation_id
"""
SAID = "SELECT text FROM conversations_message WHERE text LIKE 'Word %' ORDER BY id"


@dataclass
class WholePortal:
    """``serve_portal`` with a database of its own, and what is sent to it."""

    var_dir: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    taken: int = 0

    @property
    def environment(self) -> dict[str, str]:
        left_out = {"DATABASE_URL", "CELERY_BROKER_URL"}
        inherited = {name: value for name, value in os.environ.items() if name not in left_out}
        own = {"VAR_DIR": str(self.var_dir), "PORT": str(self.port), "DJANGO_SETTINGS_MODULE": "config.settings.base"}
        own |= {"OUTGOING_OWN_HOSTS": "127.0.0.1"}
        return {**inherited, **own}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.var_dir.parent / "portal.log").open("wb") as log:
            command = [sys.executable, "manage.py", "serve_portal"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        eventually(self.is_ready, within=400)

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        return False

    def prepare(self, channel: ConversationApi) -> tuple[MessagingService, str, list[str]]:
        """A service that this portal knows, an API key, and the conversations that may be answered with it."""
        command = [sys.executable, "-c", PREPARE, channel.url, str(ANSWERED)]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        service, key, *conversations = (line.split()[1:] for line in done.stdout.splitlines()[-ANSWERED - 2 :])
        return MessagingService(project_id=service[0], app_id=service[1]), key[0], [pk for (pk,) in conversations]

    def has_applied_all(self) -> bool:
        """Whether every callback and task is applied; not while the database that was killed last comes back."""
        with suppress(psycopg.OperationalError):
            return self.counted()[1] >= CALLBACKS and not self.asked(TASKS_WAITING)
        return False

    def has_sent_all(self) -> bool:
        """Whether nothing waits to be sent any more, one way or the other."""
        with suppress(psycopg.OperationalError):
            return all(state != "waiting" for _text, state, _reason in self.asked(SENT))
        return False

    def counted(self) -> tuple[int, ...]:
        """Deliveries, those applied, conversations, messages, different messages."""
        return self.asked(COUNTED)[0]

    def asked(self, sql: str) -> list[tuple[Any, ...]]:
        address = socket_folder(self.var_dir / "postgres")
        with psycopg.connect(host=str(address), user=DATABASE, dbname=DATABASE) as database:
            return database.execute(sql).fetchall()

    def victims(self) -> dict[str, list[psutil.Process]]:
        """The live processes by what they are; PostgreSQL's children belong to it."""
        assert self.process
        of_portal = psutil.Process(self.process.pid).children(recursive=True)
        kinds = {kind: [p for p in of_portal if kind in " ".join(told(p))] for kind in ("gunicorn", "worker", "beat")}
        return kinds | {"postgres": list(self.postgres())}

    def postgres(self) -> Iterator[psutil.Process]:
        with suppress(OSError, ValueError, psutil.Error):
            main = psutil.Process(int((self.var_dir / "postgres" / "postmaster.pid").read_text().split()[0]))
            yield main
            yield from main.children()

    def until_taken(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """As the Conversation API and any careful program do: again, until it is taken."""
        while True:
            with suppress(httpx.HTTPError):
                answer = ask()
                if answer.is_success:
                    return answer
                assert answer.status_code >= 500, answer.text
            time.sleep(0.5)

    def send(self, client: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
        self.until_taken(partial(client.post, CALLBACK_PATH, content=body, headers=headers))
        self.taken += 1

    def among_the_callbacks(self, count: int) -> Iterator[int]:
        """Numbers, each when its time has come: evenly among the callbacks."""
        for number in range(count):
            eventually(lambda due=number * CALLBACKS / count: self.taken >= due, within=BACK_WITHIN)
            yield number

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=15, headers=headers)

    # What comes in beside the callbacks

    def answer(self, key: str, conversations: list[str]) -> None:
        with self.client(**{"X-Api-Key": key}) as client:
            for number in self.among_the_callbacks(REPLIES):
                address = f"/api/v1/conversations/{conversations[number % ANSWERED]}/messages"
                once = {"Idempotency-Key": f"reply-{number}"}
                self.until_taken(partial(client.post, address, json={"text": f"Reply {number}"}, headers=once))

    def call(self, key: str) -> None:
        """Each is told, accepted, ended and wrapped up."""
        with self.client(**{"X-Api-Key": key}) as client:
            for number in self.among_the_callbacks(CALLS):
                data = {"kept": number, "other": "x"}
                told = {"call_id": f"call-{number}", "queue": "Phone", "attached_data": data}
                call = self.until_taken(partial(client.post, "/api/v1/calls", json=told)).json()
                for action in ("accept", "hold", "end", "handle"):
                    address = f"/api/v1/calls/{call['id']}/{action}"
                    self.until_taken(partial(client.post, address, json={}))

    def make_tasks(self, key: str) -> None:
        with self.client(**{"X-Api-Key": key}) as client:
            for number in self.among_the_callbacks(TASKS):
                sent = task({"orderId": number}, queue="tasks@example.com", subject=f"Task {number}")
                once = {"Idempotency-Key": f"task-{number}"}
                self.until_taken(partial(client.post, "/RTI/tasks", json=sent, headers=once))

    def visit(self) -> None:
        """Visitors chat, each over a page with a token of its own."""
        for number in self.among_the_callbacks(VISITORS):
            shown = {"Origin": "https://shop.example.com", "Authorization": f"Bearer {secrets.token_urlsafe(32)}"}
            with self.client(**shown) as client:
                order = {"queues": [{"address": "chat@example.com"}], "name": "Maija"}
                chat = self.until_taken(partial(client.post, "/visitor/chats", json=order))
                address = f"/visitor/chats/{chat.json()['id']}/messages"
                for word in range(WORDS):
                    said = {"id": f"message-{word}", "text": f"Word {number} {word}"}
                    self.until_taken(partial(client.post, address, json=said))


def told(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def portal(portal_folder: Path) -> Iterator[WholePortal]:
    portal = WholePortal(portal_folder, free_port())
    try:
        portal.start()
        yield portal
    finally:
        if portal.process:
            portal.process.send_signal(signal.SIGTERM)
            portal.process.wait(timeout=60)
        if database := next(portal.postgres(), None):  # a portal that was killed could not stop it
            database.send_signal(signal.SIGINT)
            psutil.wait_procs([database], timeout=30)


def signed(service: MessagingService, number: int) -> tuple[bytes, dict[str, str]]:
    """A customer's message in a conversation of its own: its body, and the headers that sign it."""
    now = timezone.now()
    conversation = f"C{number:025}"
    said = inbound_message(service, text=f"Message {number}", at=now, conversation=conversation, customer="35840111")
    body = json.dumps(said).encode()
    headers = sign(body, secret="a-secret", nonce=uuid.uuid4().hex, now=now)
    return body, {"content-type": "application/json", **headers}


def kill_at_random(portal: WholePortal, chance: random.Random) -> None:
    """Kill one process at a time, of each kind as often, evenly among the callbacks."""
    kinds = itertools.cycle(["worker", "postgres", "gunicorn", "beat"])
    for number, kind in enumerate(itertools.islice(kinds, KILLS), start=1):
        eventually(lambda due=number * CALLBACKS / (KILLS + 1): portal.taken >= due, within=BACK_WITHIN)
        victim = chance.choice(eventually(lambda kind=kind: portal.victims()[kind], within=BACK_WITHIN))
        with suppress(psutil.Error):
            victim.kill()


def check_replies(told: list[tuple[str, str, str]], arrived: list[str]) -> None:
    """Each was sent once, in the order of its conversation, or is told as not known to have been sent."""
    assert sorted(text for text, _state, _reason in told) == sorted(f"Reply {number}" for number in range(REPLIES))
    assert len(arrived) == len(set(arrived)), "none was sent twice"
    unknown = {text for text, state, _reason in told if state == "failed"}
    print(len(unknown), "replies are not known to have been sent")
    assert all("not known whether it was sent" in reason for _text, state, reason in told if state == "failed")
    assert {text for text, _state, _reason in told} - unknown <= set(arrived)
    for number in range(ANSWERED):
        of_one = [int(text.split()[1]) for text in arrived if int(text.split()[1]) % ANSWERED == number]
        assert of_one == sorted(of_one)


def check_other_doors(portal: WholePortal) -> None:
    """Each call, task and word of a visitor is there once, with all that was told of it."""
    calls = [(f"call-{number}", "handled", f'{{"kept": {number}}}') for number in range(CALLS)]
    called = portal.asked(CALLED)
    assert sorted(call[:3] for call in called) == sorted(calls)
    assert len({events for *_call, events in called}) == 1, "each has the same timeline"
    assert sorted(portal.asked(TASKS_MADE)) == sorted((f"Task {number}", str(number)) for number in range(TASKS))
    said = [text for (text,) in portal.asked(SAID)]
    assert sorted(said) == [f"Word {number} {word}" for number in range(VISITORS) for word in range(WORDS)]
    for number in range(VISITORS):
        of_one = [text for text in said if text.startswith(f"Word {number} ")]
        assert of_one == sorted(of_one)


@pytest.fixture
def channel() -> Iterator[ConversationApi]:
    """Where the portal sends; nobody kills it."""
    with running_conversation_api() as running:
        yield running


@pytest.mark.xdist_group("serve_portal")
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_whatever_is_killed(portal: WholePortal, channel: ConversationApi):
    channel.slow = ANSWERS_AFTER
    service, key, conversations = portal.prepare(channel)
    callbacks = [signed(service, number) for number in range(CALLBACKS)]
    seed = random.randrange(10**9)
    print("seed", seed)

    def send(some: list[tuple[bytes, dict[str, str]]]) -> None:
        with httpx.Client(base_url=portal.url, timeout=15) as client:
            for body, headers in some:
                portal.send(client, body, headers)

    with ThreadPoolExecutor(SENDERS + 4) as senders:
        sent = [senders.submit(send, callbacks[number::SENDERS]) for number in range(SENDERS)]
        sent.append(senders.submit(portal.answer, key, conversations))
        sent += [senders.submit(tell, key) for tell in (portal.call, portal.make_tasks)]
        sent.append(senders.submit(portal.visit))
        kill_at_random(portal, random.Random(seed))
        for one in sent:
            one.result(timeout=BACK_WITHIN)

    eventually(portal.has_applied_all, within=BACK_WITHIN + CALLBACKS / 5)
    assert portal.counted() == (CALLBACKS,) * 5
    eventually(portal.has_sent_all, within=BACK_WITHIN)
    check_replies(portal.asked(SENT), channel.texts)
    check_other_doors(portal)
    eventually(portal.is_ready, within=BACK_WITHIN)

    # A supervisor that is killed takes its programs with it.
    assert portal.process
    programs = psutil.Process(portal.process.pid).children(recursive=True)
    portal.process.kill()
    _, left = psutil.wait_procs(programs, timeout=30)
    assert len(programs) > 3 and left == []
