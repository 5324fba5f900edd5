"""A real mail server for tests: aiosmtpd, on loopback; it takes what it is sent, or answers as told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = "keepsake", "CANARY-of-mail"


@dataclass
class SmtpStandIn:
    """``answers`` are by command (AUTH, RCPT, DATA) what it says instead of taking."""

    port: int = 0
    taken: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    """Sender, recipients, message."""
    answers: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802  # as the library calls it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if answer := self.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # likewise
        if answer := self.answers.get("DATA"):
            return answer
        message = message_from_bytes(envelope.content, policy=default)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, message))
        return "250 OK"

    def signed_in(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = LoginPassword(USER.encode(), PASSWORD.encode())
        if self.answers.get("AUTH"):
            return AuthResult(success=False, handled=False, message=self.answers["AUTH"])
        return AuthResult(success=given == right, handled=False)


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        assert self.server
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running_smtp_server(certificate: tuple[Path, Path] | None = None) -> Iterator[SmtpStandIn]:
    """Listening until the block ends; with a certificate and key it offers STARTTLS, and signing in after it alone."""
    stand_in = SmtpStandIn()
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    server = _AnyPort(
        stand_in,
        hostname="127.0.0.1",
        port=0,
        authenticator=stand_in.signed_in,
        auth_require_tls=certificate is not None,
        tls_context=context,
        require_starttls=certificate is not None,
    )
    server.start()
    stand_in.port = server.port
    try:
        yield stand_in
    finally:
        server.stop()
