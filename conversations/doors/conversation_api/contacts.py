"""Contacts: where a customer's name comes from.

Contacts belong to a project. Where several services share one, its first service holds them, whichever service the
news came to. The newest news of a contact counts, and one that was deleted stays deleted.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from channels_cfg.models import MessagingService
from conversations.contacts.late import recognise_again
from conversations.doors.conversation_api import payloads
from conversations.doors.conversation_api.callback import APPLIED, IGNORED, Callback
from conversations.models import ENDED_STATES, Contact, Conversation, InboundDelivery, tell_readers

NO_NAMES = {"", "unknown"}
"""What the Conversation API writes where it knows no name, in lower case."""

_CONTACTS_OF_A_PROJECT = 0x6B656570  # our own among advisory locks
_FIELDS = ["display_name", "email", "language", "identities"]


# Names


def name_of(service: MessagingService, contact_id: str) -> str:
    """What the contact is called, or the one it was merged into; empty where nobody said."""
    seen: set[str] = set()
    while contact_id and contact_id not in seen:
        seen.add(contact_id)
        contact = Contact.objects.filter(service=_holder(service), external_id=contact_id).first()
        if contact is None or not contact.merged_into:
            return contact.display_name if contact else ""
        contact_id = contact.merged_into
    return ""


def call_conversations(conversations: QuerySet[Conversation], name: str) -> None:
    """Give them the customer's name; what has been reported already is reported again."""
    renamed = list(conversations.exclude(customer_name=name).values_list("pk", "state", "received_at"))
    Conversation.objects.filter(pk__in=[pk for pk, _, _ in renamed]).update(
        customer_name=name, version=F("version") + 1
    )
    tell_readers(*((pk, received_at) for pk, state, received_at in renamed if state in ENDED_STATES))


def hold_still(service: MessagingService) -> None:
    """Let no contact of the project change until the transaction ends: a new conversation takes its name from one."""
    _lock("pg_advisory_xact_lock_shared", service)


def _hold(service: MessagingService) -> None:
    _lock("pg_advisory_xact_lock", service)


def _lock(function: str, service: MessagingService) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [_CONTACTS_OF_A_PROJECT, service.project_id])


def _holder(service: MessagingService) -> MessagingService:
    return MessagingService.objects.filter(project_id=service.project_id).order_by("pk")[0]


# News


def change(callback: Callback) -> InboundDelivery.State:
    """A contact was created or changed."""
    return _apply(callback, changed=payloads.part(callback.news, "contact"))


def delete(callback: Callback) -> InboundDelivery.State:
    """A contact was deleted: its row stays, empty."""
    return _apply(callback, deleted=payloads.part(callback.news, "contact"))


def merge(callback: Callback) -> InboundDelivery.State:
    """Two contacts became one."""
    return _apply(
        callback,
        changed=payloads.part(callback.news, "preserved_contact"),
        deleted=payloads.part(callback.news, "deleted_contact"),
    )


def _apply(
    callback: Callback, *, changed: dict[str, Any] | None = None, deleted: dict[str, Any] | None = None
) -> InboundDelivery.State:
    at = callback.happened_at()
    kept_id = payloads.external_id(changed, "id")
    deleted_id = payloads.external_id(deleted, "id")
    callback.note_ignored_metadata((changed or {}).get("metadata"), (deleted or {}).get("metadata"))
    if not kept_id and not deleted_id:
        callback.note(_("It names no contact."))
        return IGNORED

    _hold(callback.service)
    if kept_id:
        _keep_newest(_contact(callback.service, kept_id, at), _snapshot(changed or {}, at))
    if deleted_id:
        _bury(_contact(callback.service, deleted_id, at), at=at, merged_into=kept_id)
    for contact_id in filter(None, (deleted_id, kept_id)):
        conversations = _conversations_of(callback.service, contact_id)
        call_conversations(conversations, name_of(callback.service, contact_id))
        recognise_again(conversations)
    return APPLIED


def _contact(service: MessagingService, external_id: str, at: datetime) -> Contact:
    contact, _made = Contact.objects.get_or_create(
        service=_holder(service), external_id=external_id, defaults={"changed_at": at}
    )
    return contact


def _snapshot(told: dict[str, Any], at: datetime) -> dict[str, Any]:
    display_name = payloads.text(told, "display_name")
    identities = told.get("channel_identities")
    return {
        "changed_at": at,
        "display_name": "" if display_name.strip().lower() in NO_NAMES else display_name[:200],
        "email": payloads.text(told, "email")[:320],
        "language": payloads.name(told, "language", longest=20),
        "identities": [
            {field: payloads.text(identity, field) for field in ("channel", "identity", "app_id")}
            for identity in (identities if isinstance(identities, list) else [])
        ],
    }


def _keep_newest(contact: Contact, told: dict[str, Any]) -> None:
    """Of news at the same moment the greater in writing counts, so that the order of arrival never decides."""
    known = {field: getattr(contact, field) for field in told}
    if contact.deleted_at:
        contact.changed_at = max(contact.changed_at, told["changed_at"])
    elif _in_writing(told) >= _in_writing(known):
        for field, value in told.items():
            setattr(contact, field, value)
    contact.save()


def _in_writing(facts: dict[str, Any]) -> tuple[datetime, str]:
    return facts["changed_at"], json.dumps([facts[field] for field in _FIELDS], sort_keys=True)


def _bury(contact: Contact, *, at: datetime, merged_into: str) -> None:
    contact.display_name = contact.email = contact.language = ""
    contact.identities = []
    contact.deleted_at = min(contact.deleted_at or at, at)
    contact.changed_at = max(contact.changed_at, at)
    contact.merged_into = max(contact.merged_into, merged_into)
    preserved = Contact.objects.filter(service=contact.service, external_id=contact.merged_into, external_contact=None)
    preserved.update(external_contact=contact.external_contact_id)  # who was known by the one is known by the other
    contact.external_contact = None
    contact.save()


def _conversations_of(service: MessagingService, contact_id: str) -> QuerySet[Conversation]:
    """Those of the contact, and of those that were merged into it."""
    known_as = {contact_id}
    while merged := set(
        Contact.objects.filter(service=_holder(service), merged_into__in=known_as)
        .exclude(external_id__in=known_as)
        .values_list("external_id", flat=True)
    ):
        known_as |= merged
    return Conversation.objects.filter(
        reference__service__project_id=service.project_id, reference__contact_external_id__in=known_as
    )
