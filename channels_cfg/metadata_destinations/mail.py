"""E-mail to the CRM's address: the ticket in the subject, the file attached.

Each revision has a message ID of its own and refers to that of the first, so that they make one thread, and a mail
that was sent twice, because the mail server's answer was lost, is known for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core import mail
from django.utils.translation import gettext as _

from channels_cfg import mail_server
from channels_cfg.destination_templates import subject
from channels_cfg.metadata_destinations.store import (
    MetadataFile,
    MetadataStore,
    StoreRefused,
    StoreUnreachable,
    trial_file,
)


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
            headers={**headers, **mail_server.AUTOMATIC},
            attachments=[(PurePosixPath(file.name).name, file.content, "application/json")],
        )
        with self._in_words():
            if self._server is None:
                if not mail_server.is_set():
                    raise StoreRefused(mail_server.no_server())
                self._server = mail.get_connection()
                self._server.open()
            self._server.send_messages([message])

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            with mail_server.failures_in_words():
                yield
        except (mail_server.MailRefused, mail_server.MailUnreachable) as failure:
            self._server, server = None, self._server
            if server is not None:
                server.close()
            kind = StoreRefused if isinstance(failure, mail_server.MailRefused) else StoreUnreachable
            raise kind(str(failure)) from None


def _text(file: MetadataFile) -> str:
    facts = {"kind": file.facts.kind, "number": file.facts.number, "revision": file.revision, "sha256": file.sha256}
    return _("Session metadata of %(kind)s %(number)s, revision %(revision)s.\nSHA-256: %(sha256)s\n") % facts


def _message_id(conversation: str, revision: int) -> str:
    return mail_server.message_id(f"{conversation}.{revision}")
