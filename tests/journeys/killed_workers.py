"""Two workers that deliver session metadata, one of which is killed again and again and replaced; then they go on.

``python -m tests.journeys.killed_workers KILLS SEED`` forks them, so that a new one is there at once, and says how many
were killed. Whoever starts it ends its process group.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import django

django.setup()

from channels_cfg import jobs  # noqa: E402
from reporting.models import FileDelivery  # noqa: E402

WORKERS = 2
SHORTEST, LONGEST = 0.05, 0.5
"""Seconds between two kills."""


def forked() -> int:
    """A worker with a connection of its own: nobody has one when it is forked."""
    pid = os.fork()
    if pid:
        return pid
    while True:
        if not jobs.work_on_handful(jobs.kind_of(FileDelivery)):
            time.sleep(0.05)


def main(kills: int, seed: int) -> None:
    chance = random.Random(seed)
    workers = [forked() for _ in range(WORKERS)]
    for _ in range(kills):
        time.sleep(chance.uniform(SHORTEST, LONGEST))
        victim = workers.pop(chance.randrange(len(workers)))
        os.kill(victim, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1]) == -signal.SIGKILL, "it was dead already"
        workers.append(forked())
    print(kills, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
