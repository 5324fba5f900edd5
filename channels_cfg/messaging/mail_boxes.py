"""A mail box on an IMAP server or in a maildir: trying it, reading what is unread, and marking that as read."""

from __future__ import annotations

import base64
import imaplib
import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from channels_cfg import outgoing
from channels_cfg.addresses import is_own_host
from channels_cfg.messaging.finding import Finding
from channels_cfg.models import MailBox

LARGEST = 25 * 1024 * 1024
"""Bytes of a mail that is taken in; of a larger one the head is."""
LONGEST_HEAD = 256 * 1024
"""Bytes of a mail's head that are read."""
SECONDS = 60.0
SECONDS_OF_TRYING = 10.0
"""Of each answer that somebody in front of a page waits for."""
AT_ONCE = 200
"""Mails of one reading; the next follows soon."""

_UNTRUSTED = {
    9: gettext_lazy("it is not valid yet"),
    10: gettext_lazy("it has expired"),
    18: gettext_lazy("the server has made it itself"),
    19: gettext_lazy("it is of an authority that is not trusted here"),
    20: gettext_lazy("it is of an authority that is not trusted here"),
    62: gettext_lazy("it is of another host"),
    64: gettext_lazy("it is of another host"),
}
"""What is wrong with a certificate, by OpenSSL's number (X509_V_ERR_…)."""


class BoxUnreadable(Exception):
    """The box cannot be read now. Says why, in words without data."""


@dataclass(frozen=True)
class Unread:
    """A mail in the box: its bytes, or, of one that is too large, those of its head."""

    name: str
    raw: bytes
    is_whole: bool


class OpenedBox(Protocol):
    def count_unread(self) -> int:
        """How many mails were not read yet. Changes nothing."""

    def unread(self) -> Iterator[Unread]:
        """Each mail that was not read yet, the oldest first."""

    def mark_read(self, mail: Unread) -> None:
        """It is stored, and is not to come again."""


def try_box(box: MailBox) -> list[Finding]:
    """What is found where the box says it is, in words without secrets. Nothing is changed there, and nothing saved."""
    try:
        with opened(box, seconds=SECONDS_OF_TRYING, only_looks=True) as found:
            count = found.count_unread()
    except BoxUnreadable as why:
        return [Finding("bad", str(why))]
    signed_in = _("The mail server knows this user name and password, and has the folder “%(folder)s”.")
    words = _("The folder is a maildir that can be read.") if box.kind == MailBox.BoxKind.MAILDIR else signed_in
    unread = ngettext(
        "%(count)d mail there is unread. It is taken in once the box is saved and enabled.",
        "%(count)d mails there are unread. They are taken in once the box is saved and enabled.",
        count,
    )
    return [Finding("good", words % {"folder": box.folder}), Finding("good", unread % {"count": count})]


@contextmanager
def opened(box: MailBox, *, seconds: float = SECONDS, only_looks: bool = False) -> Iterator[OpenedBox]:
    """The box, until the block ends; no answer takes longer than so many seconds. Raises ``BoxUnreadable``."""
    try:
        if box.kind == MailBox.BoxKind.MAILDIR:
            yield _Maildir(Path(box.folder))
        else:
            with _signed_in(box, seconds=seconds, only_looks=only_looks) as server:
                yield _ImapFolder(server)
    except (outgoing.Refused, outgoing.NoAnswer) as failure:
        raise BoxUnreadable(str(failure)) from None
    except imaplib.IMAP4.error:  # its words are the server's
        raise BoxUnreadable(_("The mail server refused a command.")) from None
    except ssl.SSLError as failure:
        raise BoxUnreadable(_insecure(box, failure)) from None
    except TimeoutError:
        raise BoxUnreadable(_("%(host)s did not answer in time.") % {"host": box.host}) from None
    except OSError as failure:
        words = _("The box cannot be read (%(failure)s).")
        raise BoxUnreadable(words % {"failure": type(failure).__name__}) from None


def _insecure(box: MailBox, failure: ssl.SSLError) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        why = _UNTRUSTED.get(failure.verify_code, failure.verify_message)
        return _("The certificate of %(host)s is not trusted: %(why)s.") % {"host": box.host, "why": why}
    words = _("There is no secure connection to %(host)s (%(failure)s).")
    return words % {"host": box.host, "failure": failure.reason}


# A maildir


