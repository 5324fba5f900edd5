import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest

pytestmark = pytest.mark.xdist_group("serve_portal")  # they start one after the other in the same folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("portal") / "var"


@pytest.fixture
def surroundings(folder):
    """The environment of a portal of its own: folder, database, port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"VAR_DIR": str(folder), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "config.settings.base"}
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
    return subprocess.Popen(
        [sys.executable, "manage.py", "serve_portal"],
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(surroundings) -> list[psutil.Process]:
    """Every live process that works for this portal, told by its folder."""
    return [
        process
        for process in psutil.process_iter()
        if process.status() != psutil.STATUS_ZOMBIE
        and environment_of(process).get("VAR_DIR") == surroundings["VAR_DIR"]
    ]


def environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def get(surroundings, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{surroundings['PORT']}{path}", timeout=5) as answer:
        return answer.read()


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_the_word_to_stop_ends_every_process_and_the_database(surroundings, portal, word):
    assert b'"workers": "ok"' in get(surroundings, "/health/ready")
    assert len(processes_of(surroundings)) > 3

    portal.send_signal(word)

    assert portal.wait(timeout=150) == 0
    assert processes_of(surroundings) == []


def test_a_program_that_died_is_started_again_and_a_killed_supervisor_takes_all_with_it(surroundings, portal):
    (web,) = [p for p in psutil.Process(portal.pid).children() if "gunicorn" in " ".join(p.cmdline())]

    web.kill()
    assert any("the web server stopped" in line for line in iter(portal.stdout.readline, ""))
    portal.kill()
    portal.wait()
    psutil.wait_procs(processes_of(surroundings), timeout=30)

    assert processes_of(surroundings) == []


def test_a_busy_port_is_named_with_a_way_out(surroundings):
    with socket.create_server(("127.0.0.1", int(surroundings["PORT"]))):
        said, _ = start(surroundings).communicate(timeout=120)

    assert f"Cannot listen on 127.0.0.1:{surroundings['PORT']}" in said
    assert "PORT=" in said
