"""A real mail server for tests: Dovecot, on loopback, with boxes of its own; with TLS and without."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.channels_cfg.messaging.sinch import make_certificate

PASSWORD = "of-the-box"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
{users}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""


@dataclass(frozen=True)
class MailServer:
    """Where it answers; every user name has a box there, with the same password."""

    port: int
    tls_port: int
    certificate: Path
    """What ``localhost`` shows there, signed by itself."""

    def deliver(self, user: str, *mails: bytes) -> None:
        with self.signed_in(user) as box:
            for mail in mails:
                answer, told = box.append("INBOX", "", "", mail)
                assert answer == "OK", told

    def unread(self, user: str) -> int:
        with self.signed_in(user) as box:
            return len((box.uid("SEARCH", "UNSEEN")[1][0] or b"").split())

    @contextmanager
    def signed_in(self, user: str) -> Iterator[imaplib.IMAP4]:
        box = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        box.login(user, PASSWORD)
        box.select("INBOX")
        try:
            yield box
        finally:
            box.logout()


def is_installed() -> bool:
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


@contextmanager
def running() -> Iterator[MailServer]:
    """Dovecot, until the block ends. Its own user reads the boxes, where root starts it."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot"))
    folder.chmod(0o755)
    owner = pwd.getpwnam("mail") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    me = f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
    for name in ("run", "mail"):
        (folder / name).mkdir()
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    port, tls_port = _free_port(), _free_port()
    certificate, key = make_certificate(folder)
    facts = {"uid": owner.pw_uid, "gid": owner.pw_gid, "users": "" if os.getuid() == 0 else me}
    facts |= {"certificate": certificate, "key": key, "port": port, "tls_port": tls_port}
    text = _CONFIGURATION.format(folder=folder, password=PASSWORD, **facts)
    (folder / "dovecot.conf").write_text(text)
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program
    process = subprocess.Popen([program, "-F", "-c", str(folder / "dovecot.conf")])
    try:
        _wait_for(port, process, folder / "log")
        yield MailServer(port, tls_port, certificate)
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    if not is_installed():
        pytest.skip("Dovecot is not installed; make programs installs it.")
    with running() as one:
        yield one


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as probe:
            if probe.recv(4) == b"* OK":
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"Dovecot does not answer. {log.read_text()}")
