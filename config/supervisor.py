"""Keeping a few programs running together: started together, restarted when they die, ended together."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

logger = logging.getLogger(__name__)

GRACE_SECONDS = 15  # to finish what is under way, after the word to stop
EARLY_SECONDS = 10  # a program that dies sooner than this did not really start
EARLY_DEATHS = 3  # in a row, before all of them are given up
PR_SET_PDEATHSIG = 1


class GaveUp(Exception):
    """A program keeps dying as soon as it starts; the message names it."""


@dataclass
class Program:
    """A command that is to run for as long as its supervisor does."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    early_deaths: int = 0

    def start(self, now: float) -> None:
        """Start it in a process group of its own, so that a Ctrl-C reaches the supervisor alone."""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=end_with_parent
        )
        self.started_at = now

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self, now: float) -> None:
        """Count deaths right after the start; one after an honest run starts the count anew."""
        early = now - self.started_at < EARLY_SECONDS
        self.early_deaths = self.early_deaths + 1 if early else 1
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


def keep_running(programs: Sequence[Program], *, until: Callable[[], bool]) -> None:
    """Run the programs, restarting those that die, until the question is answered with yes.

    Call ``end`` afterwards, whatever happened. Raises ``GaveUp`` when a program cannot be kept alive.
    """
    while not until():
        now = time.monotonic()
        for program in programs:
            if not program.is_running():
                revive(program, now)
        time.sleep(0.1)


def revive(program: Program, now: float) -> None:
    """Start the program for the first time, or again once it has rested."""
    if program.process is None:
        program.start(now)
        return
    if program.early_deaths >= EARLY_DEATHS:
        raise GaveUp(f"{program.name} stops as soon as it starts; its last words are above.")
    logger.warning("%s stopped with status %s and is started again", program.name, program.process.returncode)
    program.note_death(now)
    time.sleep(2 ** (program.early_deaths - 1))
    program.start(time.monotonic())


def end(programs: Sequence[Program]) -> None:
    """End every program and everything it started."""
    for program in programs:
        program.ask_to_stop()
    deadline = time.monotonic() + GRACE_SECONDS
    while any(program.is_running() for program in programs) and time.monotonic() < deadline:
        time.sleep(0.05)
    for program in programs:
        program.sweep()
