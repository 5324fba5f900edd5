"""A real SFTP server for tests: AsyncSSH, on loopback, with a folder of its own, which fails on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "keepsake", "CANARY-of-the-server"


@dataclass
class SftpServer:
    """``folder`` is what clients see as /. ``is_full``: writing fails; ``seconds``: opening a file takes so long;
    ``replaces_by_renaming``: as OpenSSH does."""

    folder: Path
    host_key: str
    client_key: str
    """A private key that lets the user in."""
    port: int = 0
    is_full: bool = False
    seconds: float = 0
    replaces_by_renaming: bool = True
    told: list[str] = field(default_factory=list)
    """Who tried to sign in."""


@contextmanager
def running_sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Listening until the block ends."""
    host_key, client_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    public = " ".join(host_key.export_public_key().decode().split()[:2])
    server = SftpServer(folder, public, client_key.export_private_key().decode())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(_listen(server, host_key, client_key), loop).result(10)
    server.port = listening.get_port()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(listening: Any) -> None:
    listening.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _listen(server: SftpServer, host_key: Any, client_key: Any) -> Any:
    known = asyncssh.import_authorized_keys(client_key.export_public_key().decode())

    class _People(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            server.told.append(username)
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

    class _Files(asyncssh.SFTPServer):
        def __init__(self, chan: Any) -> None:
            super().__init__(chan, chroot=str(server.folder).encode())

        async def open(self, path: bytes, pflags: int, attrs: Any) -> Any:
            await asyncio.sleep(server.seconds)
            return super().open(path, pflags, attrs)

        def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
            if server.is_full:
                super().write(file_obj, offset, data[:10])
                raise asyncssh.SFTPNoSpaceOnFilesystem("CANARY no space")
            return super().write(file_obj, offset, data)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            if not server.replaces_by_renaming:
                raise asyncssh.SFTPOpUnsupported("CANARY unknown")
            return super().posix_rename(oldpath, newpath)

    return await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_People,
        server_host_keys=[host_key],
        authorized_client_keys=known,
        sftp_factory=_Files,
    )
