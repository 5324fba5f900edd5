import sys
import time

import pytest

from config import supervisor
from config.supervisor import GaveUp, Program, end, keep_running


def test_a_program_that_keeps_dying_is_given_up_by_name(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    broken = Program("the worker", [sys.executable, "-c", "raise SystemExit(3)"])

    with pytest.raises(GaveUp, match="the worker"):
        keep_running([broken], until=lambda: False)


def test_children_that_outlive_their_program_are_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 5)
    note = tmp_path / "child"
    spawn = f"import subprocess; p = subprocess.Popen(['sleep', '600']); open({str(note)!r}, 'w').write(str(p.pid))"
    program = Program("a program", [sys.executable, "-c", f"{spawn}; p.wait()"])
    keep_running([program], until=note.exists)

    end([program])

    assert not program.is_running()
