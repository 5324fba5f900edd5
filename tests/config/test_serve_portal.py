import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest

pytestmark = pytest.mark.xdist_group("serve_portal")  # they start one after the other in the same folder


@pytest.fixture
def surroundings(portal_folder):
    """The environment of a portal of its own: folder, database, port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"VAR_DIR": str(portal_folder), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "config.settings.base"}
    own |= {"WEB_WORKERS": "1", "WORKERS": "1"}  # each costs a second to start
    left_out = {"DATABASE_URL", "CELERY_BROKER_URL", "PYTHONUNBUFFERED"}
    inherited = {name: os.environ[name] for name in os.environ if name not in left_out}
    return inherited | own


@pytest.fixture
def portal(surroundings):
    """A portal that has said that it is ready."""
    process = start(surroundings)
    lines = iter(process.stdout.readline, "")
    assert any("Keepsake is ready" in line for line in lines), "It never became ready."
    yield process
    process.kill()
    process.wait()
    psutil.wait_procs(processes_of(surroundings), timeout=30)


def start(surroundings) -> subprocess.Popen:
    """The tests may run in the background of a shell, which has SIGINT ignored there; a portal in front hears it."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve_portal"],
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def processes_of(surroundings) -> list[psutil.Process]:
    """Every live process that works for this portal, told by its folder."""
    return [process for process in psutil.process_iter() if folder_of(process) == surroundings["VAR_DIR"]]


def folder_of(process: psutil.Process) -> str | None:
    """None for one that has ended, or ends just now."""
    try:
        return None if process.status() == psutil.STATUS_ZOMBIE else process.environ().get("VAR_DIR")
    except psutil.Error:
        return None


def get(surroundings, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{surroundings['PORT']}{path}", timeout=5) as answer:
        return answer.read()


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_the_word_to_stop_ends_every_process_and_the_database(surroundings, portal, word):
    assert b'"workers": "ok"' in get(surroundings, "/health/ready")
    assert len(processes_of(surroundings)) > 3

    portal.send_signal(word)

    assert portal.wait(timeout=60) == 0
    assert processes_of(surroundings) == []


def test_a_busy_port_is_named_with_a_way_out(surroundings):
    with socket.create_server(("127.0.0.1", int(surroundings["PORT"]))):
        said, _ = start(surroundings).communicate(timeout=120)

    assert f"Cannot listen on 127.0.0.1:{surroundings['PORT']}" in said
    assert "PORT=" in said
