"""Several contacts become one. Merges wait for one another, so that each finds what the one before it left."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from conversations.contacts.associating import MAY_CHANGE
from conversations.contacts.custom_fields import check_custom_fields
from conversations.contacts.identifiers import identifier_of, in_free_slots
from conversations.contacts.late import recognise_waiting
from conversations.contacts.records import index
from conversations.models import Association, Contact, ContactIdentifier, ContactNote, Conversation, ExternalContact

MOST = 25
_MERGES = 0x6B656571  # our own among advisory locks
_TAKEN_OVER = (*ExternalContact.NAMES, "external_system_url")


@transaction.atomic
def merge(
    contact_ids: Sequence[uuid.UUID], *, now: datetime, overrides: Mapping[str, Any] | None = None
) -> ExternalContact:
    """The first of the contacts, with all that the others had; their ids lead to it for ever.

    Of values that differ the one of the contact that was changed last counts, unless ``overrides`` names it. Merged
    before, nothing changes. Raises ``ValidationError``, and ``ExternalContact.DoesNotExist`` with the id that is none.
    """
    if not 2 <= len(set(contact_ids)) <= MOST:
        raise ValidationError({"contactIds": _("Name 2 to %(most)d different contacts.") % {"most": MOST}})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MERGES])
    contacts = _held(contact_ids)
    survivor, others = contacts[0], contacts[1:]
    _take_values(survivor, contacts, overrides or {})
    if others:
        _take_rows(survivor, others, now=now)
    survivor.clean()
    index(survivor)
    survivor.modified_at = now
    survivor.save()
    recognise_waiting({survivor.pk}, [identifier_of(row) for row in survivor.identifiers.all()], now=now)
    return survivor


def _held(contact_ids: Sequence[uuid.UUID]) -> list[ExternalContact]:
    """Those that the ids lead to now, in their order, each once and locked."""
    leads_to = dict(ExternalContact.objects.filter(pk__in=contact_ids).values_list("pk", "merged_into"))
    for contact_id in contact_ids:
        if contact_id not in leads_to:
            raise ExternalContact.DoesNotExist(str(contact_id))
    canonical = list(dict.fromkeys(leads_to[contact_id] or contact_id for contact_id in contact_ids))
    locked = ExternalContact.objects.select_for_update().filter(pk__in=canonical).order_by("pk").in_bulk()
    for contact_id in canonical:
        if contact_id not in locked:  # deleted while we waited
            raise ExternalContact.DoesNotExist(str(contact_id))
    return [locked[contact_id] for contact_id in canonical]


def _take_values(survivor: ExternalContact, contacts: Sequence[ExternalContact], overrides: Mapping[str, Any]) -> None:
    oldest_first = sorted(contacts, key=lambda contact: contact.modified_at)
    for name in _TAKEN_OVER:
        setattr(survivor, name, next((text for one in reversed(oldest_first) if (text := getattr(one, name))), ""))
    survivor.address = next((one.address for one in reversed(oldest_first) if one.address), {})
    survivor.custom_fields = {name: value for one in oldest_first for name, value in one.custom_fields.items()}
    survivor.survey_opt_out = any(one.survey_opt_out for one in contacts)
    survivor.created_at = min(one.created_at for one in contacts)
    before = survivor.custom_fields
    for name, value in overrides.items():
        setattr(survivor, name, value)
    check_custom_fields(survivor.custom_fields, before=before)


def _take_rows(survivor: ExternalContact, others: Sequence[ExternalContact], *, now: datetime) -> None:
    ids = [one.pk for one in others]
    _take_identifiers(survivor, ids)
    ContactNote.objects.filter(contact__in=ids).update(contact=survivor)
    Contact.objects.filter(external_contact__in=ids).update(external_contact=survivor)
    on_desks = Conversation.objects.filter(association__contact__in=ids, state__in=MAY_CHANGE)
    on_desks.update(version=F("version") + 1)
    Association.objects.filter(contact__in=ids).update(contact=survivor)
    ExternalContact.objects.filter(merged_into__in=ids).update(merged_into=survivor)
    ExternalContact.objects.filter(pk__in=ids).update(merged_into=survivor, merged_at=now)


def _take_identifiers(survivor: ExternalContact, ids: Sequence[uuid.UUID]) -> None:
    """What stood where the survivor has something moves to a free slot of its kind, or stands nowhere."""
    rows = list(ContactIdentifier.objects.filter(contact__in=ids).order_by("pk"))
    taken = set(survivor.identifiers.exclude(slot="").values_list("slot", flat=True))
    placed = in_free_slots([identifier_of(row) for row in rows], taken)
    for row, identifier in zip(rows, placed, strict=True):
        row.contact, row.slot = survivor, identifier.slot
        row.save(update_fields=["contact", "slot"])
