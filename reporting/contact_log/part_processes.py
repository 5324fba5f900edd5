"""Processes that write parts of files: several use several cores, and none has the portal in its memory.

One that has written a part may be given the next. It ends with whom it works for, and when it has had nothing to do for
a while.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from reporting.contact_log.parts import Facts, SnapshotGone, Tell

LONGEST_IDLE = 30
"""Seconds after which a process ends that has nothing to do."""
SURELY_ALIVE = 20
"""Seconds for which it can be given the next."""

_BASE = Path(__file__).resolve().parents[2]
_SERVE = f"import sys; from {__name__} import serve; serve(int(sys.argv[1]))"


class Work(Protocol):
    def write(self, tell: Tell) -> Facts: ...


class PartFailed(Exception):
    """A part was not written. Says the kind of the failure alone: its message may quote data."""


def write_apart(work: Work, tell: Tell) -> Facts:
    """Have the work done by another process. ``tell`` is told of more rows, and of 0 rows every second.

    Raises ``SnapshotGone``, ``OSError`` and ``PartFailed``, and what ``tell`` raises; then the process is killed.
    """
    process = _idle_process() or _Process()
    try:
        facts = process.write(work, tell)
    except BaseException:
        process.kill()
        raise
    process.idle_since = time.monotonic()
    _idle.append(process)
    return facts


def end_idle_processes() -> None:
    """Return when all those have ended that worked for this process and have nothing to do."""
    while _idle:
        _idle.pop().end()


class _Process:
    idle_since = 0.0

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-c", _SERVE, str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=_BASE, pass_fds=[theirs.fileno()])

    def write(self, work: Work, tell: Tell) -> Facts:
        try:
            self._pipe.send(work)
            while True:
                news: Any = self._pipe.recv() if self._pipe.poll(1) else 0
                if isinstance(news, dict):
                    return news
                if isinstance(news, Exception):
                    raise news
                tell(news)
        except (EOFError, ConnectionError) as died:
            raise PartFailed("a process died") from died

    def end(self) -> None:
        self._pipe.close()
        self._process.wait()

    def kill(self) -> None:
        self._process.kill()
        self.end()


_idle: list[_Process] = []


def _idle_process() -> _Process | None:
    while _idle:
        process = _idle.pop()
        if time.monotonic() - process.idle_since < SURELY_ALIVE:
            return process
        process.end()
    return None


# In the process


def serve(handle: int) -> None:
    """Do what comes in, until nothing does."""
    pipe = Connection(handle)
    try:
        while pipe.poll(LONGEST_IDLE):
            work: Work = pipe.recv()
            try:
                outcome: Facts | Exception = work.write(_once_a_second(pipe))
            except ConnectionError:
                return
            except Exception as failure:
                outcome = _without_data(failure)
            pipe.send(outcome)
    except (EOFError, ConnectionError):
        return


def _without_data(failure: Exception) -> Exception:
    """The failure as it may leave the process."""
    match failure:
        case SnapshotGone():
            return SnapshotGone()
        case OSError(errno=int(number)):
            return OSError(number, os.strerror(number))
    return PartFailed(type(failure).__name__)


def _once_a_second(pipe: Connection) -> Tell:
    rows, told_at = 0, time.monotonic()

    def tell(more: int) -> None:
        nonlocal rows, told_at
        rows += more
        if time.monotonic() - told_at >= 1:
            pipe.send(rows)
            rows, told_at = 0, time.monotonic()

    return tell
