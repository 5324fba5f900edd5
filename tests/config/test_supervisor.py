"""Programs are kept running, whatever becomes of them."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime

import pytest
from django.utils import timezone

from config import supervisor
from config.supervisor import LONGEST_PAUSE, Program, end, keep_running, keep_up

NOBODY = dict[str, datetime]


def python(code: str, **facts) -> Program:
    return Program("the worker", [sys.executable, "-c", code], **facts)


@pytest.fixture
def keep():
    """Keeps programs running until the condition holds, and ends them after the test."""
    kept: list[Program] = []

    def keep(*programs: Program, until: Callable[[], bool], heartbeats=NOBODY) -> None:
        kept.extend(programs)
        keep_running(programs, until=until, heartbeats=heartbeats)

    yield keep
    end(kept)


def test_a_program_that_never_stays_is_tried_again_ever_more_seldom_and_told_of(capsys):
    broken = python("raise SystemExit(3)")
    pauses = []
    now = 1000.0

    for _ in range(8):
        keep_up(broken, now)
        broken.process.wait()
        keep_up(broken, now)
        pauses.append(broken.starts_at - now)
        now = broken.starts_at

    assert pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    assert capsys.readouterr().out.count("The worker stops as soon as it starts (status 3)") == 1


def test_a_program_that_rests_keeps_no_other_waiting(keep, monkeypatch):
    broken, sound = python("raise SystemExit(3)"), python("import time; time.sleep(60)")

    keep(broken, sound, until=lambda: broken.early_deaths == 2)
    sound.process.kill()
    keep(broken, sound, until=lambda: sound.is_running() and sound.early_deaths == 1)

    assert broken.process is None


def test_a_program_that_falls_silent_is_started_again(keep, monkeypatch):
    monkeypatch.setattr(supervisor, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(supervisor, "SECONDS_BETWEEN_LISTENING", 0.1)
    stuck = python("import time; time.sleep(60)", heartbeat=str)
    keep(stuck, until=stuck.is_running)
    first = stuck.process.pid
    once = timezone.now()

    def heartbeats() -> dict[str, datetime]:
        """The first process notes one heartbeat, the next one after the other."""
        now = {str(stuck.process.pid): timezone.now()} if stuck.process else {}
        return {**now, str(first): once}

    keep(stuck, until=lambda: stuck.last_heartbeat == once, heartbeats=heartbeats)
    os.kill(first, signal.SIGSTOP)
    keep(stuck, until=lambda: stuck.last_heartbeat not in {once, None}, heartbeats=heartbeats)

    assert stuck.is_running()
    assert stuck.early_deaths == 0  # it was heard, so it had started


def test_nobody_is_silent_while_nobody_can_be_heard():
    program = python("import time; time.sleep(60)", heartbeat=str)
    program.start(now=0)

    program.hear(None, now=1000)
    program.hear({}, now=1000 + supervisor.SILENCE_SECONDS)
    assert program.is_running()
    program.hear({}, now=1001 + supervisor.SILENCE_SECONDS)

    assert not program.is_running()


def test_children_that_outlive_their_program_are_ended(keep, monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 5)
    note = tmp_path / "child"
    spawn = f"import subprocess; p = subprocess.Popen(['sleep', '600']); open({str(note)!r}, 'w').write(str(p.pid))"
    program = python(f"{spawn}; p.wait()")
    keep(program, until=note.exists)

    end([program])

    assert not program.is_running()
