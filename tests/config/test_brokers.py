"""The portal on a Redis and on a RabbitMQ that really run, each test on one of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from kombu import Connection

from channels_cfg import jobs
from channels_cfg.models import MessagingService
from conversations.models import Conversation, InboundDelivery, Message
from conversations.tasks import work_on_waiting_jobs
from reporting.contact_log import files
from reporting.models import ContactLogEntry, ReportFile, ReportRun
from reporting.tasks import run_reporting_job
from tests.bench.dataset import fill
from tests.bench.exports import everything
from tests.factories.channels_cfg import WebhookSecretFactory
from tests.journeys.conftest import Portal, eventually, free_port, running_portal

START = 40  # seconds in which a broker has started, on a busy machine too


class Broker:
    """A broker of one test: programs that run on loopback and write into one folder."""

    def __init__(self, url: str, port: int, folder: Path, commands: list[list[str]], **environment: str) -> None:
        self.url = url
        self.port = port
        self.folder = folder
        self.commands = commands
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **environment}
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Return once it accepts connections."""
        with (self.folder / "log").open("ab") as log:
            self.processes = [
                subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                for command in self.commands
            ]
        eventually(self.answers, within=START)

    def kill(self) -> None:
        """End it as a power cut would."""
        for process in self.processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes = []

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def redis(folder: Path) -> Broker:
    """A Redis that keeps everything in memory, so that a killed one has forgotten it."""
    port = free_port()
    quietly = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command = [program("redis-server"), "--port", str(port), *quietly]
    return Broker(f"redis://127.0.0.1:{port}/0", port, folder, [command])


def rabbitmq(folder: Path) -> Broker:
    """A RabbitMQ with a port mapper of its own, which would stay behind otherwise."""
    port, distribution, mapper = free_port(), free_port(), free_port()
    return Broker(
        f"amqp://guest:guest@127.0.0.1:{port}//",
        port,
        folder,
        [[program("epmd"), "-address", "127.0.0.1", "-port", str(mapper)], [program("rabbitmq-server")]],
        ERL_EPMD_ADDRESS="127.0.0.1",
        ERL_EPMD_PORT=str(mapper),
        RABBITMQ_NODENAME=f"keepsake{port}@localhost",
        RABBITMQ_NODE_IP_ADDRESS="127.0.0.1",
        RABBITMQ_NODE_PORT=str(port),
        RABBITMQ_DIST_PORT=str(distribution),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
        RABBITMQ_MNESIA_BASE=str(folder / "data"),
        RABBITMQ_LOGS="-",
        RABBITMQ_CONFIG_FILE=str(folder / "none"),
        RABBITMQ_CONF_ENV_FILE=str(folder / "none"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(folder / "none"),
    )


def program(name: str) -> str:
    """Its path; Debian puts one in front of RabbitMQ's that insists on the system's own folders."""
    path = shutil.which(name, path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}")
    return path or pytest.skip(f"{name} is not installed; make test installs it, as root.")


@pytest.fixture(params=[redis, rabbitmq], ids=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    make: Callable[[Path], Broker] = request.param
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = make(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture
def portal(transactional_db: None, broker: Broker, tmp_path: Path) -> Iterator[Portal]:
    """Web server and worker on that broker."""
    sizes = {"REPORT_BATCH_ROWS": "50", "REPORT_SLICE_ROWS": "50", "REPORT_PROCESSES": "1"}
    with running_portal(tmp_path, CELERY_BROKER_URL=broker.url, **sizes) as portal:
        yield portal


@pytest.fixture
def service(transactional_db: None) -> MessagingService:
    return WebhookSecretFactory().service


def sweep_every_second() -> None:
    every_second, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
    sweep = PeriodicTask.objects.get(task="conversations.tasks.sweep_jobs")
    sweep.interval, sweep.expire_seconds = every_second, None
    sweep.save()


def applied() -> int:
    return InboundDelivery.objects.filter(state=InboundDelivery.State.APPLIED).count()


def is_at_work() -> bool:
    """Whether a worker has begun to apply a delivery, and cannot go on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'conversations_message'::regclass AND NOT granted)"
        )
        return bool(cursor.fetchone()[0])


def test_what_a_customer_writes_reaches_the_worker_and_outlives_a_broker_killed_at_the_worst_moment(
    broker: Broker, portal: Portal, service: MessagingService
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE conversations_message IN EXCLUSIVE MODE")
        portal.customer_writes(service, "By the broker")
        eventually(is_at_work)
        broker.kill()
    eventually(lambda: applied() == 1, within=60)

    assert portal.customer_writes(service, "While it is away").status_code == 200
    assert applied() == 1
    broker.start()
    sweep_every_second()
    portal.start("scheduler", "celery", "-A", "config", "beat", "--pidfile=")

    eventually(lambda: applied() == 2, within=60)
    portal.customer_writes(service, "After its return")
    eventually(lambda: applied() == 3, within=60)
    told = set(Message.objects.values_list("text", flat=True))
    assert told == {"By the broker", "While it is away", "After its return"}


@pytest.fixture
def held(transactional_db: None) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A block during which everybody waits who writes an entry of the Contact Log, or has written a slice of a file."""
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END';
            CREATE TRIGGER wait_for_test BEFORE INSERT ON reporting_contactlogentry
               FOR EACH ROW EXECUTE FUNCTION wait_for_test();
            CREATE TRIGGER wait_for_test BEFORE UPDATE ON reporting_reportfileslice
               FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION wait_for_test();
        """)

    @contextmanager
    def block() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(4711)")
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(4711)")

    yield block
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION wait_for_test CASCADE")


def waiting_for_test() -> int:
    """How many connections wait; a worker has one that does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted")
        return int(cursor.fetchone()[0])


def test_workers_share_a_large_fill_and_a_large_file(
    held: Callable[[], AbstractContextManager[None]], broker: Broker, portal: Portal, settings: Any
) -> None:
    settings.MEDIA_ROOT = portal.var_dir / "files"
    portal.start_worker("second")
    supervisor = fill(400).supervisor

    with Connection(broker.url) as channel:
        with held():
            for _worker in range(2):
                run_reporting_job.apply_async(connection=channel)
            eventually(lambda: waiting_for_test() == 2, within=60)
        eventually(lambda: ReportRun.objects.filter(outcome="done").count() == 2, within=60)

        file = files.ask_for(everything(), format="csv", owner=supervisor, now=timezone.now())
        with held():
            work_on_waiting_jobs.apply_async(["reporting.ReportFile"], connection=channel)
            eventually(lambda: waiting_for_test() == 2, within=60)
        eventually(lambda: ReportFile.objects.filter(pk=file.pk, state="ready").exists(), within=60)

    runs = list(ReportRun.objects.values_list("conversations", flat=True))
    assert sum(runs) == 400 and min(runs) >= 50
    reported = ContactLogEntry.objects.values_list("conversation", "state", "version", "kept_data")
    assert sorted(reported, key=str) == sorted(
        Conversation.objects.values_list("pk", "state", "version", "kept_data"), key=str
    )
    by_one = files.ask_for(everything(), format="csv", owner=supervisor, now=timezone.now())
    jobs.work_on(ReportFile, by_one.pk)
    assert file.path.read_bytes() == by_one.path.read_bytes()
