"""Identifiers of contacts, each written in one way, so that equal ones compare equal."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from channels_cfg.messaging.messaging_channels import PHONE, channel_of
from channels_cfg.prepared import rows
from conversations.models import EMAIL_SLOTS, PHONE_SLOTS, ContactIdentifier
from conversations.storable import storable
from conversations.telephone import e164, e164_of_sender

Kind = ContactIdentifier.IdentifierKind
LONGEST_EMAIL, LONGEST_ID, LONGEST_SOURCE = 256, 255, 100
SLOTS_OF = {Kind.PHONE: PHONE_SLOTS, Kind.EMAIL: EMAIL_SLOTS}


@dataclass(frozen=True)
class Identifier:
    """One of ``ContactIdentifier``, before anybody has it. ``slot`` and ``accepts_sms`` do not tell contacts apart."""

    kind: str
    value: str
    source: str = ""
    account: str = ""
    slot: str = ""
    accepts_sms: bool | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.kind, self.source, self.account, self.value

    def in_slot(self, slot: str) -> Identifier:
        return replace(self, slot=slot)


def identifier_of(row: ContactIdentifier) -> Identifier:
    return Identifier(row.kind, row.value, row.source, row.account, row.slot, row.accepts_sms)


def key_of(row: ContactIdentifier) -> tuple[str, str, str, str]:
    return row.kind, row.source, row.account, row.value


def phone(text: str, country: str = "", **more: bool | None) -> Identifier:
    """Raises ``ValidationError`` where it is no number that can be called from anywhere."""
    number = e164(text, country)
    if not number:
        raise ValidationError(
            _("“%(text)s” is no full telephone number. Write it with + and the country's code, such as +358401234567.")
            % {"text": text[:40]}
        )
    return Identifier(Kind.PHONE, number, **more)  # type: ignore[arg-type]


def email(text: str) -> Identifier:
    """Letter case never tells two mail boxes apart. Raises ``ValidationError``."""
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        address = ""
    if not address or len(address) > LONGEST_EMAIL:
        raise ValidationError(_("“%(text)s” is no e-mail address.") % {"text": text[:40]})
    return Identifier(Kind.EMAIL, address)


def external_id(source: str, value: str) -> Identifier:
    """What another system calls the contact. Raises ``ValidationError``."""
    return Identifier(
        Kind.EXTERNAL_ID,
        _plain(value, LONGEST_ID, _("an external id")),
        source=_plain(source, LONGEST_SOURCE, _("the name of its source")),
    )


def channel_identity(channel: str, value: str, account: str = "") -> Identifier:
    """What a messaging channel calls the customer; a telephone number there is written as everywhere else."""
    value = _plain(value, LONGEST_ID, _("an identity on a channel"))
    if channel_of(channel).customer == PHONE:
        value = e164_of_sender(value) or value
    account = account if channel_of(channel).app_scoped else ""
    return Identifier(Kind.CHANNEL, value, source=channel[:LONGEST_SOURCE], account=account)


def _plain(text: str, longest: int, what: str) -> str:
    text = storable(text).strip()
    if not text or len(text) > longest:
        raise ValidationError(_("Give %(what)s of 1 to %(most)d characters.") % {"what": what, "most": longest})
    return text


def in_free_slots(wanted: Iterable[Identifier], taken: Collection[str] = ()) -> list[Identifier]:
    """Numbers and e-mail addresses that stand nowhere yet, or where something stands, each in a free slot of its kind,
    as long as there are any."""
    used, placed = set(taken), []
    for identifier in wanted:
        slot = identifier.slot if identifier.slot not in used else ""
        if not slot:
            slot = next((str(free) for free in SLOTS_OF.get(Kind(identifier.kind), ()) if free not in used), "")
        used.add(slot)
        placed.append(identifier.in_slot(slot))
    return placed


_HOLDERS = """
    SELECT asked.place, identifier.contact_id
      FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
           AS asked (kind, source, account, value, place)
      JOIN conversations_contactidentifier AS identifier USING (kind, source, account, value)
     ORDER BY asked.place
"""


def holders(identifiers: Sequence[Identifier]) -> list[uuid.UUID]:
    """The contacts that have them, in the order of the identifiers, each once; one query by index."""
    return list(dict.fromkeys(holders_by_key(identifiers).values()))


def holders_by_key(identifiers: Sequence[Identifier]) -> dict[tuple[str, str, str, str], uuid.UUID]:
    """Who has which of them, by their keys."""
    if not identifiers:
        return {}
    columns = [list(column) for column in zip(*(identifier.key for identifier in identifiers), strict=True)]
    found = rows(_HOLDERS, [[str(value) for value in column] for column in columns])
    return {identifiers[place - 1].key: contact_id for place, contact_id in found}
