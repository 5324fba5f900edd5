"""Telling a worker that deliveries wait, without making their sender wait.

Messages to the broker leave from a thread of their own, and what arrives while one is on its way goes together in the
next. A broker that is down costs nothing but time: the table is the to-do list, and beat looks through it.
"""

from __future__ import annotations

import logging
import os
import queue
import threading

from conversations import tasks

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 200

_waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
_start = threading.Lock()
_running_in: int | None = None


def nudge(delivery_id: int) -> None:
    """Have the delivery applied soon. Returns at once and never fails."""
    _waiting.put(delivery_id)
    if _running_in != os.getpid():
        _start_thread()


def _start_thread() -> None:
    """One thread in each process; those of a parent do not come along when it forks."""
    global _running_in
    with _start:
        if _running_in != os.getpid():
            threading.Thread(target=_run, name="nudge", daemon=True).start()
            _running_in = os.getpid()


def _run() -> None:
    while True:
        delivery_ids = [_waiting.get()]
        while len(delivery_ids) < MOST_AT_ONCE and not _waiting.empty():
            delivery_ids.append(_waiting.get())
        try:
            tasks.apply_deliveries.apply_async((delivery_ids,), retry=False)
        except Exception as failure:
            logger.warning(
                "No worker was told of %s deliveries (%s); the next sweep finds them",
                len(delivery_ids),
                type(failure).__name__,
            )
