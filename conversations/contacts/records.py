"""A contact is made, changed, found or made, and deleted. Each is one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from conversations.contacts.custom_fields import check_custom_fields
from conversations.contacts.holding import contact_of, held
from conversations.contacts.identifiers import Identifier, Kind, holders, in_free_slots, key_of
from conversations.contacts.late import recognise_waiting
from conversations.models import Association, ContactIdentifier, Conversation, ExternalContact, tell_readers
from conversations.models.conversation_state import ENDED_STATES
from conversations.models.external_contact import MOST_EXTERNAL_IDS


class IdentifierTaken(Exception):
    """Another contact has the identifier already."""

    def __init__(self, identifier: Identifier, contact_id: uuid.UUID) -> None:
        super().__init__(
            _("Another contact has this %(kind)s already. Merge the two, or leave it out here.")
            % {"kind": Kind(identifier.kind).label.lower()}
        )
        self.identifier = identifier
        self.contact_id = contact_id


class ContactMerged(Exception):
    """What is asked for can be done to the contact alone that this one was merged into."""

    def __init__(self, canonical_id: uuid.UUID) -> None:
        super().__init__(_("This contact was merged into contact %(id)s.") % {"id": canonical_id})
        self.canonical_id = canonical_id


@dataclass(frozen=True)
class Details:
    """What is written of a contact: fields of ``ExternalContact`` by name, and its identifiers."""

    fields: dict[str, Any]
    identifiers: Sequence[Identifier] = field(default_factory=tuple)


@transaction.atomic
def create(details: Details, *, now: datetime) -> ExternalContact:
    """Raises ``ValidationError`` by field and ``IdentifierTaken``."""
    contact = ExternalContact(created_at=now, modified_at=now, **details.fields)
    contact.clean()
    check_custom_fields(contact.custom_fields)
    contact.save(force_insert=True)
    _write_identifiers(contact, in_free_slots(details.identifiers), now=now)
    return _saved(contact, now=now)


@transaction.atomic
def create_several(several: Sequence[Details], *, now: datetime) -> None:
    """As ``create``, of details that have been checked. Raises ``IntegrityError`` where an identifier is taken."""
    contacts, rows, given = [], [], []
    for details in several:
        contact = ExternalContact(created_at=now, modified_at=now, **details.fields)
        contact.clean()
        own = in_free_slots(details.identifiers)
        contact.words = contact.told_words(own)
        contacts.append(contact)
        rows += [_row(contact, identifier, now=now) for identifier in own]
        given += own
    ExternalContact.objects.bulk_create(contacts)
    ContactIdentifier.objects.bulk_create(rows)
    recognise_waiting({contact.pk for contact in contacts}, given, now=now)


@transaction.atomic
def change(contact_id: uuid.UUID, details: Details, *, now: datetime, only_add: bool = False) -> ExternalContact:
    """Write the fields that are named. What stands in a slot, and external ids, become those of ``details``; with
    ``only_add`` none is taken away."""
    contact = held(contact_id)
    before = contact.custom_fields
    for name, value in details.fields.items():
        setattr(contact, name, value)
    contact.clean()
    check_custom_fields(contact.custom_fields, before=before)
    rows = list(contact.identifiers.all())
    wanted = {identifier.key for identifier in details.identifiers}
    if not only_add:
        gone = [row for row in rows if (row.slot or row.kind == Kind.EXTERNAL_ID) and key_of(row) not in wanted]
        ContactIdentifier.objects.filter(pk__in=[row.pk for row in gone]).delete()
        rows = [row for row in rows if row not in gone]
    kept = [row.slot for row in rows if key_of(row) not in wanted]
    _write_identifiers(contact, in_free_slots(details.identifiers, kept), now=now)
    return _saved(contact, now=now)


@transaction.atomic
def find_or_create(matching: Sequence[Identifier], details: Details, *, now: datetime) -> tuple[ExternalContact, bool]:
    """The contact that has the first of the identifiers that anybody has; else a new one, which has them all. However
    many ask at once, one is made. Raises ``ValidationError``; ``IdentifierTaken`` about one in ``details`` alone."""
    if not matching:
        raise ValidationError({"matchingIdentifiers": _("Name at least one identifier to look for.")})
    known = {identifier.key for identifier in details.identifiers}
    missing = [identifier for identifier in matching if identifier.key not in known]
    if found := holders(matching):
        return contact_of(found[0]), False
    try:
        return create(Details(details.fields, [*details.identifiers, *missing]), now=now), True
    except IdentifierTaken as taken:
        if taken.identifier.key not in {identifier.key for identifier in matching}:
            raise
        return contact_of(taken.contact_id), False


@transaction.atomic
def claim(contact_id: uuid.UUID, identifier: Identifier, *, now: datetime) -> ExternalContact:
    """Give the contact one more identifier. Raises ``IdentifierTaken``."""
    contact = held(contact_id)
    slots = contact.identifiers.exclude(slot="").values_list("slot", flat=True)
    if identifier.key not in map(key_of, contact.identifiers.all()):
        _write_identifiers(contact, in_free_slots([identifier], list(slots)), now=now)
    return _saved(contact, now=now)


@transaction.atomic
def release(contact_id: uuid.UUID, identifier: Identifier, *, now: datetime) -> bool:
    """Take an identifier off the contact, so that another may have it; whether it had it."""
    contact = held(contact_id)
    kind, source, account, value = identifier.key
    rows = contact.identifiers.filter(kind=kind, source=source, account=account, value=value)
    gone, _by_model = rows.delete()
    _saved(contact, now=now)
    return gone > 0


@transaction.atomic
def delete(contact_id: uuid.UUID, *, now: datetime) -> None:
    """Nothing of it stays but, on timelines, its id: names, identifiers, notes, and the contacts that were merged into
    it go with it; its conversations stay without it. Raises ``ContactMerged``, ``ExternalContact.DoesNotExist``."""
    contact = ExternalContact.objects.select_for_update().get(pk=contact_id)
    if contact.merged_into_id:
        raise ContactMerged(contact.merged_into_id)
    associated = Conversation.objects.filter(association__contact=contact)
    left = list(associated.values_list("pk", "state"))
    Conversation.objects.filter(pk__in=[pk for pk, _state in left]).update(version=F("version") + 1)
    tell_readers(*((pk, now) for pk, state in left if state in ENDED_STATES))
    Association.objects.filter(contact=contact).delete()
    contact.delete()


def index(contact: ExternalContact) -> None:
    """Have searches find it by what it is called now."""
    contact.words = contact.told_words(contact.identifiers.all())


def _saved(contact: ExternalContact, *, now: datetime) -> ExternalContact:
    index(contact)
    contact.modified_at = now
    contact.save()
    return contact


def _write_identifiers(contact: ExternalContact, wanted: Sequence[Identifier], *, now: datetime) -> None:
    """Give it those that it has not, and put those that it has where they belong. Open conversations from an address
    that is its own now may be its."""
    check_each_once(wanted)
    own = {key_of(row): row for row in contact.identifiers.all()}
    ContactIdentifier.objects.filter(
        pk__in=[row.pk for row in own.values()], slot__in=[one.slot for one in wanted]
    ).update(slot="")
    for identifier in wanted:
        if row := own.get(identifier.key):
            row.slot, row.accepts_sms = identifier.slot, identifier.accepts_sms
            row.save()
        else:
            _give(contact, identifier, now=now)
    recognise_waiting({contact.pk}, [identifier for identifier in wanted if identifier.key not in own], now=now)


def check_each_once(wanted: Sequence[Identifier]) -> None:
    """Raises ``ValidationError`` by slot or kind."""
    seen: set[tuple[str, ...]] = set()
    for one in wanted:
        if one.key in seen:
            raise ValidationError({one.slot or one.kind: _("It is there twice. Write it once.")})
        seen.add(one.key)
    if sum(one.kind == Kind.EXTERNAL_ID for one in wanted) > MOST_EXTERNAL_IDS:
        raise ValidationError({"externalIds": _("At most %(most)d external ids.") % {"most": MOST_EXTERNAL_IDS}})


def _give(contact: ExternalContact, identifier: Identifier, *, now: datetime) -> None:
    try:
        with transaction.atomic():
            _row(contact, identifier, now=now).save(force_insert=True)
    except IntegrityError:
        holder = next(iter(holders([identifier])), None)
        if holder is None or holder == contact.pk:
            raise
        raise IdentifierTaken(identifier, holder) from None


def _row(contact: ExternalContact, identifier: Identifier, *, now: datetime) -> ContactIdentifier:
    kind, source, account, value = identifier.key
    return ContactIdentifier(
        contact=contact,
        kind=kind,
        source=source,
        account=account,
        value=value,
        slot=identifier.slot,
        accepts_sms=identifier.accepts_sms,
        created_at=now,
    )
