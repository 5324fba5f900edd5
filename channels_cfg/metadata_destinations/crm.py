"""A CRM's record: the file is attached to it over HTTP, as a form with a file, or is itself the body.

Whether a CRM takes the same file twice for one is its own affair: conversation and revision stand in
``Idempotency-Key``, so that it can, and the checksum in ``Content-Digest`` (RFC 9530).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from http import HTTPStatus
from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from channels_cfg import outgoing
from channels_cfg.destination_templates import address
from channels_cfg.integrations.placeholders import UnusableValue
from channels_cfg.metadata_destinations.exchange import failure_of, host_of, in_words
from channels_cfg.metadata_destinations.store import (
    SECONDS,
    TRIAL,
    MetadataFile,
    MetadataStore,
    StoreRefused,
    StoreUnreachable,
    trial_file,
)
from channels_cfg.models import Authentication
from channels_cfg.request_authentication import NoToken, forget_token, headers_of

PART = "file"
"""The field of the form in which the file goes."""
_NO_SUCH_RECORD = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}


class CrmStore(MetadataStore):
    """``template`` is the address with its variables; ``as_form`` says that the file goes in a form (multipart)."""

    keeps_manifests = False

    def __init__(self, *, template: str, method: str, as_form: bool, authentication: Authentication | None) -> None:
        self._template, self._method, self._as_form = template, method, as_form
        self._authentication = authentication
        self._host = host_of(template)

    def put(self, file: MetadataFile) -> None:
        answer = self._sent(file)
        if answer.status in _NO_SUCH_RECORD:
            words = _("%(host)s has no such record, or takes no file there (%(status)d).")
            raise StoreRefused(words % {"host": self._host, "status": answer.status})
        self._check(answer)

    def put_manifest(self, day: date, content: bytes) -> None:
        """A record is no place for one."""

    def test(self) -> str:
        """There is no ticket to try it with, so that a CRM that does not know one works as far as can be seen."""
        answer = self._sent(trial_file("keepsake-test.json"))
        facts = {"host": self._host, "ticket": TRIAL.ticket_id, "status": answer.status}
        if answer.status in _NO_SUCH_RECORD:
            words = _(
                "%(host)s was reached and let the portal in. It knows no ticket %(ticket)s (%(status)d), as was to "
                "be expected; whether it takes files for tickets that it knows was not tried."
            )
            return words % facts
        self._check(answer)
        return _("%(host)s took a file that says that it is a test, for the ticket %(ticket)s.") % facts

    def _sent(self, file: MetadataFile) -> outgoing.Answer:
        answer = self._ask(file)
        if answer.status == HTTPStatus.UNAUTHORIZED and forget_token(self._authentication):
            return self._ask(file)  # a token may be withdrawn before its time
        return answer

    def _ask(self, file: MetadataFile) -> outgoing.Answer:
        headers = {
            "Accept": "application/json",
            "Idempotency-Key": f"{file.facts.id}-{file.revision}",
            "Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(file.content).digest()).decode()}:",
            **self._who_asks(),
        }
        name = PurePosixPath(file.name).name
        with in_words():
            if self._as_form:
                files = {PART: (name, file.content, "application/json")}
                return outgoing.ask(
                    self._method, self._address_for(file), headers=headers, files=files, seconds=SECONDS
                )
            headers["Content-Type"] = "application/json"
            return outgoing.ask(
                self._method, self._address_for(file), headers=headers, content=file.content, seconds=SECONDS
            )

    def _address_for(self, file: MetadataFile) -> str:
        try:
            return address(self._template, file.facts)
        except UnusableValue as why:
            if not file.facts.ticket_id:
                raise StoreRefused(_("The conversation has no ticket in the CRM.")) from None
            raise StoreRefused(str(why)) from None

    def _who_asks(self) -> dict[str, str]:
        try:
            return headers_of(self._authentication) if self._authentication else {}
        except NoToken as why:
            raise (StoreUnreachable if why.may_retry else StoreRefused)(str(why)) from None

    def _check(self, answer: outgoing.Answer) -> None:
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise failure_of(answer.status, answer.headers, host=self._host)
        if answer.headers.get("content-type", "").lower().startswith("text/html"):
            words = _("%(host)s answered with a page for people, and took no file. Check the address.")
            raise StoreRefused(words % {"host": self._host})
