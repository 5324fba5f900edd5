"""Whatever is killed comes back by itself, and no callback is lost or applied twice.

``CHAOS_CALLBACKS`` and ``CHAOS_KILLS`` set its size: 1,500 and 50 is the full one, of some minutes.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from django.utils import timezone

from channels_cfg.models import MessagingService
from config.embedded_postgres.server import DATABASE, socket_folder
from conversations.demo import CALLBACK_PATH, inbound_message, sign
from tests.journeys.conftest import eventually, free_port

CALLBACKS = int(os.environ.get("CHAOS_CALLBACKS", 120))
KILLS = int(os.environ.get("CHAOS_KILLS", 8))
SENDERS = 4
BACK_WITHIN = 120  # seconds until all is back, on a busy machine too

PREPARE = """
from tests.factories import WebhookSecretFactory
service = WebhookSecretFactory(secret="a-secret").service
print("service", service.project_id, service.app_id)
"""
COUNTED = """
SELECT (SELECT count(*) FROM conversations_inbounddelivery),
       (SELECT count(*) FROM conversations_inbounddelivery WHERE state = 'applied'),
       (SELECT count(*) FROM conversations_conversation),
       (SELECT count(*) FROM conversations_message),
       (SELECT count(DISTINCT text) FROM conversations_message)
"""


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

    def service(self) -> MessagingService:
        """One that this portal knows."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", PREPARE]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        _, project_id, app_id = done.stdout.splitlines()[-1].split()
        return MessagingService(project_id=project_id, app_id=app_id)

    def has_applied_all(self) -> bool:
        """Whether every callback is applied; not while the database that was killed last comes back."""
        with suppress(psycopg.OperationalError):
            return self.counted()[1] >= CALLBACKS
        return False

    def counted(self) -> tuple[int, ...]:
        """Deliveries, those applied, conversations, messages, different messages."""
        address = socket_folder(self.var_dir / "postgres")
        with psycopg.connect(host=str(address), user=DATABASE, dbname=DATABASE) as database:
            return database.execute(COUNTED).fetchone()

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

    def send(self, client: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
        """As the Conversation API does: again, until it is taken."""
        while True:
            with suppress(httpx.HTTPError):
                answer = client.post(CALLBACK_PATH, content=body, headers=headers)
                if answer.status_code == 200:
                    self.taken += 1
                    return
                assert answer.status_code >= 500, answer.text
            time.sleep(0.5)


def told(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[WholePortal]:
    portal = WholePortal(tmp_path / "var", free_port())
    portal.var_dir.mkdir()
    try:
        portal.start()
        yield portal
    finally:
        if portal.process:
            portal.process.send_signal(signal.SIGTERM)
            portal.process.wait(timeout=60)


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


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_whatever_is_killed(portal: WholePortal):
    service = portal.service()
    callbacks = [signed(service, number) for number in range(CALLBACKS)]
    seed = random.randrange(10**9)
    print("seed", seed)

    def send(some: list[tuple[bytes, dict[str, str]]]) -> None:
        with httpx.Client(base_url=portal.url, timeout=15) as client:
            for body, headers in some:
                portal.send(client, body, headers)

    with ThreadPoolExecutor(SENDERS) as senders:
        sent = [senders.submit(send, callbacks[number::SENDERS]) for number in range(SENDERS)]
        kill_at_random(portal, random.Random(seed))
        for one in sent:
            one.result(timeout=BACK_WITHIN)

    eventually(portal.has_applied_all, within=BACK_WITHIN + CALLBACKS / 5)
    assert portal.counted() == (CALLBACKS,) * 5
    eventually(portal.is_ready, within=BACK_WITHIN)
