"""Telling a worker that something waits, without making whoever brought it wait.

The message to the broker leaves from a thread of its own, and one is enough for everything that came in meanwhile: the
tables are the to-do lists. A broker that is down costs nothing but time, since beat looks through them too.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial

from channels_cfg.models import Job
from conversations import tasks

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
"""Between two messages of one process, so that a flood of callbacks is no flood of messages."""

EXPIRE_SECONDS = 30
"""A worker that was away finds no backlog of messages."""

_wanted: dict[str, Callable[[], object]] = {}
_something_is = threading.Event()
_start = threading.Lock()
_running_in: int | None = None


def wake_workers(kind: type[Job]) -> None:
    """Have the jobs of this kind that wait done soon. Returns at once and never fails."""
    _want(kind._meta.label, partial(tasks.send_worker_to, kind, expires=EXPIRE_SECONDS))


def wake_routing() -> None:
    """Have the conversations that wait offered soon. Returns at once and never fails."""
    _want("routing", partial(tasks.offer_waiting_conversations.apply_async, expires=EXPIRE_SECONDS, retry=False))


def _want(name: str, send: Callable[[], object]) -> None:
    _wanted[name] = send
    _something_is.set()
    if _running_in != os.getpid():
        _start_thread()


def _start_thread() -> None:
    """One thread in each process; those of a parent do not come along when it forks."""
    global _running_in
    with _start:
        if _running_in != os.getpid():
            threading.Thread(target=_run, name="wake workers", daemon=True).start()
            _running_in = os.getpid()


def _run() -> None:
    while _something_is.wait():
        _something_is.clear()
        for name in list(_wanted):
            try:
                _wanted.pop(name)()
            except Exception as failure:
                logger.warning("No worker was told (%s); the next sweep finds what waits", type(failure).__name__)
        time.sleep(PAUSE_SECONDS)