class _Maildir:
    """What lies in ``new`` is unread; what was read lies in ``cur`` (maildir(5))."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        parts = folder / "new", folder / "cur"
        if not all(part.is_dir() for part in parts):
            raise BoxUnreadable(_("The folder is no maildir: it has no folders “new” and “cur”."))
        if not all(os.access(part, os.R_OK | os.W_OK | os.X_OK) for part in parts):
            raise BoxUnreadable(_("The portal may not write into the maildir, where it moves what it has read."))

    def _names(self) -> list[str]:
        return sorted(entry.name for entry in os.scandir(self.folder / "new") if entry.is_file(follow_symlinks=False))

    def count_unread(self) -> int:
        return len(self._names())

    def unread(self) -> Iterator[Unread]:
        for name in self._names()[:AT_ONCE]:
            with suppress(FileNotFoundError), (self.folder / "new" / name).open("rb") as file:
                raw = file.read(LARGEST + 1)
                is_whole = len(raw) <= LARGEST
                yield Unread(name, raw if is_whole else head_of(raw), is_whole)

    def mark_read(self, mail: Unread) -> None:
        with suppress(FileNotFoundError):
            (self.folder / "new" / mail.name).rename(self.folder / "cur" / f"{mail.name.partition(':')[0]}:2,S")


def head_of(raw: bytes) -> bytes:
    """The head of a mail and the line that ends it; of one that is too long, the beginning."""
    end = re.search(rb"\r?\n\r?\n", raw[:LONGEST_HEAD])
    return raw[: end.end() if end else LONGEST_HEAD]


# IMAP


class _Connection(imaplib.IMAP4):
    """Connected through the one way out; a host in a private network only where it may be called."""

    def __init__(self, box: MailBox, seconds: float) -> None:
        self._secured = box.security == MailBox.Security.TLS
        self._context = outgoing.trusted()
        super().__init__(box.host, box.port, timeout=seconds)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        connected = outgoing.connected(self.host, self.port, seconds=timeout or SECONDS)
        return self._context.wrap_socket(connected, server_hostname=self.host) if self._secured else connected


@contextmanager
def _signed_in(box: MailBox, *, seconds: float, only_looks: bool) -> Iterator[imaplib.IMAP4]:
    if box.security == MailBox.Security.NONE and not is_own_host(box.host, box.port):
        raise BoxUnreadable(_("Without TLS only the allowed hosts of the system settings are called."))
    server = _connection(box, seconds)
    try:
        if box.security == MailBox.Security.STARTTLS:
            if "STARTTLS" not in server.capabilities:
                raise BoxUnreadable(_("The mail server offers no STARTTLS. Choose TLS, and its port."))
            server.starttls(ssl_context=outgoing.trusted())
        _sign_in(server, box)
        answer, _told = server.select(_quoted(box.folder), readonly=only_looks)
        if answer != "OK":
            raise BoxUnreadable(_("There is no such folder on the mail server."))
        yield server
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            server.logout()


def _connection(box: MailBox, seconds: float) -> imaplib.IMAP4:
    try:
        return _Connection(box, seconds)
    except imaplib.IMAP4.error:
        words = _("What answers at port %(port)s of %(host)s is no IMAP server.")
        raise BoxUnreadable(words % {"host": box.host, "port": box.port}) from None


def _sign_in(server: imaplib.IMAP4, box: MailBox) -> None:
    """By SASL where the server knows it: user names and passwords may hold any character there (RFC 4616)."""
    plain = "\0".join(["", box.username, box.password]).encode()
    try:
        if "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _challenge: plain)
        else:
            server.login(box.username, box.password)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeEncodeError):
        raise BoxUnreadable(_("The mail server does not know this user name and password.")) from None


def _quoted(folder: str) -> str:
    """In the modified UTF-7 of mail boxes' names (RFC 3501, 5.1.3), as a quoted string."""
    encoded = re.sub(r"[^\x20-\x7e]+|&", _in_utf7, folder)
    return '"{}"'.format(encoded.replace("\\", "\\\\").replace('"', '\\"'))


def _in_utf7(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    return "&{}-".format(base64.b64encode(found[0].encode("utf-16-be"), b"+,").decode().rstrip("="))


class _ImapFolder:
    """What has no flag \\Seen is unread (RFC 3501)."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self.server = server

    def _uids(self) -> list[bytes]:
        _answer, found = self.server.uid("SEARCH", "UNSEEN")
        uids: list[bytes] = (found[0] or b"").split()
        return uids

    def count_unread(self) -> int:
        return len(self._uids())

    def unread(self) -> Iterator[Unread]:
        for uid in self._uids()[:AT_ONCE]:
            name = uid.decode("ascii")
            size = self._size(name)
            if size is None:  # somebody else removed it
                continue
            is_whole = size <= LARGEST
            part = "BODY.PEEK[]" if is_whole else f"BODY.PEEK[HEADER]<0.{LONGEST_HEAD}>"
            raw = self._fetched(name, part)
            if raw is not None:
                yield Unread(name, raw, is_whole)

    def _size(self, uid: str) -> int | None:
        _answer, told = self.server.uid("FETCH", uid, "(RFC822.SIZE)")
        found = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(one for one in told if isinstance(one, bytes)))
        return int(found[1]) if found else None

    def _fetched(self, uid: str, part: str) -> bytes | None:
        _answer, told = self.server.uid("FETCH", uid, f"({part})")
        return next((one[1] for one in told if isinstance(one, tuple)), None)

    def mark_read(self, mail: Unread) -> None:
        self.server.uid("STORE", mail.name, "+FLAGS.SILENT", "(\\Seen)")
