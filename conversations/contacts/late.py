"""An address that comes late: of an open conversation more becomes known, or a contact gets the identifier afterwards.

It is associated where its identifiers lead to one contact now, as it would have been when it came in. What somebody has
said of it stands: one that was taken off its contact stays without.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from channels_cfg.prepared import rows
from conversations.contacts.associating import OtherContact, associate
from conversations.contacts.identifiers import Identifier
from conversations.contacts.recognising import contacts_of
from conversations.lifecycle.changes import WrongState
from conversations.models import ACTIVE_STATES, Association, Conversation, Event, ExternalContact

AUTOMATIC = Association.How.AUTOMATIC


def recognise_again(conversations: QuerySet[Conversation]) -> None:
    """Look at those that are open and unknown once the caller's transaction is committed: its locks are in the way of
    those of contacts, which come first. Should that be lost, candidates are offered still."""
    taken_off = Event.objects.filter(conversation=OuterRef("pk"), kind=Event.Kind.DISSOCIATED)
    unknown = conversations.active().filter(association=None).exclude(Exists(taken_off))  # type: ignore[attr-defined]
    if pks := list(unknown.values_list("pk", flat=True)):
        transaction.on_commit(partial(_recognise, pks), robust=True)


def _recognise(conversation_ids: Sequence[uuid.UUID]) -> None:
    for pk in conversation_ids:
        for contact_id in _only_contact_of(pk):
            _associate(pk, contact_id, now=timezone.now())


def recognise_waiting(contacts: Collection[uuid.UUID], identifiers: Sequence[Identifier], *, now: datetime) -> None:
    """Associate open conversations from these addresses with the contacts that have them now and that the caller
    holds."""
    addresses = {form for one in identifiers for form in (one.value, one.value.removeprefix("+"))}
    for (pk,) in rows(_OPEN_AT, [sorted(addresses), list(ACTIVE_STATES)]) if addresses else []:
        for contact_id in _only_contact_of(pk):
            if contact_id in contacts:
                _associate(pk, contact_id, now=now)


_OPEN_AT = """
    WITH asked AS (SELECT %s::text[] AS addresses)
    SELECT conversation.id
      FROM asked, conversations_conversation conversation
      LEFT JOIN conversations_externalreference reference ON reference.id = conversation.reference_id
      LEFT JOIN channels_cfg_messagingservice service ON service.id = reference.service_id
     WHERE conversation.state = ANY(%s::varchar[])
       AND NOT EXISTS (SELECT FROM conversations_association WHERE conversation_id = conversation.id)
       AND NOT EXISTS (SELECT FROM conversations_event
                        WHERE conversation_id = conversation.id AND kind = 'dissociated')
       AND (lower(conversation.customer_address) = ANY(asked.addresses)
            OR conversation.customer_address = ANY(asked.addresses)
            OR EXISTS (SELECT
                         FROM conversations_contact contact
                         JOIN channels_cfg_messagingservice holder ON holder.id = contact.service_id
                        WHERE contact.external_id = reference.contact_external_id
                          AND holder.project_id = service.project_id
                          AND (lower(contact.email) = ANY(asked.addresses)
                               OR EXISTS (SELECT FROM jsonb_array_elements(contact.identities) one
                                           WHERE one ->> 'identity' = ANY(asked.addresses)))))
     ORDER BY conversation.id
"""


def _only_contact_of(conversation_id: uuid.UUID) -> list[uuid.UUID]:
    """The one contact that its identifiers lead to; none where they lead to several, or nowhere."""
    conversation = Conversation.objects.select_related("reference__service").filter(pk=conversation_id).first()
    found = contacts_of(conversation) if conversation else []
    return found if len(found) == 1 else []


def _associate(conversation_id: uuid.UUID, contact_id: uuid.UUID, *, now: datetime) -> None:
    """Unless it has ended meanwhile, or somebody has said who it is."""
    with suppress(WrongState, OtherContact, ExternalContact.DoesNotExist):
        associate(conversation_id, contact_id, how=AUTOMATIC, by=None, now=now, replace=False)
