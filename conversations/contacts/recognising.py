"""Who is it? A conversation that comes in is associated by itself where its customer's identifiers lead to one contact;
otherwise an agent is offered candidates."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress

from django.core.exceptions import ValidationError

from channels_cfg.models import WEB_CHAT, AttachedKey
from channels_cfg.prepared import rows
from conversations.contacts.associating import messaging_contact_of
from conversations.contacts.identifiers import Identifier, Kind, channel_identity, email, holders
from conversations.contacts.searching import called
from conversations.lifecycle.changes import tell
from conversations.lifecycle.news import Happened
from conversations.models import Association, Conversation, Event, ExternalContact, LiveDatum
from conversations.telephone import e164_of_sender

MOST_CANDIDATES = 10


def recognise(news: Sequence[Happened]) -> None:
    """Associate what has just come in; a follower of ``lifecycle.news``. One query where nobody is known by it."""
    for one in news:
        if _has_come_in(one) and (known := _known(one.conversation)):
            _associate(one, known)


def _has_come_in(one: Happened) -> bool:
    """A web chat says who its visitor is only after it was received, before it is queued first."""
    if one.conversation.is_web_chat:
        return one.kind == Event.Kind.QUEUED and one.at == one.conversation.queued_at
    return one.kind == Event.Kind.RECEIVED


_HOLD = "SELECT id FROM conversations_externalcontact WHERE id = %s AND merged_into_id IS NULL FOR KEY SHARE"


def _known(conversation: Conversation) -> uuid.UUID | None:
    """The one contact that the identifiers lead to, which nobody merges or deletes until the transaction ends."""
    for _attempt in range(3):  # one that was merged while we waited: its identifiers have moved
        found = contacts_of(conversation)
        if len(found) != 1:
            return None
        if rows(_HOLD, found):
            return found[0]
    return None


def _associate(one: Happened, contact_id: uuid.UUID) -> None:
    how = Association.How.AUTOMATIC
    made = Association(conversation_id=one.conversation.pk, contact_id=contact_id, how=how, at=one.at)
    Association.objects.bulk_create([made], ignore_conflicts=True)
    messaging_contact_of(one.conversation).filter(external_contact=None).update(external_contact=contact_id)
    tell(one.conversation, Event.Kind.ASSOCIATED, at=one.at, contact=str(contact_id), how=how.value)


def contacts_of(conversation: Conversation) -> list[uuid.UUID]:
    """Ids of the contacts that the customer's identifiers lead to. Where somebody said before who writes there, that
    counts alone."""
    identity = messaging_contact_of(conversation).first()
    if identity and identity.external_contact_id:
        return [identity.external_contact_id]
    told = (
        [("", identity.email)] + [(one["channel"], one["identity"]) for one in identity.identities] if identity else []
    )
    return holders(identifiers_of(conversation, told))


def identifiers_of(conversation: Conversation, told: Sequence[tuple[str, str]] = ()) -> list[Identifier]:
    """What the conversation's address, and what else was told of its customer as (channel, address), may identify."""
    reference = conversation.reference
    account = reference.service.app_id if reference and reference.service else ""
    addresses = [(conversation.messaging_channel, conversation.customer_address), *told]
    found: list[Identifier] = []
    for channel, address in addresses:
        found += _identifiers(channel, address, account)
    return list({identifier.key: identifier for identifier in found}.values())


def _identifiers(channel: str, address: str, account: str) -> list[Identifier]:
    if not address:
        return []
    found = []
    if number := e164_of_sender(address):
        found.append(Identifier(Kind.PHONE, number))
    with suppress(ValidationError):
        if "@" in address:
            found.append(email(address))
    with suppress(ValidationError):
        if channel and channel != WEB_CHAT:
            found.append(channel_identity(channel, address, account))
    return found


def candidates(conversation: Conversation) -> list[ExternalContact]:
    """Whom the customer may be: those whom an identifier leads to, then those who have a number or e-mail address that
    was attached, which may be of somebody else, then those who are called so."""
    by_identifier = [*contacts_of(conversation), *holders(_attached_identifiers(conversation))]
    named = called(conversation.customer_name).by_name().values_list("pk", flat=True)[:MOST_CANDIDATES]
    ids = list(dict.fromkeys([*by_identifier, *named]))[:MOST_CANDIDATES]
    found = ExternalContact.objects.filter(pk__in=ids).prefetch_related("identifiers").in_bulk()
    return [found[pk] for pk in ids if pk in found]


def _attached_identifiers(conversation: Conversation) -> list[Identifier]:
    """Of values that the catalogue calls telephone numbers and e-mail addresses."""
    kinds = (AttachedKey.Kind.PHONE, AttachedKey.Kind.EMAIL)
    keys = AttachedKey.objects.filter(kind__in=kinds).values("name")
    values = LiveDatum.objects.filter(conversation=conversation, key__in=keys).values_list("value", flat=True)
    return [identifier for value in values for identifier in _identifiers("", str(value), "")]
