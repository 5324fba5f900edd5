"""A portal that really runs: web server, worker and scheduler as processes of their own, on the test database."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from channels_cfg.models import Job, MessagingService
from config.heartbeats import worker_name
from config.models import Heartbeat
from conversations.demo import CALLBACK_PATH, inbound_message, sign

PATIENCE = 60  # seconds until something that should happen counts as not happening


@dataclass
class Portal:
    """The running portal: where it answers, what it writes, and its processes."""

    url: str
    var_dir: Path
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        with (self.var_dir / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_web(self) -> None:
        self.start("web", "gunicorn", "-c", "python:config.gunicorn", "config.wsgi")

    def start_worker(self, name: str = "worker") -> None:
        alone = ["--pool=solo", "--without-gossip", "--without-mingle", "--hostname", f"{name}@%h"]
        self.start(name, "celery", "-A", "config", "worker", *alone)

    def manage(self, *command: str) -> str:
        """Run a management command in a process of its own and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kill(self, name: str) -> int:
        """End it as a power cut would, with the processes that it started; return how it ended."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()

    def end(self, *names: str) -> None:
        """Ask them to stop, and wait until they have."""
        ending = [self.processes.pop(name) for name in names]
        for process in ending:
            os.killpg(process.pid, signal.SIGTERM)
        for process in ending:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, **options)

    def with_key(self, key: str) -> httpx.Client:
        """An API client that shows this key."""
        return self.client(headers={"X-Api-Key": key})

    def deliver(self, service: MessagingService, callback: Mapping[str, Any], **headers: str) -> httpx.Response:
        """A callback as the Conversation API sends it, signed with the service's newest secret."""
        body = json.dumps(callback).encode()
        signed = sign(
            body, secret=service.secrets.latest("added_at").secret, nonce=uuid.uuid4().hex, now=timezone.now()
        )
        with self.client() as client:
            return client.post(
                CALLBACK_PATH, content=body, headers={"content-type": "application/json", **signed, **headers}
            )

    def customer_writes(self, service: MessagingService, text: str, **facts: Any) -> httpx.Response:
        facts.setdefault("conversation", uuid.uuid4().hex[:26].upper())
        facts.setdefault("customer", "358401112233")
        return self.deliver(service, inbound_message(service, text=text, at=timezone.now(), **facts))


def eventually(condition: Callable[[], Any], *, within: float = PATIENCE) -> Any:
    """Wait until the condition holds, and return what it gave."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not happen within {within:.0f} seconds.")
        time.sleep(0.1)
    return found


def database_url() -> str:
    """The test database, as another process reaches it."""
    address = connection.settings_dict
    query = urllib.parse.urlencode({"host": address["HOST"]})
    password = f":{urllib.parse.quote(address['PASSWORD'])}" if address["PASSWORD"] else ""
    port = f":{address['PORT']}" if address["PORT"] else ""
    return f"postgresql://{address['USER']}{password}@{port}/{address['NAME']}?{query}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories of the one portal are told in one process."""
    for item in items:
        if "shared_portal" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("portal"))


@pytest.fixture(scope="package")
def shared_portal(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Started once: that takes longer than most stories."""
    with running_portal(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture
def portal(transactional_db: None, shared_portal: Portal) -> Iterator[Portal]:
    """A web server and a worker with nothing to do. What a story starts ends with it, and what it killed is back."""
    yield shared_portal
    for name in shared_portal.processes.keys() - {"web", "worker"}:
        shared_portal.end(name)
    if "worker" not in shared_portal.processes:
        shared_portal.start_worker()
    for message in (shared_portal.var_dir / "messages").glob("*.msg"):
        message.unlink(missing_ok=True)
    eventually(nobody_else_writes)


def nobody_else_writes() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT NOT EXISTS (
                SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
            )
        """)
        return bool(cursor.fetchone()[0])


@contextmanager
def running_portal(folder: Path, **environment: str) -> Iterator[Portal]:
    """A web server and a worker on the test database that write into the folder, until the block ends."""
    with portal_in(folder, **environment) as running:
        running.start_web()
        running.start_worker()
        eventually(lambda: _is_up(running))
        yield running


@contextmanager
def portal_in(folder: Path, **environment: str) -> Iterator[Portal]:
    """A portal on the test database that writes into the folder, of which nothing runs yet. What was started ends with
    the block."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(folder / "var"),
        "SECRET_KEY": settings.SECRET_KEY,
        "FIELD_KEYS": ",".join(settings.FIELD_KEYS),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "XDG_RUNTIME_DIR": str(folder),
        "OUTGOING_OWN_HOSTS": "127.0.0.1",  # where channels and media hosts stand in
        "DEMO_CHANNEL_PORT": str(free_port()),
    }
    (folder / "var").mkdir()
    portal = Portal(f"http://127.0.0.1:{port}", folder / "var", {**inherited, **own, **environment})
    try:
        yield portal
    finally:
        portal.end(*portal.processes)


def _is_up(portal: Portal) -> bool:
    try:
        return httpx.get(f"{portal.url}/health/live", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def killed_workers(
    kills: int, folder: Path, *, kinds: Sequence[type[Job]], seconds: float = 0.5, **environment: str
) -> Iterator[None]:
    """Workers on these kinds of job are killed so often, at random, one each so many seconds at most; the block begins
    once that is over, while they go on, and ends them."""
    seed = random.randrange(10**9)
    print("seed", seed)
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings.base",
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(folder / "var"),
        "JOB_LEASE_SECONDS": "2",
        "LOG_LEVEL": "ERROR",
    }
    facts = [str(kills), str(seed), str(seconds), *(kind._meta.label for kind in kinds)]
    workers = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.killed_workers", *facts],
        env={**os.environ, **own, **environment},
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert workers.stdout and int(workers.stdout.readline()) == kills
        yield
    finally:
        os.killpg(workers.pid, signal.SIGKILL)
        workers.wait()


@contextmanager
def killed_celery_workers(kills: int, folder: Path, *, seconds: float, **environment: str) -> Iterator[None]:
    """The same with Celery's workers, on all kinds of job, each killed with the processes that it started."""
    seed = random.randrange(10**9)
    print("seed", seed)
    chance, names = random.Random(seed), ["one", "other"]
    with portal_in(folder, JOB_LEASE_SECONDS="2", **environment) as portal:
        portal.start("beat", "celery", "-A", "config", "beat")
        for name in names:
            portal.start_worker(name)
        for _ in range(kills):
            victim = chance.choice(names)
            eventually(lambda pid=portal.processes[victim].pid: is_at_work(pid))
            time.sleep(chance.uniform(0, seconds))
            assert portal.kill(victim) == -signal.SIGKILL, "it was dead already"
            portal.start_worker(victim)
        yield


def is_at_work(pid: int) -> bool:
    """Whether this worker has begun to look for messages."""
    return Heartbeat.objects.filter(name=worker_name(pid)).exists()
