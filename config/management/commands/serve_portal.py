"""``manage.py serve_portal``: everything one machine needs, until Ctrl-C."""

import json
import os
import signal
import socket
import sys
import urllib.request
from contextlib import suppress
from datetime import datetime
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import Error, connections

from config import environment
from config.heartbeats import worker_name
from config.models import SCHEDULER, Heartbeat
from config.supervisor import Program, end, keep_running


class Command(BaseCommand):
    help = "Migrates the database, then runs the web server, workers and the scheduler until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo configuration and conversations first")

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        signal.signal(signal.SIGTERM, stop_like_ctrl_c)
        try:
            self.prepare(demo=demo)
            self.serve(demo=demo)
        except KeyboardInterrupt:
            self.stdout.write("Keepsake has stopped.")

    channel_port = shop_port = 0

    @property
    def channel_address(self) -> str:
        """Where the demonstration's channel is played, on this machine alone."""
        return f"http://127.0.0.1:{self.channel_port}"

    def prepare(self, *, demo: bool) -> None:
        """Bring database and demo data up to date."""
        refuse_busy_port(settings.HOST, settings.PORT)
        call_command("migrate", verbosity=0)
        if demo:
            self.channel_port = free_port(settings.DEMO_CHANNEL_PORT)
            self.shop_port = free_port(settings.DEMO_SHOP_PORT)
            call_command("load_demo_data", channel=self.channel_address, shop=f"http://127.0.0.1:{self.shop_port}")
        connections.close_all()

    def serve(self, *, demo: bool) -> None:
        """Run the programs and say where they are once they answer."""
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(settings.VAR_DIR / "metrics"))
        programs = portal_programs()
        if demo:
            own = {*environment.words("OUTGOING_OWN_HOSTS"), "127.0.0.1"}
            os.environ |= {"OUTGOING_OWN_HOSTS": ",".join(own), "DEMO_CHANNEL_PORT": str(self.channel_port)}
            programs.append(Program("the demonstration's channel", CHANNEL))
            programs.append(Program("the demonstration's shop", [*SHOP, base_url(), str(self.shop_port)]))
        try:
            keep_running(programs, until=is_ready, heartbeats=latest_heartbeats)
            self.announce(demo=demo)
            keep_running(programs, until=lambda: False, heartbeats=latest_heartbeats)
        finally:
            end(programs)

    def announce(self, *, demo: bool) -> None:
        self.stdout.write(f"Keepsake is ready at {base_url()}/ — Ctrl-C ends it.")
        if demo:
            known = json.loads((settings.VAR_DIR / "demo.json").read_text())
            for role, user in known["users"].items():
                self.stdout.write(f"  {role:<14} {user['username']:<16} {user['password']}")
            self.stdout.write(f"Write as a customer at {self.channel_address}/")
            self.stdout.write(f"Chat as a visitor of a shop at {known['web_chat']['page']}")
        self.stdout.flush()  # a pipe or a file hears it now, not when the portal stops


SHOP = [sys.executable, "-m", "config.demo_shop"]
CHANNEL = [sys.executable, "-m", "django", "demo_channel", "--settings=config.settings.demo_channel"]


def portal_programs() -> list[Program]:
    """The programs of one machine. They find their settings in the environment, as this one did."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "config", "--quiet"]
    workers = range(1, environment.number("WORKERS", 2) + 1)
    quietly = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Program("the web server", [*python, "gunicorn", "-c", "python:config.gunicorn", "config.wsgi"]),
        *(Program(f"worker {number}", [*celery, "worker", *quietly], worker_name) for number in workers),
        Program("the scheduler", [*celery, "beat", "--pidfile="], lambda _pid: SCHEDULER),
    ]


def latest_heartbeats() -> dict[str, datetime] | None:
    """When each program was last seen, or None while the database does not answer."""
    try:
        return Heartbeat.objects.latest_by_name()
    except Error:
        return None
    finally:
        connections.close_all()


def free_port(preferred: int) -> int:
    """The port on loopback, or another where it is busy."""
    for port in (preferred, 0):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise CommandError("No port on 127.0.0.1 is free.")


def refuse_busy_port(host: str, port: int) -> None:
    """Say so before anything is started, rather than after."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            raise CommandError(
                f"Cannot listen on {host}:{port} ({reason.strerror}). End the program that does, or choose another "
                f"port: PORT={port + 1} make run"
            ) from None


def base_url() -> str:
    host = "127.0.0.1" if settings.HOST in {"0.0.0.0", "::", ""} else settings.HOST
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}"


def is_ready() -> bool:
    """Whether the portal answers that it can work."""
    try:
        with urllib.request.urlopen(f"{base_url()}/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def stop_like_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
