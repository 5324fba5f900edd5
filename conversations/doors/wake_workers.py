"""Telling a worker that deliveries wait, without making their sender wait.

The message to the broker leaves from a thread of its own, and one is enough for everything that came in meanwhile: the
table is the to-do list. A broker that is down costs nothing but time, since beat looks through the table too.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from conversations import tasks
from conversations.models import InboundDelivery

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
"""Between two messages of one process, so that a flood of callbacks is no flood of messages."""

EXPIRE_SECONDS = 30
"""A worker that was away finds no backlog of messages."""

_wanted = threading.Event()
_start = threading.Lock()
_running_in: int | None = None


def wake_workers() -> None:
    """Have what waits applied soon. Returns at once and never fails."""
    _wanted.set()
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
    while _wanted.wait():
        _wanted.clear()
        try:
            tasks.send_worker_to(InboundDelivery, expires=EXPIRE_SECONDS)
        except Exception as failure:
            logger.warning("No worker was told of deliveries (%s); the next sweep finds them", type(failure).__name__)
        time.sleep(PAUSE_SECONDS)
