"""A folder on an SFTP server, which has to show the host key that is configured.

A file is written under a name of its own and renamed. OpenSSH and most others replace by renaming (the extension
``posix-rename@openssh.com``); where a server cannot, the earlier file is removed first, so that for a moment there is
none, and never half of one.
"""

from __future__ import annotations

import errno
import posixpath
import secrets
import stat
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO

import paramiko
from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.destination_templates import UNFINISHED
from channels_cfg.metadata_destinations.exchange import in_words
from channels_cfg.metadata_destinations.store import (
    LARGEST_FILE,
    NOT_OURS,
    SECONDS,
    FileStore,
    StoredFile,
    StoreRefused,
    StoreUnreachable,
)

USUAL_PORT = 22
SECONDS_UNFINISHED = 24 * 3600
"""Older ones are of writers that are dead; the server's clock is not ours."""
_KEY_KINDS = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class SftpStore(FileStore):
    """``secret`` is the password, or a private key as OpenSSH or PEM have it; an empty folder is the one in which the
    server puts who signs in. The connection stays open until the store is closed."""

    def __init__(self, *, host: str, port: int | None, host_key: str, user: str, secret: str, folder: str) -> None:
        self._host, self._port, self._host_key = host, port or USUAL_PORT, host_key
        self._user, self._secret, self._folder = user, secret, folder
        self._transport: paramiko.Transport | None = None
        self._opened: paramiko.SFTPClient | None = None
        self._known: set[str] = set()

    def _find(self, name: str) -> StoredFile | None:
        with self._in_words(name) as server, suppress(FileNotFoundError):
            path = self._path(name)
            facts = server.lstat(path)
            if not stat.S_ISREG(facts.st_mode or 0) or (facts.st_size or 0) > LARGEST_FILE:
                return NOT_OURS
            with server.open(path, "rb") as file:
                file.prefetch()
                return StoredFile(file.read())
        return None

    def _save(self, name: str, content: bytes, *, over: StoredFile | None) -> None:
        with self._in_words(name) as server:
            target = self._path(name)
            self._make_folders(server, posixpath.dirname(name))
            draft = posixpath.join(self._unfinished(server), secrets.token_hex(16))
            try:
                with server.open(draft, "wx") as file:
                    file.write(content)
                if server.stat(draft).st_size != len(content):
                    raise StoreUnreachable(_("The server did not keep the whole file."))
                _renamed(server, draft, target, is_there=over is not None)
            except (OSError, StoreUnreachable):
                with suppress(OSError):
                    server.remove(draft)
                raise

    def _remove(self, name: str) -> None:
        with self._in_words(name) as server, suppress(FileNotFoundError):
            server.remove(self._path(name))

    def close(self) -> None:
        if self._transport:
            self._transport.close()
        self._transport = self._opened = None
        self._known.clear()

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)

    def _make_folders(self, server: paramiko.SFTPClient, folder: str) -> None:
        """Those below the destination's own, which has to exist."""
        made = ""
        for part in folder.split("/") if folder else []:
            made = posixpath.join(made, part)
            if made not in self._known:
                self._make_folder(server, self._path(made))
                self._known.add(made)

    def _make_folder(self, server: paramiko.SFTPClient, path: str) -> None:
        try:
            server.mkdir(path, 0o750)
        except OSError as failure:
            try:
                server.stat(path)
            except OSError:
                raise failure from None

    def _unfinished(self, server: paramiko.SFTPClient) -> str:
        """Where files lie that are not whole yet, without those of writers that are dead."""
        path = self._path(UNFINISHED)
        if UNFINISHED not in self._known:
            self._make_folders(server, UNFINISHED)
            for left in server.listdir_attr(path):
                if time.time() - (left.st_mtime or 0) > SECONDS_UNFINISHED:
                    with suppress(OSError):
                        server.remove(posixpath.join(path, left.filename))
        return path

    # Connecting

    @contextmanager
    def _in_words(self, name: str) -> Iterator[paramiko.SFTPClient]:
        try:
            with in_words():
                yield self._server()
        except StoreUnreachable:
            self.close()
            raise
        except (paramiko.SSHException, EOFError, OSError) as failure:  # their words are the server's
            said = self._said(failure, name)
            self.close()
            raise said from None

    def _server(self) -> paramiko.SFTPClient:
        if self._opened is None:
            self._transport = self._connected()
            self._signed_in(self._transport)
            opened = paramiko.SFTPClient.from_transport(self._transport)
            opened.get_channel().settimeout(SECONDS)
            self._opened = opened
        return self._opened

    def _connected(self) -> paramiko.Transport:
        socket = outgoing.connected(self._host, self._port, seconds=SECONDS)
        transport = paramiko.Transport(socket)
        self._transport = transport
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = SECONDS
        expected = _public_key(self._host_key)
        kinds = [expected.get_name()] if expected.get_name() != "ssh-rsa" else ["rsa-sha2-512", "rsa-sha2-256"]
        transport.get_security_options().key_types = kinds
        try:
            transport.start_client(timeout=SECONDS)
        except paramiko.IncompatiblePeer:
            raise self._other_host_key() from None
        if transport.get_remote_server_key().asbytes() != expected.asbytes():
            raise self._other_host_key()
        return transport

    def _other_host_key(self) -> StoreRefused:
        words = _(
            "%(host)s shows another host key than the one that is configured. Nothing was sent to it, since it may be "
            "another server."
        )
        return StoreRefused(words % {"host": self._host})

    def _signed_in(self, transport: paramiko.Transport) -> None:
        facts = {"host": self._host, "user": self._user}
        try:
            if "PRIVATE KEY" in self._secret:
                asked_for = transport.auth_publickey(self._user, _private_key(self._secret))
            else:
                asked_for = transport.auth_password(self._user, self._secret)
        except paramiko.AuthenticationException:
            words = _("%(host)s does not know the user %(user)s with this password or key.")
            raise StoreRefused(words % facts) from None
        if asked_for:
            raise StoreRefused(_("%(host)s asks the user %(user)s for more than this password or key.") % facts)

    def _said(self, failure: Exception, name: str) -> StoreRefused | StoreUnreachable:
        facts = {"host": self._host, "folder": self._folder or ".", "name": name, "failure": type(failure).__name__}
        match getattr(failure, "errno", None):
            case errno.EACCES:
                return StoreRefused(_("%(host)s does not let the user write into %(folder)s.") % facts)
            case errno.ENOENT:
                return StoreRefused(_("%(host)s has no folder %(folder)s.") % facts)
        if isinstance(failure, TimeoutError):
            return StoreUnreachable(_("%(host)s did not answer in time.") % facts)
        if isinstance(failure, OSError) and self._opened:
            return StoreUnreachable(_("%(host)s did not take %(name)s; it may have no room.") % facts)
        return StoreUnreachable(_("%(host)s cannot be reached (%(failure)s).") % facts)


def _renamed(server: paramiko.SFTPClient, draft: str, target: str, *, is_there: bool) -> None:
    try:
        server.posix_rename(draft, target)
    except OSError as failure:
        if failure.errno is not None:
            raise
        if is_there:
            server.remove(target)
        server.rename(draft, target)  # which fails where something is there


def _public_key(text: str) -> paramiko.PKey:
    kind, _space, encoded = text.partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, b64decode(encoded))
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError):
        raise StoreRefused(_("The configured host key is of a kind that is not known here.")) from None


def _private_key(text: str) -> paramiko.PKey:
    for kind in _KEY_KINDS:
        with suppress(paramiko.SSHException, ValueError, IndexError):
            return kind.from_private_key(StringIO(text.strip() + "\n"))
    raise StoreRefused(_("The private key cannot be read. It has no passphrase, and is of Ed25519, ECDSA or RSA."))
