"""Keeping a few programs running together: started together, restarted when they die or fall silent, ended together."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

logger = logging.getLogger(__name__)

GRACE_SECONDS = 15  # to finish what is under way, after the word to stop
EARLY_SECONDS = 10  # a program that dies sooner than this, and unheard, did not really start
TELLING_DEATHS = 3  # early ones in a row, before it is said that a program cannot start
LONGEST_PAUSE = (
    30  # seconds before a program is started again; the first pause is one second, each other twice the last
)
SILENCE_SECONDS = 60  # without a heartbeat, before a program counts as hanging
SECONDS_BETWEEN_LISTENING = 5
PR_SET_PDEATHSIG = 1

Heartbeats = Mapping[str, datetime]


@dataclass
class Program:
    """A command that is to run for as long as its supervisor does.

    ``heartbeat`` gives the name under which its process of a number notes heartbeats, where it notes any.
    """

    name: str
    command: Sequence[str]
    heartbeat: Callable[[int], str] | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    starts_at: float = 0.0
    early_deaths: int = 0
    last_heartbeat: datetime | None = None
    heard_at: float = 0.0

    def start(self, now: float) -> None:
        """Start it in a process group of its own, so that a Ctrl-C reaches the supervisor alone."""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent
        )
        self.started_at = self.heard_at = now
        self.last_heartbeat = None

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self, now: float) -> None:
        """Choose when it is started again: the later, the more often in a row it died as soon as it was started."""
        early = now - self.started_at < EARLY_SECONDS and not self.last_heartbeat
        self.early_deaths = self.early_deaths + 1 if early else 0
        pause = min(2 ** max(self.early_deaths - 1, 0), LONGEST_PAUSE)
        status = self.process and self.process.returncode
        logger.warning("%s stopped with status %s and is started again in %s s", self.name, status, pause)
        if self.early_deaths == TELLING_DEATHS:
            print(
                f"{self.name.capitalize()} stops as soon as it starts (status {status}); its last words are above. "
                "It is tried again until it stays.",
                flush=True,
            )
        self.sweep()
        self.process = None
        self.starts_at = now + pause

    def hear(self, heartbeats: Heartbeats | None, now: float) -> None:
        """End it where it has been silent for too long. None says that nobody can be heard at the moment."""
        if not self.heartbeat or not self.process or not self.is_running():
            return
        latest = None if heartbeats is None else heartbeats.get(self.heartbeat(self.process.pid))
        if heartbeats is None or (latest and latest != self.last_heartbeat):
            self.last_heartbeat, self.heard_at = latest or self.last_heartbeat, now
        elif now - self.heard_at > SILENCE_SECONDS:
            logger.warning("%s has been silent for %s s and is ended", self.name, SILENCE_SECONDS)
            self.sweep()

    def ask_to_stop(self) -> None:
        """Tell the program itself, which tells its children in its own way."""
        if self.is_running() and self.process:
            self.process.terminate()

    def sweep(self) -> None:
        """End whatever is left of its process group."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def end_with_parent() -> None:
    """In the child: end when the supervisor is killed and cannot say so any more. Linux alone offers this."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def keep_running(
    programs: Sequence[Program], *, until: Callable[[], bool], heartbeats: Callable[[], Heartbeats | None]
) -> None:
    """Run the programs, restarting those that die or fall silent, until the question is answered with yes.

    ``heartbeats`` gives the latest of each name, or None while they cannot be read. Call ``end`` afterwards, whatever
    happened.
    """
    listens_at = 0.0
    while not until():
        now = time.monotonic()
        for program in programs:
            keep_up(program, now)
        if now >= listens_at:
            listens_at = now + SECONDS_BETWEEN_LISTENING
            heard = heartbeats()
            for program in programs:
                program.hear(heard, now)
        time.sleep(0.1)


def keep_up(program: Program, now: float) -> None:
    """Start the program for the first time, or again once it has rested."""
    if program.is_running():
        return
    if program.process is not None:
        program.note_death(now)
    elif now >= program.starts_at:
        program.start(now)


def end(programs: Sequence[Program]) -> None:
    """End every program and everything it started."""
    for program in programs:
        program.ask_to_stop()
    deadline = time.monotonic() + GRACE_SECONDS
    while any(program.is_running() for program in programs) and time.monotonic() < deadline:
        time.sleep(0.05)
    for program in programs:
        program.sweep()
