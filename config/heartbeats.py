"""How a worker shows that it gets on, and ends when a task of it does not.

A worker does one task at a time in its main thread (``CELERY_WORKER_POOL = "solo"``), so it has no children that could
die holding what the next one waits for. In its place, a thread beside the main one notes the heartbeats. It notes them
only while the main thread gets on: it looks for messages, or does a task that has not used up its time. A long task
is no silence, and a main thread that hangs is one, however alive the process looks.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun, worker_ready
from django.db import connection
from django.utils import timezone

from config.models import WORKER, Heartbeat

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5
LONGEST_WAIT = 45  # seconds between two looks for messages; a loop that waits for a broker looks every ten at most
FORGOTTEN_AFTER = timedelta(days=1)


def worker_name(pid: int) -> str:
    """Under which a worker of this machine notes its heartbeats."""
    return f"{WORKER}{socket.gethostname()}:{pid}"


class MainThread:
    """What the thread that looks for messages and does tasks is at."""

    def __init__(self) -> None:
        self.looked_at = time.monotonic()
        self.task = ""
        self.ends_at = 0.0

    def look(self) -> None:
        """It looks for messages."""
        self.looked_at = time.monotonic()

    def begin(self, task: Task) -> None:
        asked, _soft = task.request.timelimit or (None, None)
        seconds = asked or task.time_limit or task.app.conf.task_time_limit
        self.task, self.ends_at = task.name, time.monotonic() + seconds

    def end(self) -> None:
        self.look()
        self.task = ""

    def is_overdue(self) -> bool:
        """Whether the task under way has used up its time; only the end of the process ends it."""
        return bool(self.task) and time.monotonic() > self.ends_at

    def gets_on(self) -> bool:
        return bool(self.task) or time.monotonic() - self.looked_at < LONGEST_WAIT


main_thread = MainThread()


@task_prerun.connect
def begin(task: Task, **_: Any) -> None:
    main_thread.begin(task)


@task_postrun.connect
def end(**_: Any) -> None:
    main_thread.end()


@worker_ready.connect
def start(sender: Any, **_: Any) -> None:
    """Begin to note heartbeats; told again after each return of the broker."""
    if sender.hub:  # brokers of one's own; message files look by themselves
        sender.hub.on_tick.add(main_thread.look)
    if not any(thread.name == "heartbeats" for thread in threading.enumerate()):
        threading.Thread(target=note_heartbeats, name="heartbeats", daemon=True).start()


def note_heartbeats() -> None:
    """Until the process ends, or has to."""
    while True:
        if main_thread.is_overdue():
            logger.critical("%s has used up its time: this worker ends, and another goes on", main_thread.task)
            os._exit(1)
        if main_thread.gets_on():
            try:
                note_heartbeat(now=timezone.now())
            except Exception as failure:  # a database that is away comes back
                logger.warning("No heartbeat could be noted (%s)", type(failure).__name__)
            finally:
                connection.close()
        time.sleep(BEAT_SECONDS)


def note_heartbeat(*, now: datetime) -> None:
    """Write that this worker gets on, and forget workers that have been gone for a day."""
    Heartbeat.objects.note(worker_name(os.getpid()), now=now)
    Heartbeat.objects.filter(at__lt=now - FORGOTTEN_AFTER).delete()
