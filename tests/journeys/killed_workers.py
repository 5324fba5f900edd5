"""Workers on some kinds of job, one of which is killed again and again and replaced; then they go on.

``python -m tests.journeys.killed_workers KILLS SEED SECONDS KIND…`` forks them, so that a new one is there at once, and
says how many were killed. SECONDS is the longest time between two kills; kinds are named as ``reporting.ReportFile``.
Whoever starts it ends its process group.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from channels_cfg import jobs  # noqa: E402

WORKERS = 2
SHORTEST = 0.05
"""Seconds between two kills."""


def forked(kinds: list[jobs.Kind]) -> int:
    """A worker with a connection of its own: nobody has one when it is forked."""
    pid = os.fork()
    if pid:
        return pid
    while True:
        for kind in kinds:
            jobs.work_on_waiting(kind, until=timezone.now() + kind.turn)
        time.sleep(0.05)


def main(kills: int, seed: int, longest: float, *kinds: str) -> None:
    chance = random.Random(seed)
    on = [jobs.kind_of(kind) for kind in kinds]
    workers = [forked(on) for _ in range(WORKERS)]
    for _ in range(kills):
        time.sleep(chance.uniform(SHORTEST, longest))
        victim = workers.pop(chance.randrange(len(workers)))
        os.kill(victim, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) == -signal.SIGKILL, "it was dead already"
        workers.append(forked(on))
    print(kills, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
