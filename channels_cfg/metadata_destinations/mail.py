"""E-mail to the CRM's address: the ticket in the subject, the file attached.

Each revision has a message ID of its own and refers to that of the first, so that they make one thread, and a mail
that was sent twice, because the mail server's answer was lost, is known for one.
"""

from __future__ import annotations

import re
import secrets
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from email.utils import parseaddr
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.destination_templates import subject
from channels_cfg.metadata_destinations.store import (
    MetadataFile,
    MetadataStore,
    StoreRefused,
    StoreUnreachable,
    trial_file,
)

LARGEST_TEMPORARY = 499
_ENHANCED = re.compile(rb"\A[245]\.\d{1,3}\.\d{1,3}\b")
"""The status code at the beginning of an answer (RFC 3463)."""


class SmtpServer(EmailBackend):
    """The deployment's mail server. It may be in a private network, and shows a certificate that is trusted here."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return outgoing.trusted()


class MailStore(MetadataStore):
    """``to`` is the CRM's address, ``template`` that of the subject."""

    keeps_manifests = False

    def __init__(self, *, to: str, template: str) -> None:
        self._to, self._template = to, template
        self._server: Any = None

    def put(self, file: MetadataFile) -> None:
        first, this = (_message_id(file.facts.id, revision) for revision in (1, file.revision))
        self._send(file, {"Message-ID": this} | ({"References": first, "In-Reply-To": first} if this != first else {}))

    def put_manifest(self, day: date, content: bytes) -> None:
        """Nobody asked for one by mail."""

    def test(self) -> str:
        file = trial_file("keepsake-test.json")
        self._send(file, {"Message-ID": _message_id(f"test-{secrets.token_hex(8)}", 1)})
        return _("The mail server took an e-mail to %(address)s that says that it is a test.") % {"address": self._to}

    def close(self) -> None:
        if self._server:
            self._server.close()
        self._server = None

    def _send(self, file: MetadataFile, headers: dict[str, str]) -> None:
        if not file.facts.ticket_id:
            raise StoreRefused(_("The conversation has no ticket in the CRM."))
        message = mail.EmailMessage(
            subject(self._template, file.facts),
            _text(file),
            settings.DEFAULT_FROM_EMAIL,
            [self._to],
            headers={**headers, "Auto-Submitted": "auto-generated"},  # RFC 3834: no automatic answers
            attachments=[(PurePosixPath(file.name).name, file.content, "application/json")],
        )
        with self._in_words():
            if self._server is None:
                if not settings.EMAIL_HOST:
                    raise StoreRefused(_("There is no mail server: whoever runs the portal has set no EMAIL_URL."))
                self._server = mail.get_connection()
                self._server.open()
            self._server.send_messages([message])

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError) as failure:
            self._server, server = None, self._server
            if server is not None:
                server.close()
            raise _said(failure) from None


def _text(file: MetadataFile) -> str:
    facts = {"kind": file.facts.kind, "number": file.facts.number, "revision": file.revision, "sha256": file.sha256}
    return _("Session metadata of %(kind)s %(number)s, revision %(revision)s.\nSHA-256: %(sha256)s\n") % facts


def _message_id(conversation: str, revision: int) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{conversation}.{revision}@{domain}>"


def _said(failure: Exception) -> StoreRefused | StoreUnreachable:
    """In words without those of the server, which may quote addresses and texts."""
    facts = {"host": settings.EMAIL_HOST, "failure": type(failure).__name__, "code": _code(failure)}
    if isinstance(failure, ssl.SSLCertVerificationError):
        return StoreRefused(_("The certificate of %(host)s is not trusted here.") % facts)
    if isinstance(failure, smtplib.SMTPNotSupportedError):
        return StoreRefused(_("%(host)s does not offer what EMAIL_URL asks for: TLS or signing in.") % facts)
    if not facts["code"]:
        return StoreUnreachable(_("%(host)s cannot be reached (%(failure)s).") % facts)
    if int(facts["code"][:3]) <= LARGEST_TEMPORARY:
        return StoreUnreachable(_("%(host)s takes no e-mail at the moment (%(code)s).") % facts)
    if isinstance(failure, smtplib.SMTPAuthenticationError):
        return StoreRefused(_("%(host)s does not know the user name and password of EMAIL_URL (%(code)s).") % facts)
    return StoreRefused(_("%(host)s refused the e-mail (%(code)s).") % facts)


def _code(failure: Exception) -> str:
    """``550 5.1.1`` as the server answered; empty where it did not."""
    code, words = getattr(failure, "smtp_code", 0), getattr(failure, "smtp_error", b"")
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(failure.recipients.values()))
    enhanced = _ENHANCED.match(words if isinstance(words, bytes) else str(words).encode())
    return f"{code} {enhanced[0].decode()}" if code > 0 and enhanced else str(code) if code > 0 else ""
