"""The deployment's mail server: mail goes out through it, and what it refuses is said in words."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from channels_cfg import outgoing

LARGEST_TEMPORARY = 499
_ENHANCED = re.compile(rb"\A[245]\.\d{1,3}\.\d{1,3}\b")
"""The status code at the beginning of an answer (RFC 3463)."""

AUTOMATIC = {"Auto-Submitted": "auto-generated"}
"""Headers of what nobody wrote, so that nobody's absence is answered (RFC 3834)."""


class MailRefused(Exception):
    """It is of no use to send it again. Says why, in words."""


class MailUnreachable(Exception):
    """It may be taken later. Says what is wrong now, in words."""


class SmtpServer(EmailBackend):
    """It may be in a private network, and shows a certificate that is trusted here."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return outgoing.trusted()


def is_set() -> bool:
    """Whether there is a mail server; what ``no_server`` says where there is none."""
    return bool(settings.EMAIL_HOST)


def no_server() -> str:
    return _("There is no mail server: whoever runs the portal has set no EMAIL_URL.")


def message_id(name: str) -> str:
    """An id of ours, the same for the same name, so that a mail that was sent twice is known for one."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{name}@{domain}>"


def send(*, to: str, subject: str, text: str, name: str) -> None:
    """Send a text that nobody wrote; ``name`` is that of its ``message_id``. The subject may hold a name that somebody
    typed, and becomes one line. Raises ``MailRefused`` and ``MailUnreachable``."""
    if not is_set():
        raise MailRefused(no_server())
    headers = {**AUTOMATIC, "Message-ID": message_id(name)}
    message = mail.EmailMessage(" ".join(subject.split()), text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
    with failures_in_words():
        message.send()


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Raise ``MailRefused`` or ``MailUnreachable`` for what goes wrong between us and the server."""
    try:
        yield
    except (smtplib.SMTPException, OSError) as failure:
        raise _said(failure) from None


def _said(failure: Exception) -> MailRefused | MailUnreachable:
    """In words without those of the server, which may quote addresses and texts."""
    facts: dict[str, Any] = {
        "host": settings.EMAIL_HOST,
        "failure": type(failure).__name__,
        "code": _code(failure),
    }
    if isinstance(failure, ssl.SSLCertVerificationError):
        return MailRefused(_("The certificate of %(host)s is not trusted here.") % facts)
    if isinstance(failure, smtplib.SMTPNotSupportedError):
        return MailRefused(_("%(host)s does not offer what EMAIL_URL asks for: TLS or signing in.") % facts)
    if not facts["code"]:
        return MailUnreachable(_("%(host)s cannot be reached (%(failure)s).") % facts)
    if int(facts["code"][:3]) <= LARGEST_TEMPORARY:
        return MailUnreachable(_("%(host)s takes no e-mail at the moment (%(code)s).") % facts)
    if isinstance(failure, smtplib.SMTPAuthenticationError):
        return MailRefused(_("%(host)s does not know the user name and password of EMAIL_URL (%(code)s).") % facts)
    return MailRefused(_("%(host)s refused the e-mail (%(code)s).") % facts)


def _code(failure: Exception) -> str:
    """``550 5.1.1`` as the server answered; empty where it did not."""
    code, words = getattr(failure, "smtp_code", 0), getattr(failure, "smtp_error", b"")
    if isinstance(failure, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(failure.recipients.values()))
    enhanced = _ENHANCED.match(words if isinstance(words, bytes) else str(words).encode())
    return f"{code} {enhanced[0].decode()}" if code > 0 and enhanced else str(code) if code > 0 else ""
