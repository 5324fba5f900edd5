"""Hearing what PostgreSQL notifies, in a thread of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from threading import Thread

import psycopg
from django.db import connection

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_TRIES = 2
SECONDS_BETWEEN_PROOFS = 20  # a connection on which nothing comes may be lost
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 5}

Heard = Callable[[set[str]], None]


class Listener(Thread):
    """Calls ``heard`` with the topics of each notification on the channel: the words of its payload.

    While it cannot listen, ``since`` is None; then ``lost`` has been called. Both are called in this thread. It needs a
    connection of its own, to PostgreSQL itself or through a proxy that lends one for a whole session.
    """

    def __init__(self, channel: str, *, heard: Heard, lost: Callable[[], None]) -> None:
        super().__init__(name=f"listener to {channel}", daemon=True)
        self.channel, self.heard, self.lost = channel, heard, lost
        self.since: float | None = None

    def run(self) -> None:
        while True:
            try:
                self._listen()
            except psycopg.Error as failure:
                if self.since is not None:
                    logger.warning("Nothing is heard of %s for a while: %s", self.channel, type(failure).__name__)
                self.since = None
                self.lost()
            time.sleep(SECONDS_BETWEEN_TRIES)

    def _listen(self) -> None:
        parameters = connection.get_connection_params() | KEEPALIVES
        with closing(psycopg.connect(**parameters, autocommit=True)) as listening:
            listening.execute(f'LISTEN "{self.channel}"')
            self.since = time.monotonic()
            while True:
                news = list(listening.notifies(timeout=SECONDS_BETWEEN_PROOFS, stop_after=1))
                if news:
                    self.heard({topic for notification in news for topic in notification.payload.split()})
                else:
                    listening.execute("SELECT 1")
