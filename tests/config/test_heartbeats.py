"""A worker is heard as long as it gets on, and no longer."""

import subprocess
import sys
from datetime import timedelta

import pytest
from celery import current_app
from django.utils import timezone

from config import heartbeats
from config.heartbeats import LONGEST_WAIT, MainThread, note_heartbeat
from config.models import Heartbeat

OVERDUE = """
import django; django.setup()
from config import heartbeats
from config.tasks import delete_expired_sign_ins as task
heartbeats.BEAT_SECONDS = 0.1
task.time_limit = 0.3
heartbeats.begin(task)
heartbeats.main_thread.gets_on = lambda: False
heartbeats.note_heartbeats()
"""


@pytest.fixture
def later(monkeypatch):
    """Lets seconds pass."""
    clock = [1000.0]
    monkeypatch.setattr(heartbeats.time, "monotonic", lambda: clock[0])
    return lambda seconds: clock.__setitem__(0, clock[0] + seconds)


@pytest.mark.django_db
def test_a_worker_notes_that_it_gets_on_and_forgets_those_gone_for_a_day():
    now = timezone.now()
    Heartbeat.objects.note("worker gone", now=now - timedelta(days=2))

    note_heartbeat(now=now - timedelta(seconds=5))
    note_heartbeat(now=now)

    (heartbeat,) = Heartbeat.objects.workers()
    assert heartbeat.at == now


def test_a_main_thread_that_looks_for_no_messages_does_not_get_on(later):
    main = MainThread()
    later(LONGEST_WAIT - 1)
    assert main.gets_on()

    later(2)
    assert not main.gets_on()

    main.look()
    assert main.gets_on()


def test_a_long_task_is_no_silence_until_it_has_used_up_its_time(later):
    main = MainThread()
    task = current_app.tasks["conversations.tasks.work_on_waiting_jobs"]
    task.push_request(timelimit=[6 * 3600, None])
    main.begin(task)
    task.pop_request()
    later(5 * 3600)
    assert main.gets_on() and not main.is_overdue()

    later(2 * 3600)
    assert main.is_overdue()

    main.end()
    assert main.gets_on() and not main.is_overdue()


def test_a_worker_ends_itself_when_a_task_has_used_up_its_time():
    ended = subprocess.run([sys.executable, "-c", OVERDUE], capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 1
    assert "delete_expired_sign_ins has used up its time" in ended.stderr
